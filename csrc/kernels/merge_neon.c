/* merge_neon.c - the merge for aarch64, whose baseline includes Advanced SIMD. */
#include "merge_internal.h"
#ifdef W2V_AARCH64
#include "simd_neon.h"
#define MERGE_NAME w2v_merge_neon
#define CURVATURE_NAME w2v_curvature_neon
#define EIGEN_NAME w2v_eigen_neon
#define GRAM_NAME w2v_gram_neon
#define TRANSFORM_NAME w2v_transform_neon
#include "merge_impl.h"
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
