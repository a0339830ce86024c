/* distance_avx2.c - distances for AVX2. */
#include "distance_internal.h"
#ifdef W2V_X86_64
#include <immintrin.h> /* outside the target region: it opens regions of its own */
W2V_TARGET_BEGIN("avx2,fma,prfchw")
#include "simd_avx2.h"
#define DISTANCE_NAME w2v_distance_avx2
#define NORMS_NAME w2v_norms_avx2
#include "distance_impl.h"
W2V_TARGET_END
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
