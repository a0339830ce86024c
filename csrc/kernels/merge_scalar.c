/* merge_scalar.c - the merge in plain C. */
#include "merge_internal.h"
#include "simd_scalar.h"
#define MERGE_NAME w2v_merge_scalar
#define CURVATURE_NAME w2v_curvature_scalar
#define EIGEN_NAME w2v_eigen_scalar
#define GRAM_NAME w2v_gram_scalar
#define TRANSFORM_NAME w2v_transform_scalar
#include "merge_impl.h"
