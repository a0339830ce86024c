/* distance_neon.c - distances for aarch64, whose baseline includes Advanced SIMD. */
#include "distance_internal.h"
#ifdef W2V_AARCH64
#include "simd_neon.h"
#define DISTANCE_NAME w2v_distance_neon
#define NORMS_NAME w2v_norms_neon
#include "distance_impl.h"
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
