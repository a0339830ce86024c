/* step_scalar.c - the dense step in plain C. */
#include <string.h>

#include "step.h"
#include "simd_scalar.h"
#define STEP_NAME w2v_step_scalar
#include "step.inc.h"
#define PEAK_NAME w2v_peak_scalar
#include "peak.inc.h"
