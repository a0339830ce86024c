/* roofline_neon.c - the roofline for aarch64, whose baseline includes Advanced SIMD. */
#include "roofline_internal.h"
#ifdef W2V_AARCH64
#include "simd_neon.h"
#define ROOFLINE_NAME w2v_roofline_neon
#include "roofline_impl.h"
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
