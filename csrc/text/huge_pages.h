/* huge_pages.h - allocation of large tables on huge pages, if the system offers them.
 *
 * Nearly every random access to a large table misses the TLB and costs a page walk; with pages of
 * 2 MB most of these misses disappear. Include this before any other header.
 */
#ifndef W2V_HUGE_PAGES_H
#define W2V_HUGE_PAGES_H

#if defined(__linux__) && !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE /* madvise */
#endif
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

/* calloc(), on huge pages if the block has at least two; free() frees it. */
static inline void *w2v_large_calloc(size_t n, size_t item)
{
    void *block = calloc(n, item);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const uintptr_t page = (uintptr_t)1 << 21;
    if (block && n * item >= 2 * page) {
        uintptr_t begin = ((uintptr_t)block + page - 1) & ~(page - 1);
        uintptr_t end = ((uintptr_t)block + n * item) & ~(page - 1);
        /* Without huge pages only speed is lost. */
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
    }
#endif
    return block;
}

#endif
