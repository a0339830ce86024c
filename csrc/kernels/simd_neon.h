/* simd_neon.h - the primitives for aarch64 (Advanced SIMD), four lanes. */
#include <arm_neon.h>

#define LANES 4
#define REGISTERS 32
typedef float32x4_t vf;

W2V_INLINE vf v_load(const float *p) { return vld1q_f32(p); }
W2V_INLINE void v_store(float *p, vf a) { vst1q_f32(p, a); }
W2V_INLINE vf v_set1(float a) { return vdupq_n_f32(a); }
W2V_INLINE vf v_add(vf a, vf b) { return vaddq_f32(a, b); }
W2V_INLINE vf v_sub(vf a, vf b) { return vsubq_f32(a, b); }
W2V_INLINE vf v_mul(vf a, vf b) { return vmulq_f32(a, b); }
W2V_INLINE vf v_div(vf a, vf b) { return vdivq_f32(a, b); }
W2V_INLINE vf v_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
W2V_INLINE vf v_abs(vf a) { return vabsq_f32(a); }
W2V_INLINE vf v_min(vf a, vf b) { return vminq_f32(a, b); } /* NaN if either is */
W2V_INLINE vf v_max(vf a, vf b) { return vmaxq_f32(a, b); }
W2V_INLINE vf v_max_or_nan(vf a, vf b) { return vmaxq_f32(a, b); }
W2V_INLINE vf v_by_sign(vf s, vf positive, vf negative)
{
    return vbslq_f32(vcltzq_f32(s), negative, positive);
}

W2V_INLINE vf v_load_first(const float *p, int n)
{
    if (n == 4)
        return v_load(p);
    vf a = vld1q_lane_f32(p, v_set1(0.0f), 0);
    a = n > 1 ? vld1q_lane_f32(p + 1, a, 1) : a;
    return n > 2 ? vld1q_lane_f32(p + 2, a, 2) : a;
}

W2V_INLINE vf v_exp2_shifted(vf k_shifted)
{
    const uint32x4_t bits = vshlq_n_u32(vreinterpretq_u32_f32(k_shifted), 23);
    return vreinterpretq_f32_u32(vaddq_u32(bits, vdupq_n_u32(0x3F800000u)));
}

W2V_INLINE vf v_sums(const vf a[4])
{
    return vpaddq_f32(vpaddq_f32(a[0], a[1]), vpaddq_f32(a[2], a[3]));
}

W2V_INLINE float v_sum(vf a) { return vaddvq_f32(a); }
