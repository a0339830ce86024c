/* distance_sse2.c - distances for any x86-64, whose baseline includes SSE2. */
#include "distance_internal.h"
#ifdef W2V_X86_64
#include "simd_sse2.h"
#define DISTANCE_NAME w2v_distance_sse2
#define NORMS_NAME w2v_norms_sse2
#include "distance_impl.h"
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
