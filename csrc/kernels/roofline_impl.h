/* roofline_impl.h - the most that a variant can do of one thing, for benchmarks to compare against.
 *
 * Included by each roofline_*.c inside its target region, with ROOFLINE_NAME and the primitives defined.
 * What is counted are vectors of this variant; the compiler may join several scalars to one vector, here
 * as in the step.
 */

/* Twelve independent chains hide the latency of the fused multiply-add; the sum of all of them is
 * stored where the compiler cannot see that nobody reads it. None starts at 1, which stays 1: clang
 * sees that and leaves the chain out. */
W2V_INLINE double multiply_adds(int64_t repeats, volatile float *sink)
{
    vf chain[12];
    const vf factor = v_set1(0.999f), term = v_set1(0.001f);
    W2V_UNROLL
    for (int j = 0; j < 12; j++)
        chain[j] = v_set1((float)(j + 2));
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

#define BUFFER_FLOATS 4096 /* 16 KiB: half of a small first-level cache */
#define LINE_FLOATS 16     /* a cache line of 64 bytes */

/* Goes through the buffer again and again. Where it lies is asked anew each time, so that the
 * compiler cannot know that it has the numbers already, or that a store will be overwritten. The
 * additions that use what was loaded are no more than what a CPU does beside its loads. */
W2V_INLINE double loads_or_stores(int stores, int64_t repeats, volatile float *sink)
{
    float memory[BUFFER_FLOATS + LINE_FLOATS];
    memset(memory, 0, sizeof memory);
    const size_t beyond = (uintptr_t)memory / sizeof(float) % LINE_FLOATS;
    float *volatile place = memory + (LINE_FLOATS - beyond) % LINE_FLOATS;
    vf sum[8];
    W2V_UNROLL
    for (int j = 0; j < 8; j++)
        sum[j] = v_set1(0.0f);
    for (int64_t r = 0; r < repeats; r++) {
        float *p = place;
        if (stores) {
            const vf x = v_set1((float)r);
            for (int k = 0; k < BUFFER_FLOATS; k += 8 * LANES) {
                W2V_UNROLL
                for (int j = 0; j < 8; j++)
                    v_store(p + k + j * LANES, x);
            }
        } else {
            for (int k = 0; k < BUFFER_FLOATS; k += 8 * LANES) {
                W2V_UNROLL
                for (int j = 0; j < 8; j++)
                    sum[j] = v_add(sum[j], v_load(p + k + j * LANES));
            }
        }
    }
    W2V_UNROLL
    for (int j = 1; j < 8; j++)
        sum[0] = v_add(sum[0], sum[j]);
    *sink = v_sum(sum[0]) + *place;
    return (double)sizeof(float) * BUFFER_FLOATS * (double)repeats;
}

double ROOFLINE_NAME(int what, int64_t repeats, volatile float *sink)
{
    if (what == ROOFLINE_MULTIPLY_ADDS)
        return multiply_adds(repeats, sink);
    if (what == ROOFLINE_STORES)
        return loads_or_stores(1, repeats, sink);
    return loads_or_stores(0, repeats, sink);
}
