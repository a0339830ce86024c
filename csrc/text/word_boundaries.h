/* word_boundaries.h - the reading of text into words, part of encoder.c.
 *
 * ASCII is read by a table of what each byte is. Whatever touches another character, or could be
 * joined to one, is left to the rules in unicode.h, one segment at a time.
 */

enum { A_LETTER = 1, A_DIGIT = 2, A_LINE = 4, MID_A = 8, MID_0 = 16, A_NEWLINE = 32, WIDE = 64 };

#define A_WORD (A_LETTER | A_DIGIT | A_LINE)

/* NUL is not for the fast path: in files it is a bad byte, which may vanish. */
#define FOUR(x) x, x, x, x
#define SIXTEEN(x) FOUR(x), FOUR(x), FOUR(x), FOUR(x)
static const uint8_t ASCII[256] = {
    WIDE, 0, 0, 0, 0, 0, 0, 0, 0, 0, FOUR(A_NEWLINE), 0, 0, SIXTEEN(0),
    0, 0, 0, 0, 0, 0, 0, MID_A | MID_0, 0, 0, 0, 0, MID_0, 0, MID_A | MID_0, 0,
    FOUR(A_DIGIT), FOUR(A_DIGIT), A_DIGIT, A_DIGIT, MID_A, MID_0, FOUR(0),
    0, FOUR(A_LETTER), FOUR(A_LETTER), FOUR(A_LETTER), A_LETTER, A_LETTER, A_LETTER,
    FOUR(A_LETTER), FOUR(A_LETTER), A_LETTER, A_LETTER, A_LETTER, FOUR(0), A_LINE,
    0, FOUR(A_LETTER), FOUR(A_LETTER), FOUR(A_LETTER), A_LETTER, A_LETTER, A_LETTER,
    FOUR(A_LETTER), FOUR(A_LETTER), A_LETTER, A_LETTER, A_LETTER, FOUR(0), 0,
    SIXTEEN(WIDE), SIXTEEN(WIDE), SIXTEEN(WIDE), SIXTEEN(WIDE),
    SIXTEEN(WIDE), SIXTEEN(WIDE), SIXTEEN(WIDE), SIXTEEN(WIDE),
};
#undef FOUR
#undef SIXTEEN

/* A character as the policy lets it be seen. */
typedef struct seen {
    const w2v_character *is; /* or NULL: there is none before the end */
    const uint8_t *begin, *end;
    bool edited; /* there are bad bytes, before it or in its place */
} seen;

static inline w2v_status look(w2v_text *text, reader *at, const uint8_t *p, seen *c)
{
    c->edited = false;
    for (int n; p < at->end; p += n) {
        c->begin = p;
        n = 1;
        if (*p >= 0x80) {
            n = sequence(p, at->end);
            if (n == 0) {
                if (!(at->flags & W2V_TEXT_FINAL))
                    break;
                n = -(int)(at->end - p);
            }
        } else if (*p == 0 && !(at->flags & W2V_TEXT_ONE_LINE)) {
            n = -1;
        }
        if (LIKELY(n > 0)) {
            c->is = character(code_point(p, n));
            c->end = p + n;
            return W2V_OK;
        }
        if (text->policy == W2V_STRICT) {
            at->bad = p;
            return *p ? W2V_BAD_UTF8 : W2V_NUL_BYTE;
        }
        n = -n;
        c->edited = true;
        if (text->policy == W2V_REPLACE) {
            c->is = character(0xFFFD);
            c->end = p + n;
            return W2V_OK;
        }
    }
    c->is = NULL;
    c->begin = c->end = at->end;
    return W2V_OK;
}

/* Adds the word from `begin` to `end`, in which are bad bytes. */
static w2v_status add_edited(w2v_text *text, reader *at, const uint8_t *begin, const uint8_t *end)
{
    text->n_scratch = 0;
    for (seen c; begin < end; begin = c.end) {
        w2v_status status = look(text, at, begin, &c);
        if (status)
            return status;
        bool bad = c.edited && text->policy == W2V_REPLACE;
        if (!to_scratch(text, bad ? REPLACEMENT : c.begin, bad ? 3 : c.end - c.begin))
            return W2V_NO_MEMORY;
    }
    int64_t length = text->n_scratch;
    text->n_scratch = 0;
    return w2v_text_token(text, text->scratch, length);
}

