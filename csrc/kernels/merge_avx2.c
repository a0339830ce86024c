/* merge_avx2.c - the merge for AVX2. */
#include "merge_internal.h"
#ifdef W2V_X86_64
#include <immintrin.h> /* outside the target region: it opens regions of its own */
W2V_TARGET_BEGIN("avx2,fma,prfchw")
#include "simd_avx2.h"
#define MERGE_NAME w2v_merge_avx2
#define CURVATURE_NAME w2v_curvature_avx2
#define EIGEN_NAME w2v_eigen_avx2
#define GRAM_NAME w2v_gram_avx2
#define TRANSFORM_NAME w2v_transform_avx2
#include "merge_impl.h"
W2V_TARGET_END
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
