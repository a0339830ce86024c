/* merge_sse2.c - the merge for any x86-64, whose baseline includes SSE2. */
#include "merge_internal.h"
#ifdef W2V_X86_64
#include "simd_sse2.h"
#define MERGE_NAME w2v_merge_sse2
#define CURVATURE_NAME w2v_curvature_sse2
#define EIGEN_NAME w2v_eigen_sse2
#define GRAM_NAME w2v_gram_sse2
#define TRANSFORM_NAME w2v_transform_sse2
#include "merge_impl.h"
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
