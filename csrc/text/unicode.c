/* unicode.c - the tables of character properties, and lower case of whole words. */
#include "unicode.h"

#include "unicode_data.h"
#include "utf8.h"
#include "w2v_encoder.h"

#include <stdbool.h>

const char *w2v_unicode_version(void)
{
    return W2V_UNICODE_VERSION;
}

/* Is the next character that is not case-ignorable a cased one? */
static bool before_cased(const uint8_t *p, const uint8_t *end)
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

uint8_t *w2v_lower_utf8(uint8_t *out, const uint8_t *p, int64_t n)
{
    enum { SIGMA = 0x3A3, FINAL_SIGMA = 0x3C2, I_WITH_DOT = 0x130, COMBINING_DOT = 0x307 };
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
            out = put_code_point(out, COMBINING_DOT);
        if (!(c->flags & CASE_IGNORABLE))
            after_cased = c->flags & CASED;
    }
    return out;
}
