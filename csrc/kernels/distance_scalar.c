/* distance_scalar.c - distances in plain C. */
#include "distance_internal.h"
#include "simd_scalar.h"
#define DISTANCE_NAME w2v_distance_scalar
#define NORMS_NAME w2v_norms_scalar
#include "distance_impl.h"
