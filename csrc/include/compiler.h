/* compiler.h - what differs between compilers: inlining, unrolling, prefetching, target regions. */
#ifndef W2V_COMPILER_H
#define W2V_COMPILER_H

#if defined(__GNUC__) || defined(__clang__)
/* Of a function or table that several C files of one module share: not exported, so that calls need
 * no indirection. */
#define W2V_INTERNAL __attribute__((visibility("hidden")))
#define W2V_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define W2V_INLINE static inline __attribute__((always_inline))
#define W2V_NOINLINE static __attribute__((noinline))
/* For writing: with "prfchw", other cores' copies of the line are invalidated at once, not when the first
 * store finds the line shared. CPUs without that instruction ignore it. */
#define W2V_PREFETCH(p) __builtin_prefetch((p), 1, 3)
/* For reading: what no worker writes stays in the caches of all of them. */
#define W2V_PREFETCH_READ(p) __builtin_prefetch((p), 0, 3)
#if defined(__clang__)
#define W2V_UNROLL _Pragma("clang loop unroll(full)")
#else
#define W2V_UNROLL _Pragma("GCC unroll 16")
#endif
#elif defined(_MSC_VER)
#include <intrin.h>
#define W2V_INTERNAL
#define W2V_LIKELY(condition) (condition)
#define W2V_INLINE static __forceinline
#define W2V_NOINLINE static __declspec(noinline)
#define W2V_UNROLL
#if defined(_M_X64)
#define W2V_PREFETCH(p) _mm_prefetch((const char *)(p), _MM_HINT_T0)
#else
#define W2V_PREFETCH(p) __prefetch(p)
#endif
#define W2V_PREFETCH_READ(p) W2V_PREFETCH(p)
#else
#define W2V_INTERNAL
#define W2V_LIKELY(condition) (condition)
#define W2V_INLINE static inline
#define W2V_NOINLINE static
#define W2V_UNROLL
#define W2V_PREFETCH(p) ((void)(p))
#define W2V_PREFETCH_READ(p) ((void)(p))
#endif

/* Code between W2V_TARGET_BEGIN(...) and W2V_TARGET_END is compiled for the named CPU features,
 * whatever the build's flags are; MSVC emits them without any flag. */
#define W2V_STRING_(x) #x
#define W2V_PRAGMA_(x) _Pragma(W2V_STRING_(x))
#if defined(__clang__)
#define W2V_TARGET_BEGIN(features) \
    W2V_PRAGMA_(clang attribute push(__attribute__((target(features))), apply_to = function))
#define W2V_TARGET_END _Pragma("clang attribute pop")
#elif defined(__GNUC__)
#define W2V_TARGET_BEGIN(features) \
    _Pragma("GCC push_options") W2V_PRAGMA_(GCC target(features))
#define W2V_TARGET_END _Pragma("GCC pop_options")
#else
#define W2V_TARGET_BEGIN(features)
#define W2V_TARGET_END
#endif

/* Keeps a vector that is used more than once in a register; gcc would otherwise load it again for each
 * use. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#define W2V_KEEP_IN_REGISTER(vector) __asm__("" : "+v"(vector))
#else
#define W2V_KEEP_IN_REGISTER(vector) ((void)0)
#endif

#if defined(__x86_64__) || defined(_M_X64)
#define W2V_X86_64 1
#endif
#if defined(__aarch64__) || defined(_M_ARM64)
#define W2V_AARCH64 1
#endif

#endif
