/* roofline_scalar.c - the roofline for plain C. */
#include "roofline_internal.h"
#include "simd_scalar.h"
#define ROOFLINE_NAME w2v_roofline_scalar
#include "roofline_impl.h"
