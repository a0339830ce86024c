/* word_boundaries.c - text at the word boundaries of Unicode to tokens.
 *
 * The boundaries are those of UAX #29 (Unicode Text Segmentation), section 4.1, default rules WB1
 * to WB999. A segment depends on its own characters alone: each rule that looks back over two
 * characters has a twin that looks ahead and would have prevented the boundary. That is why text
 * may be cut at boundaries.
 *
 * ASCII is read by a table of byte classes. Only where a word touches a character outside ASCII, or
 * may be joined to one, do the rules run, one segment at a time.
 */
#include "encoder_internal.h"

#include "unicode.h"
#include "utf8.h"

/* ---- The rules ------------------------------------------------------------------------------ */

/* A segment up to some character. */
typedef struct segment {
    uint8_t last;       /* Word_Break of its last character that is neither EXTEND nor ZWJ */
    uint8_t closest;    /* Word_Break of its last character */
    bool paired;        /* the last REGIONAL_INDICATOR has a partner */
    uint32_t required;  /* set of Word_Break that the next character must be in, or else there is a
                           boundary before the pending one; 0 if none is pending */
} segment;

/* Where a character puts the end of the segment before it. */
typedef enum boundary {
    NO_BREAK,
    PENDING,          /* no break if a required character follows */
    BREAK,            /* before this character */
    BREAK_BEFORE_MID, /* before the pending one */
} boundary;

#define SET(word_break) (1u << (word_break))
#define AH_LETTER (SET(LETTER) | SET(HEBREW_LETTER))

static inline segment segment_of(const w2v_character *first)
{
    return (segment){first->word_break, first->word_break, false, 0};
}

/* The characters that never begin a new segment after `last` (WB5, 7a, 8-10, 13, 13a, 13b). */
static inline uint32_t no_break_after(uint8_t last)
{
    const uint32_t word = AH_LETTER | SET(NUMERIC) | SET(EXTEND_NUM_LET);
    switch (last) {
    case LETTER:
    case NUMERIC:
        return word;
    case HEBREW_LETTER:
        return word | SET(SINGLE_QUOTE);
    case QUOTED_HEBREW: /* WB7, where WB6 was not needed */
        return AH_LETTER;
    case KATAKANA:
        return SET(KATAKANA) | SET(EXTEND_NUM_LET);
    case EXTEND_NUM_LET:
        return word | SET(KATAKANA);
    default:
        return 0;
    }
}

/* The characters of which one must follow `mid` after `last`, or there is a boundary before `mid`
 * (WB6, 7, 7b, 7c, 11, 12). */
static inline uint32_t required_after_mid(uint8_t last, uint8_t mid)
{
    const uint32_t mid_num_let_q = SET(MID_NUM_LET) | SET(SINGLE_QUOTE);
    if ((SET(last) & AH_LETTER) && (SET(mid) & (mid_num_let_q | SET(MID_LETTER))))
        return AH_LETTER;
    if (last == NUMERIC && (SET(mid) & (mid_num_let_q | SET(MID_NUM))))
        return SET(NUMERIC);
    return last == HEBREW_LETTER && mid == DOUBLE_QUOTE ? SET(HEBREW_LETTER) : 0;
}

static inline boundary add_character(segment *s, const w2v_character *c)
{
    uint8_t current = c->word_break, closest = s->closest, last = s->last;
    s->closest = current;
    if (current == EXTEND || current == ZWJ) /* WB4 */
        return s->required ? PENDING : NO_BREAK;
    s->last = current;
    if (s->required) {
        bool met = s->required & SET(current);
        s->required = 0;
        return met ? NO_BREAK : BREAK_BEFORE_MID;
    }
    if (SET(current) & no_break_after(last)) {
        if (current == SINGLE_QUOTE)
            s->last = QUOTED_HEBREW;
        return NO_BREAK;
    }
    if (closest == ZWJ && (c->flags & PICTOGRAPHIC)) /* WB3c */
        return NO_BREAK;
    if (closest == SPACE && current == SPACE) /* WB3d */
        return NO_BREAK;
    if (last == REGIONAL_INDICATOR && current == REGIONAL_INDICATOR && !s->paired) { /* WB15, 16 */
        s->paired = true;
        return NO_BREAK;
    }
    s->required = required_after_mid(last, current);
    return s->required ? PENDING : BREAK;
}

/* ---- One segment ---------------------------------------------------------------------------- */

/* A character after the policy for invalid bytes was applied. */
typedef struct decoded_char {
    const w2v_character *properties; /* or NULL at the end */
    const uint8_t *begin, *end;
    bool had_errors; /* invalid bytes before it or in its place */
} decoded_char;

