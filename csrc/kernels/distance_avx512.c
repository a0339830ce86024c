/* distance_avx512.c - rows compared for AVX-512. */
#include "distance_internal.h"
#ifdef W2V_X86_64
#include <immintrin.h> /* outside the target region: it opens regions of its own */
W2V_TARGET_BEGIN("avx512f,avx512dq,prfchw")
#include "simd_avx512.h"
#define COMPARE_NAME w2v_compare_avx512
#define LENGTHS_NAME w2v_lengths_avx512
#include "distance_impl.h"
W2V_TARGET_END
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
