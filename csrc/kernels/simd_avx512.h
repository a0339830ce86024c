/* simd_avx512.h - the primitives for AVX-512 F and DQ, sixteen lanes. */
#include <immintrin.h>

#define LANES 16
#define REGISTERS 32
typedef __m512 vf;

W2V_INLINE vf v_load(const float *p) { return _mm512_loadu_ps(p); }
W2V_INLINE void v_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
W2V_INLINE vf v_set1(float a) { return _mm512_set1_ps(a); }
W2V_INLINE vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
W2V_INLINE vf v_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
W2V_INLINE vf v_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
W2V_INLINE vf v_div(vf a, vf b) { return _mm512_div_ps(a, b); }
W2V_INLINE vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
W2V_INLINE vf v_abs(vf a) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), a); }
W2V_INLINE vf v_min(vf a, vf b) { return _mm512_min_ps(a, b); }
W2V_INLINE vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); }
/* As integers: NaN's bits are above those of every number. */
W2V_INLINE vf v_max_or_nan(vf a, vf b)
{
    return _mm512_castsi512_ps(_mm512_max_epi32(_mm512_castps_si512(a), _mm512_castps_si512(b)));
}
W2V_INLINE vf v_by_sign(vf s, vf positive, vf negative)
{
    return _mm512_mask_mov_ps(positive, _mm512_movepi32_mask(_mm512_castps_si512(s)), negative);
}

W2V_INLINE vf v_load_first(const float *p, int n)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}

W2V_INLINE vf v_exp2_shifted(vf k_shifted)
{
    const __m512i bits = _mm512_slli_epi32(_mm512_castps_si512(k_shifted), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(bits, _mm512_set1_epi32(0x3F800000)));
}

/* Two vectors to the sums of their 256-bit halves: [a | b]. */
W2V_INLINE vf v_fold2(vf a, vf b)
{
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xEE));
}

/* [a | b] and [c | d] in halves to the sums of their quarters: [a | b | c | d]. */
W2V_INLINE vf v_quarters(vf ab, vf cd)
{
    return _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xDD));
}

/* Four vectors to the sums of each of their 128-bit quarters. */
W2V_INLINE vf v_quarters4(vf a, vf b, vf c, vf d)
{
    const vf ac = _mm512_add_ps(_mm512_unpacklo_ps(a, c), _mm512_unpackhi_ps(a, c));
    const vf bd = _mm512_add_ps(_mm512_unpacklo_ps(b, d), _mm512_unpackhi_ps(b, d));
    return _mm512_add_ps(_mm512_unpacklo_ps(ac, bd), _mm512_unpackhi_ps(ac, bd));
}

/* One tree of adds and shuffles for all sixteen. */
W2V_INLINE vf v_sums(const vf a[16])
{
    vf q[4];
    W2V_UNROLL
    for (int j = 0; j < 4; j++)
        q[j] = v_quarters(v_fold2(a[j], a[j + 4]), v_fold2(a[j + 8], a[j + 12]));
    return v_quarters4(q[0], q[1], q[2], q[3]);
}

W2V_INLINE float v_sum(vf a) { return _mm512_reduce_add_ps(a); }