static inline w2v_status decode_next(w2v_encoder *encoder, text_reader *at, const uint8_t *p,
                                     decoded_char *c)
{
    c->had_errors = false;
    for (int n; p < at->end; p += n) {
        c->begin = p;
        n = 1;
        if (*p >= 0x80) {
            n = check_sequence(p, at->end);
            if (n == 0) {
                if (!(at->flags & W2V_TEXT_FINAL))
                    break;
                n = -(int)(at->end - p);
            }
        } else if (*p == 0 && !(at->flags & W2V_TEXT_NO_LINE_BREAKS)) {
            n = -1;
        }
        if (W2V_LIKELY(n > 0)) {
            c->properties = character(code_point(p, n));
            c->end = p + n;
            return W2V_OK;
        }
        if (encoder->policy == W2V_STRICT) {
            at->bad = p;
            return *p ? W2V_BAD_UTF8 : W2V_NUL_BYTE;
        }
        n = -n;
        c->had_errors = true;
        if (encoder->policy == W2V_REPLACE) {
            c->properties = character(0xFFFD);
            c->end = p + n;
            return W2V_OK;
        }
    }
    c->properties = NULL;
    c->begin = c->end = at->end;
    return W2V_OK;
}

/* Adds the word from `begin` to `end`, which contains invalid bytes. */
static w2v_status add_with_errors(w2v_encoder *encoder, text_reader *at, const uint8_t *begin,
                                  const uint8_t *end)
{
    encoder->n_scratch = 0;
    for (decoded_char c; begin < end; begin = c.end) {
        w2v_status status = decode_next(encoder, at, begin, &c);
        if (status)
            return status;
        bool replace = c.had_errors && encoder->policy == W2V_REPLACE;
        if (!to_scratch(encoder, replace ? REPLACEMENT : c.begin, replace ? 3 : c.end - c.begin))
            return W2V_NO_MEMORY;
    }
    int64_t length = encoder->n_scratch;
    encoder->n_scratch = 0;
    return w2v_encoder_add_token(encoder, encoder->scratch, length);
}

/* Reads the segment at at->begin and moves that to its end; or leaves it, if the segment may go on
 * beyond the range and more text may come. */
static w2v_status read_segment(w2v_encoder *encoder, text_reader *at)
{
    const uint8_t *begin = at->begin, *end, *mid = NULL; /* mid: of the pending character */
    bool final = at->flags & W2V_TEXT_FINAL;
    decoded_char c;
    w2v_status status = decode_next(encoder, at, begin, &c);
    if (status)
        return status;
    if (!c.properties) {
        if (final)
            at->begin = at->end;
        return W2V_OK;
    }
    if (c.properties->word_break == NEWLINE) {
        at->begin = c.end;
        return c.end[-1] == '\n' ? line_feed(encoder, at) : W2V_OK;
    }
    segment s = segment_of(c.properties);
    uint8_t flags = c.properties->flags, flags_before_mid = 0;
    bool had_errors = c.had_errors, had_errors_before_mid = false;
    for (end = c.end;; end = c.end) {
        status = decode_next(encoder, at, end, &c);
        if (status)
            return status;
        if (!c.properties && !final)
            return W2V_OK;
        boundary found = !c.properties ? (mid ? BREAK_BEFORE_MID : BREAK)
                                       : add_character(&s, c.properties);
        if (found == BREAK)
            break;
        if (found == BREAK_BEFORE_MID) {
            end = mid;
            flags = flags_before_mid;
            had_errors = had_errors_before_mid;
            break;
        }
        if (found == NO_BREAK) {
            mid = NULL;
        } else if (!mid) {
            mid = end;
            flags_before_mid = flags;
            had_errors_before_mid = had_errors;
        }
        flags |= c.properties->flags;
        had_errors |= c.had_errors;
    }
    at->begin = end;
    if (!(flags & IN_WORD))
        return W2V_OK;
    return had_errors ? add_with_errors(encoder, at, begin, end)
                      : add_word(encoder, at, begin, end);
}

/* ---- ASCII ---------------------------------------------------------------------------------- */

/* Classes of bytes; MID_* are those that join what is before and after them. */
enum {
    ASCII_LETTER = 1,
    ASCII_DIGIT = 2,
    ASCII_UNDERSCORE = 4,
    ASCII_MID_LETTER = 8,
    ASCII_MID_NUM = 16,
    ASCII_NEWLINE = 32,
    NON_ASCII = 64, /* and NUL, which in files is an invalid byte */
};

