/* w2v_bench.h - what a variant can do at most, for benchmarks to compare the dense step with. */
#ifndef W2V_BENCH_H
#define W2V_BENCH_H

#include <stdint.h>

/* Runs the i-th variant's fused multiply-adds in independent chains, `repeats` times, and returns the
 * number of floating-point operations: two for each lane of a multiply-add. */
double w2v_bench_flops(int i, int64_t repeats);

/* Loads 16 KiB from the first-level cache with the i-th variant's vectors, or stores them there,
 * `repeats` times, and returns the number of bytes. */
double w2v_bench_l1_bytes(int i, int stores, int64_t repeats);

#endif
