/* w2v_dispatch.h - the variants compiled in, and which of them run on this machine. */
#ifndef W2V_DISPATCH_H
#define W2V_DISPATCH_H

/* Returns the name of the i-th variant compiled in, best first, or NULL past the last. */
const char *w2v_variant_name(int i);

/* Returns 1 if this CPU and operating system can run the i-th variant, else 0. */
int w2v_variant_runs(int i);

#endif
