/* distance_sse2.c - rows compared for any x86-64, whose baseline includes SSE2. */
#include "distance_internal.h"
#ifdef W2V_X86_64
#include "simd_sse2.h"
#define COMPARE_NAME w2v_compare_sse2
#define LENGTHS_NAME w2v_lengths_sse2
#include "distance_impl.h"
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
