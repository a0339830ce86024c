/* simd_sse2.h - the primitives for SSE2, four lanes: every x86-64 CPU has it. */
#include <emmintrin.h>

#define LANES 4
#define REGISTERS 16
typedef __m128 vfloat;

W2V_INLINE vfloat v_load(const float *p) { return _mm_loadu_ps(p); }
W2V_INLINE void v_store(float *p, vfloat a) { _mm_storeu_ps(p, a); }
W2V_INLINE vfloat v_set1(float a) { return _mm_set1_ps(a); }
W2V_INLINE vfloat v_add(vfloat a, vfloat b) { return _mm_add_ps(a, b); }
W2V_INLINE vfloat v_sub(vfloat a, vfloat b) { return _mm_sub_ps(a, b); }
W2V_INLINE vfloat v_mul(vfloat a, vfloat b) { return _mm_mul_ps(a, b); }
W2V_INLINE vfloat v_div(vfloat a, vfloat b) { return _mm_div_ps(a, b); }
W2V_INLINE vfloat v_fma(vfloat a, vfloat b, vfloat c) { return _mm_add_ps(c, _mm_mul_ps(a, b)); }
W2V_INLINE vfloat v_abs(vfloat a) { return _mm_andnot_ps(_mm_set1_ps(-0.0f), a); }
W2V_INLINE vfloat v_min(vfloat a, vfloat b) { return _mm_min_ps(a, b); }
W2V_INLINE vfloat v_max(vfloat a, vfloat b) { return _mm_max_ps(a, b); }
/* As integers: NaN's bits are above those of every number. SSE2 has no maximum of those. */
W2V_INLINE vfloat v_max_propagate_nan(vfloat a, vfloat b)
{
    const __m128i x = _mm_castps_si128(a), y = _mm_castps_si128(b), above = _mm_cmpgt_epi32(x, y);
    return _mm_castsi128_ps(_mm_or_si128(_mm_and_si128(above, x), _mm_andnot_si128(above, y)));
}
W2V_INLINE vfloat v_select_by_sign(vfloat s, vfloat positive, vfloat negative)
{
    const vfloat below = _mm_castsi128_ps(_mm_srai_epi32(_mm_castps_si128(s), 31));
    return _mm_or_ps(_mm_and_ps(below, negative), _mm_andnot_ps(below, positive));
}

W2V_INLINE vfloat v_load_partial(const float *p, int n)
{
    if (n == 4)
        return v_load(p);
    if (n == 1)
        return _mm_load_ss(p);
    const vfloat two = _mm_castsi128_ps(_mm_loadl_epi64((const __m128i *)p));
    return n == 2 ? two : _mm_movelh_ps(two, _mm_load_ss(p + 2));
}

W2V_INLINE vfloat v_exp2_shifted(vfloat k_shifted)
{
    const __m128i bits = _mm_slli_epi32(_mm_castps_si128(k_shifted), 23);
    return _mm_castsi128_ps(_mm_add_epi32(bits, _mm_set1_epi32(0x3F800000)));
}

W2V_INLINE vfloat v_reduce_add_each(const vfloat a[4])
{
    const vfloat ac = _mm_add_ps(_mm_unpacklo_ps(a[0], a[2]), _mm_unpackhi_ps(a[0], a[2]));
    const vfloat bd = _mm_add_ps(_mm_unpacklo_ps(a[1], a[3]), _mm_unpackhi_ps(a[1], a[3]));
    return _mm_add_ps(_mm_unpacklo_ps(ac, bd), _mm_unpackhi_ps(ac, bd));
}

W2V_INLINE float v_reduce_add(vfloat a)
{
    const vfloat s = _mm_add_ps(a, _mm_movehl_ps(a, a));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
}
