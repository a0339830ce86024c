/* step_scalar.c - the dense step in plain C. */
#include "step_internal.h"
#include "simd_scalar.h"
#define STEP_NAME w2v_step_scalar
#include "step_impl.h"
