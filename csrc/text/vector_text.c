/* vector_text.c - float32 numbers and rows of them, from and to the text and bytes of vector files.
 *
 * Regular numbers are handled here, exactly. Rare ones (at the limits of float32, or half-way
 * between two of them) are left to the caller.
 */
#include <string.h>

#include "w2v_vector_text.h"

enum { MAX_POWER = 60 };

static const double POWERS_OF_TEN[MAX_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29, 1e30, 1e31,
    1e32, 1e33, 1e34, 1e35, 1e36, 1e37, 1e38, 1e39, 1e40, 1e41, 1e42, 1e43, 1e44, 1e45, 1e46, 1e47,
    1e48, 1e49, 1e50, 1e51, 1e52, 1e53, 1e54, 1e55, 1e56, 1e57, 1e58, 1e59, 1e60,
};

static int is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r' && c != '\n');
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The distance of a double from the middle between two normal float32, in its own last places. */
static int64_t ulps_from_midpoint(double x)
{
    int64_t apart = (int64_t)(bits_of(x) & 0x1FFFFFFF) - 0x10000000;
    return apart < 0 ? -apart : apart;
}

static double scaled(double x, int power)
{
    return power < 0 ? x / POWERS_OF_TEN[-power] : x * POWERS_OF_TEN[power];
}

/* ---- Parsing --------------------------------------------------------------------------------- */

static const uint8_t *special(const uint8_t *at, const char *name)
{
    for (; *name; at++, name++) /* a newline ends the text */
        if ((*at | 0x20) != *name)
            return NULL;
    return at;
}

const uint8_t *w2v_parse_float(const uint8_t *at, float *out)
{
    int negative = *at == '-';
    at += negative || *at == '+';
    uint64_t digits = 0;
    int n = 0, power = 0, any = 0;
    for (;; at++) {
        unsigned digit = (unsigned)*at - '0';
        if (digit > 9)
            break;
        any = 1;
        if (n < 19) {
            digits = digits * 10 + digit;
            n += digits != 0;
        } else if (power < 10000) {
            power++;
        } else {
            return NULL;
        }
    }
    if (*at == '.') {
        for (at++;; at++) {
            unsigned digit = (unsigned)*at - '0';
            if (digit > 9)
                break;
            any = 1;
            if (n < 19) {
                digits = digits * 10 + digit;
                n += digits != 0;
                if (--power < -10000)
                    return NULL;
            }
        }
    }
    if (!any) {
        const uint8_t *end;
        uint32_t bits = 0x7FC00000;
        if (!(end = special(at, "nan"))) {
            bits = 0x7F800000;
            if (!(end = special(at, "infinity")) && !(end = special(at, "inf")))
                return NULL;
        }
        bits |= (uint32_t)negative << 31;
        memcpy(out, &bits, sizeof bits);
        return end;
    }
    if ((*at | 0x20) == 'e') {
        at++;
        int minus = *at == '-', exponent = 0, first = 1;
        at += minus || *at == '+';
        for (; (unsigned)*at - '0' <= 9; at++, first = 0)
            if (exponent < 10000)
                exponent = exponent * 10 + (*at - '0');
        if (first)
            return NULL;
        power += minus ? -exponent : exponent;
    }
    double size = 0;
    if (digits) {
        if (power < -MAX_POWER || power > MAX_POWER)
            return NULL;
        /* At most four roundings of half a last place each: `digits`, its digits after the
         * nineteenth, the power of ten, and the product. The double is within three places. */
        size = scaled((double)digits, power);
        if (size < 0x1p-126 || size > 0x1.fffffep127 || ulps_from_midpoint(size) <= 4) {
            /* Below 2^53 and 10^22 there is one rounding: only the middle itself is in doubt. */
            int one = digits < (uint64_t)1 << 53 && power >= -22 && power <= 22;
            if (size < 0x1p-126 || size > 0x1.fffffep127 || !one || ulps_from_midpoint(size) == 0)
                return NULL;
        }
    }
    *out = (float)(negative ? -size : size);
    return at;
}

int64_t w2v_parse_text_rows(const uint8_t *text, int64_t length, int64_t dim, int64_t rows, float *out,
                       int64_t *spans, int64_t *done)
{
    const uint8_t *at = text, *end = text + length;
    int64_t row = 0;
    for (; row < rows && at < end; row++) {
        const uint8_t *p = at;
        while (is_blank(*p))
            p++;
        const uint8_t *word = p;
        while (!is_blank(*p) && *p != '\n')
            p++;
        if (p == word)
            break;
        spans[2 * row] = word - text;
        spans[2 * row + 1] = p - text;
        float *numbers = out + row * dim;
        int64_t i = 0;
        for (; i < dim; i++) {
            if (!is_blank(*p))
                break;
            do
                p++;
            while (is_blank(*p));
            if (!(p = w2v_parse_float(p, &numbers[i])))
                break;
        }
        if (i < dim)
            break;
        while (is_blank(*p))
            p++;
        if (*p != '\n')
            break;
        at = p + 1;
    }
    *done = at - text;
    return row;
}

