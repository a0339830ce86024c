/* exp_of_minus.h - the exponential, written once over the primitives of a simd_*.h.
 *
 * Included by the *_impl.h that need it, inside a target region.
 */

/* exp(-z) for z >= 0, with a relative error of 1e-7: range reduction to 2^k 2^f and a polynomial, fitted for
 * the smallest maximum error. From z = 87 on, it stays at exp(-87). */
W2V_INLINE vfloat exp_of_minus(vfloat z)
{
    const vfloat shift = v_set1(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer */
    const vfloat t = v_mul(v_min(v_set1(87.0f), z), v_set1(-1.44269504f)); /* -z log2(e) */
    const vfloat shifted = v_add(t, shift);
    const vfloat f = v_sub(t, v_sub(shifted, shift));
    vfloat p = v_set1(0.00132647271f);
    p = v_fma(p, f, v_set1(0.00967151265f));
    p = v_fma(p, f, v_set1(0.0555073374f));
    p = v_fma(p, f, v_set1(0.240222421f));
    p = v_fma(p, f, v_set1(0.693146978f));
    p = v_fma(p, f, v_set1(1.0f));
    return v_mul(p, v_exp2_shifted(shifted));
}
