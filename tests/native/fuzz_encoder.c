/* fuzz_encoder.c - arbitrary bytes through the encoder, under libFuzzer and the sanitizers.
 *
 *     clang -g -O1 -std=c11 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
 *         -Icsrc/include -Icsrc/text tests/native/fuzz_encoder.c \
 *         csrc/text/{encoder,word_boundaries,arrow_rows,encoder_merge,unicode}.c -o fuzz_encoder
 *     ./fuzz_encoder -runs=100000 -seed=1 -max_len=200 -len_control=0
 *
 * For all policies and options: no byte outside the input is read, the result is valid, and it does
 * not depend on where the text is cut. Every block has the exact size, so that the sanitizer finds
 * any overread. With PLANTED=overread or PLANTED=lost in the environment it must fail.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "w2v_encoder.h"

#define CHECK(condition)                                                                            \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);               \
            abort();                                                                                \
        }                                                                                           \
    } while (0)

/* Characters and sequences that the rules treat specially, so that they meet often. */
static const char *const PIECES[] = {
    "a", "Z", "1", "9", "_", "'", ".", ":", ",", "\"", " ", " ", "  ", "\n", "\r\n", "\t", "-",
    "word", "seventeen-letters", "SIXTEEN_LETTERS_", "\xC3\x89", "\xC3\x9F", "\xC4\xB0", "\xC8\xBA",
    "\xCE\xA3", "\xCF\x83", "\xD0\x96", "\xD7\x90", "\xD7\x91", "\xE2\x84\xAA", "\xE3\x82\xAB",
    "\xE6\xBC\xA2", "\xEA\xB0\x80", "\xCC\x81", "\xE2\x80\x8D", "\xC2\xAD", "\xEF\xBE\x9E",
    "\xF0\x9F\x87\xA9", "\xF0\x9F\x98\x80", "\xE2\x84\xB9", "\xE2\x80\x99", "\xD9\xA3", "\xC2\x85",
    "\xE3\x80\x80", "\xE2\x80\xA8", "\xE1\x9A\x80", "\xEF\xBB\xBF", "\xEF\xBF\xBD", "\xFF", "\x80",
    "\xC2", "\xE2\x80", "\xF0\x9F\x98", "\xED\xA0\x80", "\xC0\x80", "\xF4\x90\x80\x80",
};
enum { N_PIECES = sizeof PIECES / sizeof *PIECES };

typedef struct input {
    const uint8_t *next, *end;
} input;

static uint8_t byte(input *in)
{
    return in->next < in->end ? *in->next++ : 0;
}

/* A copy in a block that ends where the bytes end. */
static uint8_t *exactly(const uint8_t *bytes, int64_t n)
{
    uint8_t *block = malloc(n ? (size_t)n : 1);
    CHECK(block);
    if (n)
        memcpy(block, bytes, (size_t)n);
    return block;
}

static bool planted(const char *fault)
{
    const char *asked = getenv("PLANTED");
    return asked && !strcmp(asked, fault);
}

typedef struct outcome {
    w2v_status status;
    int64_t position; /* of the first bad byte, or the end */
    w2v_encoder_stats tally;
    w2v_encoder_result result;
} outcome;

/* Feeds text[0] up to text[n], cut after as many bytes as each byte of `cuts` says; with n_cuts = 0,
 * in one piece. */
static void feed(w2v_encoder *text, const uint8_t *bytes, int64_t n, int flags, const uint8_t *cuts,
                 int64_t n_cuts, outcome *out)
{
    int64_t done = 0, seen = 0;
    out->status = W2V_OK;
    for (int64_t i = 0; !out->status && (seen < n || i == 0); i++) {
        seen = n_cuts ? seen + cuts[i % n_cuts] % 40 : n;
        if (seen > n || i > 4 * n)
            seen = n;
        uint8_t *block = exactly(bytes + done, seen - done);
        int64_t consumed = -1, more = seen == n && seen > done && planted("overread");
        out->status = w2v_encoder_feed(text, block, seen - done + more,
                                    flags | (seen == n ? W2V_TEXT_FINAL : 0), &consumed);
        CHECK(consumed >= 0 && consumed <= seen - done + more);
        done += consumed;
        if (n_cuts && done == 7 && done < seen && planted("lost"))
            done++;
        free(block);
    }
    if (!out->status) {
        CHECK(done >= n);
        CHECK(!w2v_encoder_end_sentence(text));
    }
    out->position = done;
}

