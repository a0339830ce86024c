/* step_sse2.c - the dense step for any x86-64, whose baseline includes SSE2. */
#include "step_internal.h"
#ifdef W2V_X86_64
#include "simd_sse2.h"
#define STEP_NAME w2v_step_sse2
#include "step_impl.h"
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
