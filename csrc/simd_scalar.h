/* simd_scalar.h - the primitives in plain C, one lane. For any CPU, and as the reference. */
#include <math.h>

#define LANES 1
#define TILE 6
typedef float vf;

W2V_INLINE vf v_load(const float *p) { return *p; }
W2V_INLINE void v_store(float *p, vf a) { *p = a; }
W2V_INLINE vf v_set1(float a) { return a; }
W2V_INLINE vf v_add(vf a, vf b) { return a + b; }
W2V_INLINE vf v_sub(vf a, vf b) { return a - b; }
W2V_INLINE vf v_mul(vf a, vf b) { return a * b; }
W2V_INLINE vf v_div(vf a, vf b) { return a / b; }
W2V_INLINE vf v_fma(vf a, vf b, vf c) { return a * b + c; } /* a * b + c */
W2V_INLINE vf v_fnma(vf a, vf b, vf c) { return c - a * b; } /* c - a * b */
W2V_INLINE vf v_abs(vf a) { return fabsf(a); }
/* Of a NaN and a number, v_min and v_max return their second argument, as x86 does. */
W2V_INLINE vf v_min(vf a, vf b) { return a < b ? a : b; }
W2V_INLINE vf v_max(vf a, vf b) { return a > b ? a : b; }
/* positive where s >= 0, else negative. */
W2V_INLINE vf v_by_sign(vf s, vf positive, vf negative) { return s < 0 ? negative : positive; }

/* 2^k, where the low bits of float `k_shifted` hold the integer k (see w2v_activation). */
W2V_INLINE vf v_exp2_shifted(vf k_shifted)
{
    uint32_t bits;
    memcpy(&bits, &k_shifted, 4);
    bits = (bits << 23) + 0x3F800000u;
    float power;
    memcpy(&power, &bits, 4);
    return power;
}

/* dst[j] = sum of the lanes of a[j]. */
W2V_INLINE void v_sums8(float *dst, const vf a[8])
{
    W2V_UNROLL
    for (int j = 0; j < 8; j++)
        dst[j] = a[j];
}

W2V_INLINE float v_sum(vf a) { return a; }
