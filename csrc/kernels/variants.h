/* variants.h - the kinds of CPU that kernels are compiled for, best first. Cython uses w2v_dispatch.h.
 *
 * W2V_VARIANTS(ENTRY) expands to one ENTRY(name) per variant; cpu_features.c and every *_table.c build
 * their tables with it, so that the i-th variant is the same in all of them.
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
