/* unicode.h - what a character is, where a word ends, what its lower case is.
 *
 * Words are those of UAX #29 (Unicode Text Segmentation), section 4.1, with the default rules WB1
 * to WB999. A segment is looked at from its beginning alone: at a true boundary nothing before it
 * matters to what follows, for every rule that looks back over two characters has a twin that
 * looks ahead and would have joined them. That is why text may be cut at boundaries.
 */
#ifndef W2V_UNICODE_H
#define W2V_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

/* Word_Break, as far as it makes a difference here. */
enum {
    OTHER,
    NEWLINE, /* CR, LF and Newline: the end of a segment and of all that came before */
    SPACE,
    EXTEND, /* Extend and Format: belongs to what it follows */
    JOINER,
    LETTER,
    HEBREW,
    NUMERIC,
    KATAKANA,
    CONNECTOR,
    MID_LETTER,
    MID_NUMBER,
    MID_BOTH,
    SINGLE_QUOTE,
    DOUBLE_QUOTE,
    REGIONAL,
    QUOTED_HEBREW, /* no character's: a Hebrew letter and a single quote */
};

/* Flags of a character. */
enum {
    IN_WORD = 1, /* a letter (L) or a number (N) by its general category */
    PICTOGRAPH = 2,
    CASED = 4,
    CASE_IGNORABLE = 8,
};

typedef struct w2v_character {
    int32_t lower; /* what to add for the lower case */
    uint8_t word_break;
    uint8_t flags;
} w2v_character;

#include "unicode_data.h"

static inline const w2v_character *character(uint32_t point)
{
    return &CHARACTERS[CHARACTER_BLOCKS[CHARACTER_INDEX[point >> 7]][point & 127]];
}