/* Is it UTF-8? Decodes, encodes again and compares. */
static bool is_utf8(const uint8_t *p, int64_t n)
{
    for (const uint8_t *end = p + n; p < end;) {
        int more = *p < 0x80 ? 0 : *p < 0xE0 ? 1 : *p < 0xF0 ? 2 : 3;
        uint32_t c = more == 0 ? *p : *p & (0x3Fu >> more);
        if ((*p >= 0x80 && *p < 0xC0) || *p > 0xF7 || end - p <= more)
            return false;
        for (int i = 1; i <= more; i++) {
            if ((p[i] & 0xC0) != 0x80)
                return false;
            c = c << 6 | (p[i] & 0x3Fu);
        }
        int needed = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        if (needed != more || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
            return false;
        p += 1 + more;
    }
    return true;
}

/* Takes the result and checks all that has to be true of it. */
static void finish(w2v_encoder *text, outcome *out)
{
    w2v_encoder_result *r = &out->result;
    CHECK(!w2v_encoder_finish(text, r));
    out->tally = w2v_encoder_get_stats(text);
    w2v_encoder_free(text);
    int64_t *counts = calloc((size_t)r->n_types + 1, sizeof *counts), sentences = 0, known = 0;
    CHECK(counts);
    for (int64_t i = 0; i < r->n_ids; i++) {
        int32_t id = r->ids[i];
        CHECK(id >= -1 && id <= known && id < r->n_types); /* numbered by first appearance */
        known += id == known;
        if (id >= 0)
            counts[id]++;
        else
            CHECK(i > 0 && r->ids[i - 1] >= 0); /* no sentence is empty */
        sentences += id < 0;
    }
    CHECK(known == r->n_types);
    CHECK(out->status || r->n_ids == 0 || r->ids[r->n_ids - 1] == -1);
    CHECK(r->n_types == 0 || !memcmp(counts, r->counts, (size_t)r->n_types * sizeof *counts));
    CHECK(out->tally.types == r->n_types && out->tally.sentences == sentences &&
          out->tally.tokens == r->n_ids - sentences);
    free(counts);
    CHECK(r->offsets[0] == 0 && r->offsets[r->n_types] == r->n_bytes);
    for (int64_t t = 0; t < r->n_types; t++) {
        int64_t start = r->offsets[t], length = r->offsets[t + 1] - start;
        CHECK(length > 0 && is_utf8(r->bytes + start, length));
        for (int64_t u = 0; u < t; u++)
            CHECK(r->offsets[u + 1] - r->offsets[u] != length ||
                  memcmp(r->bytes + r->offsets[u], r->bytes + start, (size_t)length));
    }
}

static void let_go(outcome *out)
{
    free(out->result.ids);
    free(out->result.counts);
    free(out->result.offsets);
    free(out->result.bytes);
}

static bool same(const w2v_encoder_result *a, const w2v_encoder_result *b)
{
    return a->n_ids == b->n_ids && a->n_types == b->n_types && a->n_bytes == b->n_bytes &&
           !memcmp(a->ids, b->ids, (size_t)a->n_ids * sizeof *a->ids) &&
           !memcmp(a->offsets, b->offsets, (size_t)(a->n_types + 1) * sizeof *a->offsets) &&
           !memcmp(a->bytes, b->bytes, (size_t)a->n_bytes);
}

static void whole_and_cut(int policy, int options, int flags, const uint8_t *cuts, int64_t n_cuts,
                          const uint8_t *bytes, int64_t n)
{
    outcome whole, cut;
    w2v_encoder *text = w2v_encoder_new(policy, options);
    feed(text, bytes, n, flags, NULL, 0, &whole);
    finish(text, &whole);
    text = w2v_encoder_new(policy, options);
    feed(text, bytes, n, flags, cuts, n_cuts, &cut);
    finish(text, &cut);
    CHECK(whole.status == cut.status && whole.position == cut.position);
    CHECK(whole.tally.lines == cut.tally.lines);
    CHECK(whole.status == W2V_OK || policy == W2V_STRICT);
    /* Before a bad byte it depends on the cuts how much was taken. */
    if (!whole.status)
        CHECK(same(&whole.result, &cut.result));
    let_go(&whole);
    let_go(&cut);
}

/* Offsets up to n, which mostly rise. */
static int64_t *some_offsets(input *in, int64_t count, int64_t n)
{
    int64_t *offsets = malloc((size_t)count * sizeof *offsets), now = 0;
    CHECK(offsets);
    for (int64_t i = 0; i < count; i++) {
        uint8_t b = byte(in);
        now += b % 16;
        if (now > n)
            now = n;
        offsets[i] = b < 250 ? now : b == 250 ? -1 : b == 251 ? n + 1 : b == 252 ? INT64_MIN
                                             : b == 253 ? INT64_MAX : b == 254 ? n : 0;
    }
    return offsets;
}

static void table(int policy, int options, input *in, const uint8_t *bytes, int64_t n)
{
    int64_t n_strings = byte(in) % 12, n_lists = byte(in) % 8;
    uint8_t kind = byte(in), valid[2][12];
    for (int i = 0; i < 12; i++) {
        valid[0][i] = byte(in) % 8;
        valid[1][i] = byte(in) % 8;
    }
    uint8_t *block = exactly(bytes, n), *strings = exactly(valid[0], n_strings);
    int64_t n_rows = kind & 1 ? n_lists : n_strings;
    uint8_t *rows = exactly(valid[1], n_rows);
    w2v_string_column t = {block,   some_offsets(in, n_strings + 1, n), NULL, kind & 2 ? strings : NULL,
                        kind & 4 ? rows : NULL, n, n_strings, n_rows};
    if (kind & 1)
        t.lists = some_offsets(in, n_lists + 1, n_strings);
    w2v_column_cursor at = {0};
    outcome out = {W2V_OK, 0, {0}, {0}};
    w2v_encoder *text = w2v_encoder_new(policy, options);
    while (!out.status && at.row < t.n_rows)
        out.status = w2v_encoder_add_column(text, &t, &at, 1 + kind / 8);
    CHECK(at.row <= t.n_rows);
    if (out.status == W2V_BAD_UTF8)
        CHECK(policy == W2V_STRICT && at.error_index >= 0 && at.error_index < n && block[at.error_index] >= 0x80);
    else
        CHECK(out.status == W2V_OK || out.status == W2V_BAD_OFFSET || out.status == W2V_BAD_LIST);
    finish(text, &out);
    let_go(&out);
    free(block);
    free(strings);
    free(rows);
    free((void *)t.offsets);
    free((void *)t.lists);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, data + size};
    uint8_t what = byte(&in), cuts[4];
    int policy = what % 4 % 3, options = what >> 2 & 3;
    for (int i = 0; i < 4; i++)
        cuts[i] = byte(&in);
    input header = in;
    int64_t n = 0;
    uint8_t *bytes = malloc(size * 20 + 1);
    CHECK(bytes);
    while (in.next < in.end) {
        uint8_t b = byte(&in);
        if (what & 16) {
            const char *piece = PIECES[b % N_PIECES];
            memcpy(bytes + n, piece, strlen(piece));
            n += (int64_t)strlen(piece);
        } else {
            bytes[n++] = b;
        }
    }
    if (what & 32)
        table(policy, options, &header, bytes, n);
    else
        whole_and_cut(policy, options, what & 64 ? W2V_TEXT_NO_LINE_BREAKS : 0, cuts, 4, bytes, n);
    free(bytes);
    return 0;
}
