/* huge_pages.h - large tables on large pages, where the system offers them.
 *
 * A table that is read at random places costs a walk through the page tables for nearly every look;
 * with pages of 2 MB most of these fall away. Include it before any other header.
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

/* calloc, on large pages if there is room for some; free() frees it. */
static inline void *w2v_large_calloc(size_t n, size_t item)
{
    void *block = calloc(n, item);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const uintptr_t page = (uintptr_t)1 << 21;
    if (block && n * item >= 2 * page) {
        uintptr_t begin = ((uintptr_t)block + page - 1) & ~(page - 1);
        uintptr_t end = ((uintptr_t)block + n * item) & ~(page - 1);
        /* A refusal costs nothing but speed. */
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
    }
#endif
    return block;
}

#endif
