/* roofline_impl.h - peak multiply-adds, loads and stores of a variant, as a limit for benchmarks.
 *
 * Included by each roofline_*.c inside its target region, with ROOFLINE_NAME and the primitives defined.
 * Vectors are those of this variant; the compiler may vectorize the scalar one, as it may the step.
 */

/* Twelve independent chains hide the latency of the fused multiply-add; their sum is stored to a volatile,
 * so that the compiler cannot drop them. None starts at 1,
 * where it would stay: clang would drop that chain. */
W2V_INLINE double multiply_adds(int64_t repeats, volatile float *sink)
{
    vfloat chain[12];
    const vfloat factor = v_set1(0.999f), term = v_set1(0.001f);
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
    *sink = v_reduce_add(chain[0]);
    return 2.0 * 12.0 * LANES * (double)repeats;
}

#define BUFFER_FLOATS 4096 /* 16 KiB: half of a small first-level cache */
#define LINE_FLOATS 16     /* a cache line of 64 bytes */

/* Goes through the buffer `repeats` times. Its address is read from a volatile each time, so that the
 * compiler cannot keep the numbers in registers or drop a store. The additions that use the loaded numbers
 * do not slow a CPU down: it makes them beside its loads. */
W2V_INLINE double loads_or_stores(int stores, int64_t repeats, volatile float *sink)
{
    float memory[BUFFER_FLOATS + LINE_FLOATS];
    memset(memory, 0, sizeof memory);
    const size_t beyond = (uintptr_t)memory / sizeof(float) % LINE_FLOATS;
    float *volatile place = memory + (LINE_FLOATS - beyond) % LINE_FLOATS;
    vfloat sum[8];
    W2V_UNROLL
    for (int j = 0; j < 8; j++)
        sum[j] = v_set1(0.0f);
    for (int64_t r = 0; r < repeats; r++) {
        float *p = place;
        if (stores) {
            const vfloat x = v_set1((float)r);
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
    *sink = v_reduce_add(sum[0]) + *place;
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
