/* step_neon.c - the dense step for aarch64, whose baseline includes Advanced SIMD. */
#include "step_internal.h"
#ifdef W2V_AARCH64
#include "simd_neon.h"
#define STEP_NAME w2v_step_neon
#include "step_impl.h"
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
