/* step_neon.c - the dense step for aarch64, whose baseline includes Advanced SIMD. */
#include <string.h>

#include "step.h"
#ifdef W2V_AARCH64
#include "simd_neon.h"
#define STEP_NAME w2v_step_neon
#include "step.inc.h"
#define PEAK_NAME w2v_peak_neon
#include "peak.inc.h"
#else
typedef int w2v_not_empty; /* ISO C wants a declaration in every file */
#endif
