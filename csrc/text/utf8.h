/* utf8.h - UTF-8: validation, decoding, encoding, and white space.
 *
 * Validation follows the Unicode Standard, table 3-7; the other functions expect valid UTF-8.
 */
#ifndef W2V_UTF8_H
#define W2V_UTF8_H

#include <stdbool.h>
#include <stdint.h>

static inline bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Validates the sequence that starts with p[0] >= 0x80. Returns its length; 0 if it is valid so far
 * but `end` cuts it off; or, if it is invalid, minus the length of its maximal subpart (the bytes
 * that one U+FFFD replaces). */
static inline int check_sequence(const uint8_t *p, const uint8_t *end)
{
    uint8_t lead = p[0], min = 0x80, max = 0xBF; /* of the second byte */
    if (lead < 0xC2 || lead > 0xF4)
        return -1;
    if (lead == 0xE0)
        min = 0xA0; /* below: overlong */
    else if (lead == 0xED)
        max = 0x9F; /* above: surrogates */
    else if (lead == 0xF0)
        min = 0x90; /* below: overlong */
    else if (lead == 0xF4)
        max = 0x8F; /* above: beyond U+10FFFF */
    int length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (p + 1 == end)
        return 0;
    if (p[1] < min || p[1] > max)
        return -1;
    for (int i = 2; i < length; i++) {
        if (p + i == end)
            return 0;
        if (!is_continuation(p[i]))
            return -i;
    }
    return length;
}

/* Is the valid multibyte sequence at p white space? */
static inline bool is_multibyte_space(const uint8_t *p)
{
    switch (p[0]) {
    case 0xC2:
        return p[1] == 0x85 || p[1] == 0xA0;
    case 0xE1:
        return p[1] == 0x9A && p[2] == 0x80;
    case 0xE2:
        return (p[1] == 0x80 && (p[2] <= 0x8A || p[2] == 0xA8 || p[2] == 0xA9 || p[2] == 0xAF)) ||
               (p[1] == 0x81 && p[2] == 0x9F);
    case 0xE3:
        return p[1] == 0x80 && p[2] == 0x80;
    default:
        return false;
    }
}

static inline int sequence_length(uint8_t lead)
{
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
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

/* Writes a code point that is not a surrogate; returns the position after it. */
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

#endif
