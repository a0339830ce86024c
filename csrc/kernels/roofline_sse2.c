/* roofline_sse2.c - the roofline for SSE2, which every x86-64 CPU has. */
#include "roofline_internal.h"
#ifdef W2V_X86_64
#include "simd_sse2.h"
#define ROOFLINE_NAME w2v_roofline_sse2
#include "roofline_impl.h"
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
