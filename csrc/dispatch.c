/* dispatch.c - which variants of the dense step were compiled in, and which of them run here. */
#include "step.h"

#if defined(_MSC_VER) && defined(W2V_X86_64)
#include <immintrin.h>
#include <intrin.h>
#endif

typedef struct variant {
    const char *name;
    w2v_step_fn step;
    double (*peak)(int what, int64_t repeats, volatile float *sink);
    int (*runs)(void);
} variant;

static int always(void) { return 1; }

#ifdef W2V_X86_64
#if defined(__GNUC__) || defined(__clang__)
/* The compilers' run time asks the operating system as well as the CPU. */
static int runs_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
static int runs_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
}
#else
/* MSVC has no such question: CPUID leaf 7 for the CPU, XGETBV for the operating system. */
static int leaf7_ebx(int bits, unsigned long long saved)
{
    int r[4];
    __cpuid(r, 0);
    if (r[0] < 7)
        return 0;
    __cpuid(r, 1);
    if (!(r[2] & (1 << 27)) || !(r[2] & (1 << 12)) || (_xgetbv(0) & saved) != saved)
        return 0;
    __cpuidex(r, 7, 0);
    return (r[1] & bits) == bits;
}
static int runs_avx2(void) { return leaf7_ebx(1 << 5, 0x06); }
static int runs_avx512(void) { return leaf7_ebx((1 << 16) | (1 << 17), 0xE6); }
#endif
#endif

static const variant variants[] = {
#ifdef W2V_X86_64
    {"avx512", w2v_step_avx512, w2v_peak_avx512, runs_avx512},
    {"avx2", w2v_step_avx2, w2v_peak_avx2, runs_avx2},
    {"sse2", w2v_step_sse2, w2v_peak_sse2, always},
#endif
#ifdef W2V_AARCH64
    {"neon", w2v_step_neon, w2v_peak_neon, always},
#endif
    {"scalar", w2v_step_scalar, w2v_peak_scalar, always},
};

#define N_VARIANTS ((int)(sizeof variants / sizeof variants[0]))

const char *w2v_variant_name(int i) { return i >= 0 && i < N_VARIANTS ? variants[i].name : NULL; }

int w2v_variant_runs(int i) { return variants[i].runs(); }

w2v_step_fn w2v_variant_step(int i) { return variants[i].step; }

double w2v_variant_peak(int i, int64_t repeats)
{
    volatile float sink;
    return variants[i].peak(PEAK_MULTIPLY_ADDS, repeats, &sink);
}

double w2v_variant_traffic(int i, int stores, int64_t repeats)
{
    volatile float sink;
    return variants[i].peak(stores ? PEAK_STORES : PEAK_LOADS, repeats, &sink);
}

size_t w2v_step_scratch(int32_t n, int32_t m, size_t dim)
{
    const size_t tiles = ((size_t)m + TILE_LEAST - 1) / TILE_LEAST;
    const size_t rows = n > 1 ? (size_t)n : 2; /* with `pool`: the hidden row and its gradient */
    return (tiles + 1) * gradient_floats(n) + rows * row_stride(dim);
}
