/* peak.inc.h - the most multiply-adds a variant can do, for benchmarks to compare against.
 *
 * Included after step.inc.h, with PEAK_NAME defined. Twelve independent chains hide the latency of
 * the fused multiply-add; the sum of all of them is stored where the compiler cannot see that nobody reads it.
 */

double PEAK_NAME(int64_t repeats, volatile float *sink)
{
    vf chain[12];
    const vf factor = v_set1(0.999f), term = v_set1(0.001f);
    W2V_UNROLL
    for (int j = 0; j < 12; j++)
        chain[j] = v_set1((float)j);
    for (int64_t r = 0; r < repeats; r++) {
        W2V_UNROLL
        for (int j = 0; j < 12; j++)
            chain[j] = v_fma(chain[j], factor, term);
    }
    W2V_UNROLL
    for (int j = 1; j < 12; j++)
        chain[0] = v_add(chain[0], chain[j]);
    *sink = v_sum(chain[0]);
    return 2.0 * 12.0 * LANES * (double)repeats;
}