#define ASCII_WORD (ASCII_LETTER | ASCII_DIGIT | ASCII_UNDERSCORE)
#define ASCII_MID (ASCII_MID_LETTER | ASCII_MID_NUM)

#define FOUR(x) x, x, x, x
#define SIXTEEN(x) FOUR(x), FOUR(x), FOUR(x), FOUR(x)
#define LETTERS \
    FOUR(ASCII_LETTER), FOUR(ASCII_LETTER), ASCII_LETTER, ASCII_LETTER, ASCII_LETTER, \
    FOUR(ASCII_LETTER), FOUR(ASCII_LETTER), ASCII_LETTER, ASCII_LETTER, ASCII_LETTER, \
    FOUR(ASCII_LETTER)
static const uint8_t BYTE_CLASS[256] = {
    NON_ASCII, 0, 0, 0, 0, 0, 0, 0, 0, 0, FOUR(ASCII_NEWLINE), 0, 0, SIXTEEN(0), /* to 0x1F */
    0, 0, 0, 0, 0, 0, 0, ASCII_MID,                                              /* ' ' to '\'' */
    0, 0, 0, 0, ASCII_MID_NUM, 0, ASCII_MID, 0,                                  /* '(' to '/' */
    FOUR(ASCII_DIGIT), FOUR(ASCII_DIGIT), ASCII_DIGIT, ASCII_DIGIT,
    ASCII_MID_LETTER, ASCII_MID_NUM, FOUR(0),    /* ':' to '?' */
    0, LETTERS, FOUR(0), ASCII_UNDERSCORE,       /* '@' to '_' */
    0, LETTERS, FOUR(0), 0,                      /* '`' to DEL */
    SIXTEEN(NON_ASCII), SIXTEEN(NON_ASCII), SIXTEEN(NON_ASCII), SIXTEEN(NON_ASCII),
    SIXTEEN(NON_ASCII), SIXTEEN(NON_ASCII), SIXTEEN(NON_ASCII), SIXTEEN(NON_ASCII),
};
#undef LETTERS
#undef SIXTEEN
#undef FOUR

/* The end of the word that starts with p[0], an ASCII letter, digit or underscore; NULL if it may
 * join a character outside ASCII, or what follows the range. */
static inline const uint8_t *ascii_word(const text_reader *at, const uint8_t *p)
{
    bool final = at->flags & W2V_TEXT_FINAL;
    for (;;) {
        do
            p++;
        while (p < at->end && (BYTE_CLASS[*p] & ASCII_WORD));
        if (p == at->end)
            return final ? p : NULL;
        uint8_t here = BYTE_CLASS[*p];
        if (W2V_LIKELY(!(here & (ASCII_MID | NON_ASCII))))
            return p;
        if (here & NON_ASCII)
            return NULL;
        if (p + 1 == at->end)
            return final ? p : NULL;
        uint8_t before = BYTE_CLASS[p[-1]], after = BYTE_CLASS[p[1]];
        if (after & NON_ASCII)
            return NULL;
        if (!((here & ASCII_MID_LETTER) && (before & after & ASCII_LETTER)) &&
            !((here & ASCII_MID_NUM) && (before & after & ASCII_DIGIT)))
            return p;
        p++;
    }
}

static inline bool only_underscores(const uint8_t *p, const uint8_t *end)
{
    while (p < end && *p == '_')
        p++;
    return p == end;
}

/* Keeps the segments that contain a letter or a number. */
w2v_status w2v_encoder_read_words(w2v_encoder *encoder, text_reader *at)
{
    w2v_status status = W2V_OK;
    while (at->begin < at->end && !status) {
        const uint8_t *p = at->begin, *end;
        uint8_t here = BYTE_CLASS[*p];
        if (here & ASCII_WORD) {
            end = ascii_word(at, p);
            if (W2V_LIKELY(end != NULL)) {
                at->begin = end;
                if (W2V_LIKELY(*p != '_') || !only_underscores(p, end))
                    status = add_word(encoder, at, p, end);
                continue;
            }
        } else if (here & ASCII_NEWLINE) {
            at->begin++;
            if (*p == '\n')
                status = line_feed(encoder, at);
            continue;
        } else if (!(here & NON_ASCII)) {
            /* A run of spaces is one segment, with characters outside ASCII that follow it. */
            for (end = p + 1; *p == ' ' && end < at->end && *end == ' ';)
                end++;
            if (end < at->end && !(BYTE_CLASS[*end] & NON_ASCII)) {
                at->begin = end;
                continue;
            }
        }
        status = read_segment(encoder, at);
        if (at->begin == p)
            break;
    }
    return status;
}
