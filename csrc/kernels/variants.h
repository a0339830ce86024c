/* variants.h - the kinds of CPU that loops are compiled for, best first. Not for Cython: w2v_dispatch.h is.
 *
 * W2V_VARIANTS(ENTRY) makes an ENTRY(name) of each; cpu_features.c, step_table.c and distance_table.c build their
 * tables with it, so that the i-th variant is the same in all of them.
 */
#ifndef W2V_VARIANTS_H
#define W2V_VARIANTS_H

#include "compiler.h"

#if defined(W2V_X86_64)
#define W2V_VARIANTS(ENTRY) ENTRY(avx512) ENTRY(avx2) ENTRY(sse2) ENTRY(scalar)
#elif defined(W2V_AARCH64)
#define W2V_VARIANTS(ENTRY) ENTRY(neon) ENTRY(scalar)
#else
#define W2V_VARIANTS(ENTRY) ENTRY(scalar)
#endif

#endif