int64_t w2v_parse_binary_rows(const uint8_t *data, int64_t length, int64_t dim, int64_t rows, float *out,
                         int64_t *spans, int64_t *done)
{
    int64_t at = 0, row = 0, size = 4 * dim;
    for (; row < rows; row++) {
        int64_t begin = at;
        while (begin < length && (data[begin] == '\n' || data[begin] == '\r'))
            begin++;
        const uint8_t *blank =
            begin < length ? memchr(data + begin, ' ', (size_t)(length - begin)) : NULL;
        if (!blank || data + length - blank - 1 < size)
            break;
        int odd = 0;
        for (const uint8_t *p = data + begin; p < blank; p++)
            odd |= *p <= '\r' && *p >= '\t';
        if (odd)
            break;
        spans[2 * row] = begin;
        spans[2 * row + 1] = blank - data;
        memcpy(out + row * dim, blank + 1, (size_t)size);
        at = blank - data + 1 + size;
    }
    *done = at;
    return row;
}

int64_t w2v_count_nonfinite_rows(const float *rows, int64_t n_rows, int64_t dim, int64_t stride,
                       int64_t *first)
{
    int64_t found = 0;
    for (int64_t row = 0; row < n_rows; row++, rows += stride) {
        uint32_t over = 0; /* bit 31: the exponent of a number is all ones */
        for (int64_t i = 0; i < dim; i++) {
            uint32_t bits;
            memcpy(&bits, rows + i, sizeof bits);
            over |= (bits & 0x7F800000u) + 0x00800000u;
        }
        if (over >> 31 && !found++)
            *first = row;
    }
    return found;
}

/* ---- Formatting ------------------------------------------------------------------------------ */

static double whole(double x) /* to the nearest, ties to even; 0 <= x < 2^51 */
{
    const double shift = 0x1.8p52;
    volatile double sum = x + shift; /* volatile: drops extra precision, on machines that have it */
    return sum - shift;
}

int w2v_format_float(float number, uint8_t *out)
{
    uint8_t *at = out;
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    int binary = (int)(bits >> 23 & 0xFF);
    if (bits >> 31 && (bits << 1) <= 0xFF000000u)
        *at++ = '-';
    if (binary == 255) {
        memcpy(at, bits << 9 ? "nan" : "inf", 3);
        return (int)(at + 3 - out);
    }
    if (bits << 1 == 0) {
        memcpy(at, "0.0", 3);
        return (int)(at + 3 - out);
    }
    double x = number < 0 ? -(double)number : (double)number;
    /* At most one too low: log10(2) is a little more than 1233 / 4096. */
    int exponent = (binary - 127) * 1233 / 4096 - (binary < 127);
    if (exponent < -13 || exponent > 15)
        return 0;
    double y = scaled(x, 8 - exponent);
    if (y >= 1e9)
        y = scaled(x, 8 - ++exponent);
    /* Nine digits always read back; fewer are used if they do. A decimal number whose double is
     * half-way between two float32 is not used, so that readers that parse doubles agree, unless
     * the double equals the decimal number. */
    int64_t digits = (int64_t)whole(y);
    static const int64_t UNIT[4] = {1, 10, 100, 1000};
    for (int fewer = 1; fewer <= 3; fewer++) {
        double part = whole(scaled(x, 8 - exponent - fewer));
        int power = exponent + fewer - 8;
        double back = scaled(part, power);
        if ((float)back == (float)x && (ulps_from_midpoint(back) || (power >= 0 && back < 0x1p53)))
            digits = (int64_t)part * UNIT[fewer];
    }
    if (digits >= 1000000000) {
        digits /= 10;
        exponent++;
    }
    uint8_t text[9];
    int used = 1;
    uint32_t rest = (uint32_t)digits;
    for (int i = 8; i >= 0; i--) {
        text[i] = (uint8_t)('0' + rest % 10);
        if (used == 1 && text[i] != '0')
            used = i + 1;
        rest /= 10;
    }
    if (exponent < -4 || exponent > 7) {
        *at++ = text[0];
        if (used > 1) {
            *at++ = '.';
            memcpy(at, text + 1, (size_t)(used - 1));
            at += used - 1;
        }
        *at++ = 'e';
        *at++ = exponent < 0 ? '-' : '+';
        int size = exponent < 0 ? -exponent : exponent;
        *at++ = (uint8_t)('0' + size / 10);
        *at++ = (uint8_t)('0' + size % 10);
    } else if (exponent < 0) {
        memcpy(at, "0.0000", 6);
        at += 1 - exponent;
        memcpy(at, text, (size_t)used);
        at += used;
    } else {
        int before = exponent + 1;
        memcpy(at, text, (size_t)before);
        at += before;
        *at++ = '.';
        if (used > before) {
            memcpy(at, text + before, (size_t)(used - before));
            at += used - before;
        } else {
            *at++ = '0';
        }
    }
    return (int)(at - out);
}

int64_t w2v_format_row(const float *row, int64_t dim, int64_t *next, uint8_t *out)
{
    uint8_t *at = out;
    for (; *next < dim; ++*next) {
        *at = ' ';
        int n = w2v_format_float(row[*next], at + 1);
        if (!n)
            break;
        at += 1 + n;
    }
    return at - out;
}
