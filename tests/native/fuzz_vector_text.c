/* fuzz_vector_text.c - arbitrary bytes through the readers of vector files, under libFuzzer.
 *
 *     clang -g -O1 -std=c11 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
 *         -Icsrc/include tests/native/fuzz_vector_text.c csrc/text/vector_text.c csrc/text/subwords.c \
 *         -o fuzz_vector_text
 *     ./fuzz_vector_text -runs=100000 -seed=1 -max_len=300
 *
 * Checks that no byte outside is read, that words lie within the bytes, and that a number written
 * reads back. Every block has the exact size. With PLANTED=overread or PLANTED=lost in the
 * environment it must fail.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "w2v_subwords.h"
#include "w2v_vector_text.h"

#define CHECK(condition)                                                                            \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);               \
            abort();                                                                                \
        }                                                                                           \
    } while (0)

static int planted(const char *fault)
{
    const char *asked = getenv("PLANTED");
    return asked && !strcmp(asked, fault);
}

static void rows(const uint8_t *bytes, int64_t length, int64_t dim, int text)
{
    int64_t n = length / (text ? 2 * dim + 2 : 4 * dim + 1) + 1, done = -1;
    float *out = malloc((size_t)(n * dim) * sizeof *out);
    int64_t *spans = malloc((size_t)(2 * n) * sizeof *spans);
    CHECK(out && spans);
    int64_t got = (text ? w2v_parse_text_rows : w2v_parse_binary_rows)(
        bytes, length + (text && planted("overread")), dim, n, out, spans, &done);
    CHECK(got >= 0 && got <= n && done >= 0 && done <= length);
    for (int64_t i = 0; i < got; i++)
        CHECK(spans[2 * i] >= 0 && spans[2 * i] <= spans[2 * i + 1] && spans[2 * i + 1] < done);
    free(out);
    free(spans);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5)
        return 0;
    int64_t dim = 1 + data[0] % 4;
    int64_t length = (int64_t)size;
    uint8_t *block = malloc(size);
    CHECK(block);
    memcpy(block, data + 1, size - 1);
    block[size - 1] = '\n';
    rows(block, length, dim, 1);
    rows(block, length, dim, 0);

    float number, back = 0;
    memcpy(&number, data + 1, sizeof number);
    uint8_t *text = malloc(W2V_FLOAT_CHARS + 1);
    CHECK(text);
    int n = w2v_format_float(number, text);
    CHECK(n >= 0 && n <= W2V_FLOAT_CHARS);
    text[n] = '\n';
    if (n && w2v_parse_float(text, &back)) {
        if (planted("lost"))
            back += 1;
        CHECK(number != number ? back != back : !memcmp(&number, &back, sizeof back));
    }
    free(text);

    uint32_t *buckets = malloc((size_t)(length * dim) * sizeof *buckets);
    CHECK(buckets);
    int64_t found = w2v_subwords(block, length, dim > 2 ? 2 : 1, dim, 1 + data[1], buckets);
    CHECK(found >= 0 && found <= length * dim);
    for (int64_t i = 0; i < found; i++)
        CHECK(buckets[i] <= data[1]);
    free(buckets);
    free(block);
    return 0;
}
