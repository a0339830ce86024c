/* distance_neon.c - rows compared for aarch64, whose baseline includes Advanced SIMD. */
#include "distance_internal.h"
#ifdef W2V_AARCH64
#include "simd_neon.h"
#define COMPARE_NAME w2v_compare_neon
#define LENGTHS_NAME w2v_lengths_neon
#include "distance_impl.h"
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
