/* simd_avx2.h - the primitives for AVX2 with FMA, eight lanes. */
#include <immintrin.h>

#define LANES 8
#define REGISTERS 16
typedef __m256 vfloat;

W2V_INLINE vfloat v_load(const float *p) { return _mm256_loadu_ps(p); }
W2V_INLINE void v_store(float *p, vfloat a) { _mm256_storeu_ps(p, a); }
W2V_INLINE vfloat v_set1(float a) { return _mm256_set1_ps(a); }
W2V_INLINE vfloat v_add(vfloat a, vfloat b) { return _mm256_add_ps(a, b); }
W2V_INLINE vfloat v_sub(vfloat a, vfloat b) { return _mm256_sub_ps(a, b); }
W2V_INLINE vfloat v_mul(vfloat a, vfloat b) { return _mm256_mul_ps(a, b); }
W2V_INLINE vfloat v_div(vfloat a, vfloat b) { return _mm256_div_ps(a, b); }
W2V_INLINE vfloat v_fma(vfloat a, vfloat b, vfloat c) { return _mm256_fmadd_ps(a, b, c); }
W2V_INLINE vfloat v_abs(vfloat a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
W2V_INLINE vfloat v_min(vfloat a, vfloat b) { return _mm256_min_ps(a, b); }
W2V_INLINE vfloat v_max(vfloat a, vfloat b) { return _mm256_max_ps(a, b); }
/* As integers: NaN's bits are above those of every number. */
W2V_INLINE vfloat v_max_propagate_nan(vfloat a, vfloat b)
{
    return _mm256_castsi256_ps(_mm256_max_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b)));
}
W2V_INLINE vfloat v_select_by_sign(vfloat s, vfloat positive, vfloat negative)
{
    return _mm256_blendv_ps(positive, negative, s);
}

W2V_INLINE vfloat v_load_partial(const float *p, int n)
{
    static const int32_t mask[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_maskload_ps(p, _mm256_loadu_si256((const __m256i *)(mask + 8 - n)));
}

W2V_INLINE vfloat v_exp2_shifted(vfloat k_shifted)
{
    const __m256i bits = _mm256_slli_epi32(_mm256_castps_si256(k_shifted), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(bits, _mm256_set1_epi32(0x3F800000)));
}

/* Reduces four vectors of eight lanes to the sums of their 128-bit halves: [a b c d | a b c d]. */
W2V_INLINE vfloat v_halves4(vfloat a, vfloat b, vfloat c, vfloat d)
{
    const vfloat ac = _mm256_add_ps(_mm256_unpacklo_ps(a, c), _mm256_unpackhi_ps(a, c));
    const vfloat bd = _mm256_add_ps(_mm256_unpacklo_ps(b, d), _mm256_unpackhi_ps(b, d));
    return _mm256_add_ps(_mm256_unpacklo_ps(ac, bd), _mm256_unpackhi_ps(ac, bd));
}

/* [low half of a + high half of a | the same of b] */
W2V_INLINE vfloat v_fold2(vfloat a, vfloat b)
{
    return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}

W2V_INLINE vfloat v_reduce_add_each(const vfloat a[8])
{
    return v_halves4(v_fold2(a[0], a[4]), v_fold2(a[1], a[5]), v_fold2(a[2], a[6]),
                     v_fold2(a[3], a[7]));
}

W2V_INLINE float v_reduce_add(vfloat a)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
