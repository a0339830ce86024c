/* simd_neon.h - the primitives for aarch64 (Advanced SIMD), four lanes. */
#include <arm_neon.h>

#define LANES 4
#define TILE 6
typedef float32x4_t vf;

W2V_INLINE vf v_load(const float *p) { return vld1q_f32(p); }
W2V_INLINE void v_store(float *p, vf a) { vst1q_f32(p, a); }
W2V_INLINE vf v_set1(float a) { return vdupq_n_f32(a); }
W2V_INLINE vf v_add(vf a, vf b) { return vaddq_f32(a, b); }
W2V_INLINE vf v_sub(vf a, vf b) { return vsubq_f32(a, b); }
W2V_INLINE vf v_mul(vf a, vf b) { return vmulq_f32(a, b); }
W2V_INLINE vf v_div(vf a, vf b) { return vdivq_f32(a, b); }
W2V_INLINE vf v_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
W2V_INLINE vf v_fnma(vf a, vf b, vf c) { return vfmsq_f32(c, a, b); }
W2V_INLINE vf v_abs(vf a) { return vabsq_f32(a); }
W2V_INLINE vf v_min(vf a, vf b) { return vminq_f32(a, b); } /* NaN if either is */
W2V_INLINE vf v_max(vf a, vf b) { return vmaxq_f32(a, b); }
W2V_INLINE vf v_by_sign(vf s, vf positive, vf negative)
{
    return vbslq_f32(vcltzq_f32(s), negative, positive);
}

W2V_INLINE vf v_exp2_shifted(vf k_shifted)
{
    const uint32x4_t bits = vshlq_n_u32(vreinterpretq_u32_f32(k_shifted), 23);
    return vreinterpretq_f32_u32(vaddq_u32(bits, vdupq_n_u32(0x3F800000u)));
}

W2V_INLINE void v_sums8(float *dst, const vf a[8])
{
    v_store(dst, vpaddq_f32(vpaddq_f32(a[0], a[1]), vpaddq_f32(a[2], a[3])));
    v_store(dst + 4, vpaddq_f32(vpaddq_f32(a[4], a[5]), vpaddq_f32(a[6], a[7])));
}

W2V_INLINE float v_sum(vf a) { return vaddvq_f32(a); }