/* Reads the segment at at->begin and sets that to its end; or leaves it, if the end is not in sight
 * and more text may come. */
static w2v_status read_segment(w2v_text *text, reader *at)
{
    const uint8_t *begin = at->begin, *end, *wait = NULL;
    bool final = at->flags & W2V_TEXT_FINAL;
    seen c;
    w2v_status status = look(text, at, begin, &c);
    if (status)
        return status;
    if (!c.is) {
        if (final)
            at->begin = at->end;
        return W2V_OK;
    }
    if (c.is->word_break == NEWLINE) {
        at->begin = c.end;
        return c.end[-1] == '\n' ? line_feed(text, at) : W2V_OK;
    }
    segment s = segment_of(c.is);
    uint8_t flags = c.is->flags, flags_before = 0;
    bool edited = c.edited, edited_before = false;
    for (end = c.end;; end = c.end) {
        status = look(text, at, end, &c);
        if (status)
            return status;
        if (!c.is && !final)
            return W2V_OK;
        linking linked = !c.is ? (wait ? RELEASES : ENDS) : add_character(&s, c.is);
        if (linked == ENDS)
            break;
        if (linked == RELEASES) {
            end = wait;
            flags = flags_before;
            edited = edited_before;
            break;
        }
        if (linked == JOINS) {
            wait = NULL;
        } else if (!wait) {
            wait = end;
            flags_before = flags;
            edited_before = edited;
        }
        flags |= c.is->flags;
        edited |= c.edited;
    }
    at->begin = end;
    if (!(flags & IN_WORD))
        return W2V_OK;
    return edited ? add_edited(text, at, begin, end) : add_word(text, at, begin, end);
}

/* The end of the word that starts with p[0], an ASCII letter, digit or low line; NULL if it may be
 * joined to a character that is not ASCII, or to what is not there yet. */
static inline const uint8_t *ascii_word(const reader *at, const uint8_t *p)
{
    bool final = at->flags & W2V_TEXT_FINAL;
    for (;;) {
        do
            p++;
        while (p < at->end && (ASCII[*p] & A_WORD));
        if (p == at->end)
            return final ? p : NULL;
        uint8_t here = ASCII[*p];
        if (LIKELY(!(here & (MID_A | MID_0 | WIDE))))
            return p;
        if (here & WIDE)
            return NULL;
        if (p + 1 == at->end)
            return final ? p : NULL;
        uint8_t before = ASCII[p[-1]], after = ASCII[p[1]];
        if (after & WIDE)
            return NULL;
        if (!((here & MID_A) && (before & after & A_LETTER)) &&
            !((here & MID_0) && (before & after & A_DIGIT)))
            return p;
        p++;
    }
}

static inline bool holds_more_than_lines(const uint8_t *p, const uint8_t *end)
{
    while (p < end && *p == '_')
        p++;
    return p < end;
}

/* Reads up to at->end words, and keeps those that hold a letter or a number. */
static w2v_status read_words(w2v_text *text, reader *at)
{
    w2v_status status = W2V_OK;
    while (at->begin < at->end && !status) {
        const uint8_t *p = at->begin, *end;
        uint8_t here = ASCII[*p];
        if (here & A_WORD) {
            end = ascii_word(at, p);
            if (LIKELY(end != NULL)) {
                at->begin = end;
                if (LIKELY(*p != '_') || holds_more_than_lines(p, end))
                    status = add_word(text, at, p, end);
                continue;
            }
        } else if (here & A_NEWLINE) {
            at->begin++;
            if (*p == '\n')
                status = line_feed(text, at);
            continue;
        } else if (!(here & WIDE)) {
            /* Spaces are one segment, with what is not ASCII behind them. */
            for (end = p + 1; *p == ' ' && end < at->end && *end == ' ';)
                end++;
            if (end < at->end && !(ASCII[*end] & WIDE)) {
                at->begin = end;
                continue;
            }
        }
        status = read_segment(text, at);
        if (at->begin == p)
            break;
    }
    return status;
}
