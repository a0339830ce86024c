/* distance_avx512.c - distances for AVX-512. */
#include "distance_internal.h"
#ifdef W2V_X86_64
#include <immintrin.h> /* outside the target region: it opens regions of its own */
W2V_TARGET_BEGIN("avx512f,avx512dq,prfchw")
#include "simd_avx512.h"
#define DISTANCE_NAME w2v_distance_avx512
#define NORMS_NAME w2v_norms_avx512
#include "distance_impl.h"
W2V_TARGET_END
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
