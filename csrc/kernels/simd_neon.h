/* simd_neon.h - the primitives for aarch64 (Advanced SIMD), four lanes. */
#include <arm_neon.h>

#define LANES 4
#define REGISTERS 32
typedef float32x4_t vfloat;

W2V_INLINE vfloat v_load(const float *p) { return vld1q_f32(p); }
W2V_INLINE void v_store(float *p, vfloat a) { vst1q_f32(p, a); }
W2V_INLINE vfloat v_set1(float a) { return vdupq_n_f32(a); }
W2V_INLINE vfloat v_add(vfloat a, vfloat b) { return vaddq_f32(a, b); }
W2V_INLINE vfloat v_sub(vfloat a, vfloat b) { return vsubq_f32(a, b); }
W2V_INLINE vfloat v_mul(vfloat a, vfloat b) { return vmulq_f32(a, b); }
W2V_INLINE vfloat v_div(vfloat a, vfloat b) { return vdivq_f32(a, b); }
W2V_INLINE vfloat v_fma(vfloat a, vfloat b, vfloat c) { return vfmaq_f32(c, a, b); }
W2V_INLINE vfloat v_abs(vfloat a) { return vabsq_f32(a); }
W2V_INLINE vfloat v_min(vfloat a, vfloat b) { return vminq_f32(a, b); } /* NaN if either is */
W2V_INLINE vfloat v_max(vfloat a, vfloat b) { return vmaxq_f32(a, b); }
W2V_INLINE vfloat v_max_propagate_nan(vfloat a, vfloat b) { return vmaxq_f32(a, b); }
W2V_INLINE vfloat v_select_by_sign(vfloat s, vfloat positive, vfloat negative)
{
    return vbslq_f32(vcltzq_f32(s), negative, positive);
}

W2V_INLINE vfloat v_load_partial(const float *p, int n)
{
    if (n == 4)
        return v_load(p);
    vfloat a = vld1q_lane_f32(p, v_set1(0.0f), 0);
    a = n > 1 ? vld1q_lane_f32(p + 1, a, 1) : a;
    return n > 2 ? vld1q_lane_f32(p + 2, a, 2) : a;
}

W2V_INLINE vfloat v_exp2_shifted(vfloat k_shifted)
{
    const uint32x4_t bits = vshlq_n_u32(vreinterpretq_u32_f32(k_shifted), 23);
    return vreinterpretq_f32_u32(vaddq_u32(bits, vdupq_n_u32(0x3F800000u)));
}

W2V_INLINE vfloat v_reduce_add_each(const vfloat a[4])
{
    return vpaddq_f32(vpaddq_f32(a[0], a[1]), vpaddq_f32(a[2], a[3]));
}

W2V_INLINE float v_reduce_add(vfloat a) { return vaddvq_f32(a); }
