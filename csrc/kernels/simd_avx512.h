/* simd_avx512.h - the primitives for AVX-512 F and DQ, sixteen lanes. */
#include <immintrin.h>

#define LANES 16
#define REGISTERS 32
typedef __m512 vfloat;

W2V_INLINE vfloat v_load(const float *p) { return _mm512_loadu_ps(p); }
W2V_INLINE void v_store(float *p, vfloat a) { _mm512_storeu_ps(p, a); }
W2V_INLINE vfloat v_set1(float a) { return _mm512_set1_ps(a); }
W2V_INLINE vfloat v_add(vfloat a, vfloat b) { return _mm512_add_ps(a, b); }
W2V_INLINE vfloat v_sub(vfloat a, vfloat b) { return _mm512_sub_ps(a, b); }
W2V_INLINE vfloat v_mul(vfloat a, vfloat b) { return _mm512_mul_ps(a, b); }
W2V_INLINE vfloat v_div(vfloat a, vfloat b) { return _mm512_div_ps(a, b); }
W2V_INLINE vfloat v_fma(vfloat a, vfloat b, vfloat c) { return _mm512_fmadd_ps(a, b, c); }
W2V_INLINE vfloat v_abs(vfloat a) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), a); }
W2V_INLINE vfloat v_min(vfloat a, vfloat b) { return _mm512_min_ps(a, b); }
W2V_INLINE vfloat v_max(vfloat a, vfloat b) { return _mm512_max_ps(a, b); }
/* As integers: NaN's bits are above those of every number. */
W2V_INLINE vfloat v_max_propagate_nan(vfloat a, vfloat b)
{
    return _mm512_castsi512_ps(_mm512_max_epi32(_mm512_castps_si512(a), _mm512_castps_si512(b)));
}
W2V_INLINE vfloat v_select_by_sign(vfloat s, vfloat positive, vfloat negative)
{
    return _mm512_mask_mov_ps(positive, _mm512_movepi32_mask(_mm512_castps_si512(s)), negative);
}

W2V_INLINE vfloat v_load_partial(const float *p, int n)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}

W2V_INLINE vfloat v_exp2_shifted(vfloat k_shifted)
{
    const __m512i bits = _mm512_slli_epi32(_mm512_castps_si512(k_shifted), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(bits, _mm512_set1_epi32(0x3F800000)));
}

/* Reduces two vectors to the sums of their 256-bit halves: [a | b]. */
W2V_INLINE vfloat v_fold2(vfloat a, vfloat b)
{
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xEE));
}

/* Reduces [a | b] and [c | d], in halves, to the sums of their quarters: [a | b | c | d]. */
W2V_INLINE vfloat v_quarters(vfloat ab, vfloat cd)
{
    return _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xDD));
}

/* Reduces four vectors to the sums of each of their 128-bit quarters. */
W2V_INLINE vfloat v_quarters4(vfloat a, vfloat b, vfloat c, vfloat d)
{
    const vfloat ac = _mm512_add_ps(_mm512_unpacklo_ps(a, c), _mm512_unpackhi_ps(a, c));
    const vfloat bd = _mm512_add_ps(_mm512_unpacklo_ps(b, d), _mm512_unpackhi_ps(b, d));
    return _mm512_add_ps(_mm512_unpacklo_ps(ac, bd), _mm512_unpackhi_ps(ac, bd));
}

/* One tree of additions and shuffles for all sixteen. */
W2V_INLINE vfloat v_reduce_add_each(const vfloat a[16])
{
    vfloat q[4];
    W2V_UNROLL
    for (int j = 0; j < 4; j++)
        q[j] = v_quarters(v_fold2(a[j], a[j + 4]), v_fold2(a[j + 8], a[j + 12]));
    return v_quarters4(q[0], q[1], q[2], q[3]);
}

W2V_INLINE float v_reduce_add(vfloat a) { return _mm512_reduce_add_ps(a); }
