/* cpu_features.c - which variants were compiled in, and which of them run on this machine. Their functions
 * are in the tables of step_table.c, distance_table.c and roofline_table.c. */
#include <stddef.h>

#include "variants.h"
#include "w2v_dispatch.h"

#if defined(_MSC_VER) && defined(W2V_X86_64)
#include <immintrin.h>
#include <intrin.h>
#endif

static int runs_scalar(void) { return 1; }
#ifdef W2V_AARCH64
static int runs_neon(void) { return 1; }
#endif
#ifdef W2V_X86_64
static int runs_sse2(void) { return 1; }
#if defined(__GNUC__) || defined(__clang__)
/* The compiler's runtime checks the operating system as well as the CPU. */
static int runs_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
static int runs_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
}
#else
/* MSVC has no such builtin: CPUID leaf 7 for the CPU, XGETBV for the operating system. */
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

typedef struct variant {
    const char *name;
    int (*runs)(void);
} variant;

#define ENTRY(name) {#name, runs_##name},
static const variant variants[] = {W2V_VARIANTS(ENTRY)};

#define N_VARIANTS ((int)(sizeof variants / sizeof variants[0]))

const char *w2v_variant_name(int i) { return i >= 0 && i < N_VARIANTS ? variants[i].name : NULL; }

int w2v_variant_runs(int i) { return variants[i].runs(); }
