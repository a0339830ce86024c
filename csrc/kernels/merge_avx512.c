/* merge_avx512.c - the merge for AVX-512. */
#include "merge_internal.h"
#ifdef W2V_X86_64
#include <immintrin.h> /* outside the target region: it opens regions of its own */
W2V_TARGET_BEGIN("avx512f,avx512dq,prfchw")
#include "simd_avx512.h"
#define MERGE_NAME w2v_merge_avx512
#define CURVATURE_NAME w2v_curvature_avx512
#define EIGEN_NAME w2v_eigen_avx512
#define GRAM_NAME w2v_gram_avx512
#define TRANSFORM_NAME w2v_transform_avx512
#include "merge_impl.h"
W2V_TARGET_END
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
