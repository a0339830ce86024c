/* distance_scalar.c - rows compared in plain C. */
#include "distance_internal.h"
#include "simd_scalar.h"
#define COMPARE_NAME w2v_compare_scalar
#define LENGTHS_NAME w2v_lengths_scalar
#include "distance_impl.h"
