/* simd_scalar.h - the primitives in plain C, one lane. For any CPU, and as the reference. */
#include <math.h>

#define LANES 1
#define REGISTERS 16
typedef float vf;

W2V_INLINE vf v_load(const float *p) { return *p; }
W2V_INLINE void v_store(float *p, vf a) { *p = a; }
W2V_INLINE vf v_set1(float a) { return a; }
W2V_INLINE vf v_add(vf a, vf b) { return a + b; }
W2V_INLINE vf v_sub(vf a, vf b) { return a - b; }
W2V_INLINE vf v_mul(vf a, vf b) { return a * b; }
W2V_INLINE vf v_div(vf a, vf b) { return a / b; }
W2V_INLINE vf v_fma(vf a, vf b, vf c) { return a * b + c; } /* a * b + c */
W2V_INLINE vf v_abs(vf a) { return fabsf(a); }
/* Of a NaN and a number, v_min and v_max return their second argument, as x86 does. */
W2V_INLINE vf v_min(vf a, vf b) { return a < b ? a : b; }
W2V_INLINE vf v_max(vf a, vf b) { return a > b ? a : b; }
/* Of numbers of at least 0 and NaN: NaN if either is. */
W2V_INLINE vf v_max_or_nan(vf a, vf b) { return a > b || a != a ? a : b; }
/* positive where s >= 0, else negative. */
W2V_INLINE vf v_by_sign(vf s, vf positive, vf negative) { return s < 0 ? negative : positive; }

/* The first n floats at p, 1 <= n <= LANES, and zeros. Reads no more. */
W2V_INLINE vf v_load_first(const float *p, int n) { return n == 1 ? *p : 0.0f; }

/* 2^k, where the low bits of float `k_shifted` hold the integer k (see activate). */
W2V_INLINE vf v_exp2_shifted(vf k_shifted)
{
    uint32_t bits;
    memcpy(&bits, &k_shifted, 4);
    bits = (bits << 23) + 0x3F800000u;
    float power;
    memcpy(&power, &bits, 4);
    return power;
}

/* The lanes of a[j] summed: lane j. */
W2V_INLINE vf v_sums(const vf a[1]) { return a[0]; }

W2V_INLINE float v_sum(vf a) { return a; }