/* The code point of a valid sequence of n bytes. */
static inline uint32_t code_point(const uint8_t *p, int n)
{
    switch (n) {
    case 1:
        return p[0];
    case 2:
        return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
    case 3:
        return (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    default:
        return (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
    }
}

/* ---- Words ---------------------------------------------------------------------------------- */

/* What a segment is like at its end so far. */
typedef struct segment {
    uint8_t last;    /* Word_Break of its last character, those that are EXTEND or JOINER aside */
    uint8_t closest; /* Word_Break of its last character */
    bool paired;     /* the last REGIONAL has a partner */
    uint32_t awaited; /* set of what has to come to join what waits; or 0, if nothing waits */
} segment;

/* What a character does to the segment before it. */
typedef enum linking {
    JOINS,
    WAITS,    /* it joins if the one that is awaited comes */
    ENDS,     /* the segment ends before it */
    RELEASES, /* the segment ended before the character that waits */
} linking;

#define SET(word_break) (1u << (word_break))
#define ANY_LETTER (SET(LETTER) | SET(HEBREW))

static inline segment segment_of(const w2v_character *first)
{
    return (segment){first->word_break, first->word_break, false, 0};
}

/* The characters that join a segment with this last one, whatever follows them (WB5, 7a, 8-10, 13,
 * 13a, 13b). */
static inline uint32_t joining(uint8_t last)
{
    const uint32_t word = ANY_LETTER | SET(NUMERIC) | SET(CONNECTOR);
    switch (last) {
    case LETTER:
    case NUMERIC:
        return word;
    case HEBREW:
        return word | SET(SINGLE_QUOTE);
    case QUOTED_HEBREW: /* WB7, where WB6 was not needed */
        return ANY_LETTER;
    case KATAKANA:
        return SET(KATAKANA) | SET(CONNECTOR);
    case CONNECTOR:
        return word | SET(KATAKANA);
    default:
        return 0;
    }
}

/* What has to follow the character `mid` after `last` for both to join (WB6, 7, 7b, 7c, 11, 12). */
static inline uint32_t awaited_after(uint8_t last, uint8_t mid)
{
    const uint32_t both = SET(MID_BOTH) | SET(SINGLE_QUOTE);
    if ((SET(last) & ANY_LETTER) && (SET(mid) & (both | SET(MID_LETTER))))
        return ANY_LETTER;
    if (last == NUMERIC && (SET(mid) & (both | SET(MID_NUMBER))))
        return SET(NUMERIC);
    return last == HEBREW && mid == DOUBLE_QUOTE ? SET(HEBREW) : 0;
}

static inline linking add_character(segment *s, const w2v_character *c)
{
    uint8_t now = c->word_break, closest = s->closest, last = s->last;
    s->closest = now;
    if (now == EXTEND || now == JOINER) /* WB4 */
        return s->awaited ? WAITS : JOINS;
    s->last = now;
    if (s->awaited) {
        bool came = s->awaited & SET(now);
        s->awaited = 0;
        return came ? JOINS : RELEASES;
    }
    if (SET(now) & joining(last)) {
        if (now == SINGLE_QUOTE)
            s->last = QUOTED_HEBREW;
        return JOINS;
    }
    if (closest == JOINER && (c->flags & PICTOGRAPH)) /* WB3c */
        return JOINS;
    if (closest == SPACE && now == SPACE) /* WB3d */
        return JOINS;
    if (last == REGIONAL && now == REGIONAL && !s->paired) { /* WB15, 16 */
        s->paired = true;
        return JOINS;
    }
    s->awaited = awaited_after(last, now);
    return s->awaited ? WAITS : ENDS;
}

/* ---- Lower case ----------------------------------------------------------------------------- */

/* Eight bytes below 0x80 in lower case. */
static inline uint64_t lower_ascii(uint64_t eight)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t from_a = eight + (0x80 - 'A') * ones, past_z = eight + (0x7F - 'Z') * ones;
    return eight | ((from_a & ~past_z & 0x80 * ones) >> 2);
}

static inline int sequence_length(uint8_t lead)
{
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* Writes a code point that is no surrogate, returns the place behind it. */
static inline uint8_t *put_code_point(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (uint8_t)c;
        return out;
    }
    if (c < 0x800) {
        *out++ = (uint8_t)(0xC0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *out++ = (uint8_t)(0xE0 | c >> 12);
        } else {
            *out++ = (uint8_t)(0xF0 | c >> 18);
            *out++ = (uint8_t)(0x80 | (c >> 12 & 0x3F));
        }
        *out++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    }
    *out++ = (uint8_t)(0x80 | (c & 0x3F));
    return out;
}

/* Is the next character that is not case-ignorable a cased one? */
static inline bool before_cased(const uint8_t *p, const uint8_t *end)
{
    while (p < end) {
        int n = sequence_length(*p);
        const w2v_character *c = character(code_point(p, n));
        if (!(c->flags & CASE_IGNORABLE))
            return c->flags & CASED;
        p += n;
    }
    return false;
}

/* Writes n bytes of valid UTF-8 in lower case (Unicode, section 3.13, R2, with Final_Sigma, as
 * Python's str.lower), at most 2 n bytes; returns the place behind them. */
static inline uint8_t *lower_utf8(uint8_t *out, const uint8_t *p, int64_t n)
{
    enum { SIGMA = 0x3A3, FINAL_SIGMA = 0x3C2, I_WITH_DOT = 0x130, DOT = 0x307 };
    const uint8_t *end = p + n;
    bool after_cased = false;
    while (p < end) {
        int length = sequence_length(*p);
        uint32_t point = code_point(p, length);
        const w2v_character *c = character(point);
        p += length;
        if (point == SIGMA && after_cased && !before_cased(p, end))
            out = put_code_point(out, FINAL_SIGMA);
        else
            out = put_code_point(out, point + (uint32_t)c->lower);
        if (point == I_WITH_DOT)
            out = put_code_point(out, DOT);
        if (!(c->flags & CASE_IGNORABLE))
            after_cased = c->flags & CASED;
    }
    return out;
}

#endif
