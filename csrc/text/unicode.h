/* unicode.h - character properties from the Unicode Character Database, and lower case.
 *
 * The tables are in unicode_data.h, which only unicode.c includes.
 */
#ifndef W2V_UNICODE_H
#define W2V_UNICODE_H

#include <stdint.h>

#include "compiler.h"

/* Values of the property Word_Break (UAX #29), merged where the rules treat them alike. */
enum {
    OTHER,
    NEWLINE, /* CR, LF and Newline: always a boundary, before and after */
    SPACE,   /* WSegSpace */
    EXTEND,  /* Extend and Format: part of the character before */
    ZWJ,
    LETTER, /* ALetter */
    HEBREW_LETTER,
    NUMERIC,
    KATAKANA,
    EXTEND_NUM_LET,
    MID_LETTER,
    MID_NUM,
    MID_NUM_LET,
    SINGLE_QUOTE,
    DOUBLE_QUOTE,
    REGIONAL_INDICATOR,
    QUOTED_HEBREW, /* of no character: a Hebrew letter followed by a single quote */
};

/* Flags of a character. */
enum {
    IN_WORD = 1, /* a letter (L) or number (N) by its general category */
    PICTOGRAPHIC = 2,
    CASED = 4,
    CASE_IGNORABLE = 8,
};

typedef struct w2v_character {
    int32_t lower; /* lower case minus this code point */
    uint8_t word_break;
    uint8_t flags;
} w2v_character;

/* Characters with the same properties share a record. A block has the record numbers of 128 code
 * points; equal blocks are stored once. */
extern W2V_INTERNAL const w2v_character w2v_characters[];
extern W2V_INTERNAL const uint8_t w2v_character_blocks[][128];
extern W2V_INTERNAL const uint8_t w2v_character_index[];

static inline const w2v_character *character(uint32_t point)
{
    return &w2v_characters[w2v_character_blocks[w2v_character_index[point >> 7]][point & 127]];
}

/* Lower case of eight bytes below 0x80. */
static inline uint64_t lower_ascii(uint64_t eight)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t from_a = eight + (0x80 - 'A') * ones, past_z = eight + (0x7F - 'Z') * ones;
    return eight | ((from_a & ~past_z & 0x80 * ones) >> 2);
}

/* Writes the lower case of n bytes of valid UTF-8, at most 2 n bytes, as Python's str.lower()
 * (the Unicode Standard, section 3.13, rule R2, with Final_Sigma). Returns the position after the
 * last byte. */
W2V_INTERNAL uint8_t *w2v_lower_utf8(uint8_t *out, const uint8_t *p, int64_t n);

#endif
