/* simd_scalar.h - the primitives in plain C, one lane: for any CPU, and the reference. */
#include <math.h>

#define LANES 1
#define REGISTERS 16
typedef float vfloat;

W2V_INLINE vfloat v_load(const float *p) { return *p; }
W2V_INLINE void v_store(float *p, vfloat a) { *p = a; }
W2V_INLINE vfloat v_set1(float a) { return a; }
W2V_INLINE vfloat v_add(vfloat a, vfloat b) { return a + b; }
W2V_INLINE vfloat v_sub(vfloat a, vfloat b) { return a - b; }
W2V_INLINE vfloat v_mul(vfloat a, vfloat b) { return a * b; }
W2V_INLINE vfloat v_div(vfloat a, vfloat b) { return a / b; }
W2V_INLINE vfloat v_fma(vfloat a, vfloat b, vfloat c) { return a * b + c; } /* a * b + c */
W2V_INLINE vfloat v_abs(vfloat a) { return fabsf(a); }
/* Of a NaN and a number, v_min and v_max return their second argument, as x86 does. */
W2V_INLINE vfloat v_min(vfloat a, vfloat b) { return a < b ? a : b; }
W2V_INLINE vfloat v_max(vfloat a, vfloat b) { return a > b ? a : b; }
/* The larger of two numbers >= 0, or NaN if either is NaN. */
W2V_INLINE vfloat v_max_propagate_nan(vfloat a, vfloat b) { return a > b || a != a ? a : b; }
/* positive where s >= 0, else negative. */
W2V_INLINE vfloat v_select_by_sign(vfloat s, vfloat positive, vfloat negative)
{
    return s < 0 ? negative : positive;
}

/* Loads the first n floats at p, 1 <= n <= LANES, and fills up with zeros. Reads nothing past them. */
W2V_INLINE vfloat v_load_partial(const float *p, int n) { return n == 1 ? *p : 0.0f; }

/* 2^k, where the low bits of float `k_shifted` hold the integer k (see sigmoid_gradients_and_loss). */
W2V_INLINE vfloat v_exp2_shifted(vfloat k_shifted)
{
    uint32_t bits;
    memcpy(&bits, &k_shifted, 4);
    bits = (bits << 23) + 0x3F800000u;
    float power;
    memcpy(&power, &bits, 4);
    return power;
}

/* Lane j is the sum of the lanes of a[j]. */
W2V_INLINE vfloat v_reduce_add_each(const vfloat a[1]) { return a[0]; }

W2V_INLINE float v_reduce_add(vfloat a) { return a; }
