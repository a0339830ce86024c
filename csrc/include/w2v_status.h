/* w2v_status.h - the status codes of the encoder and of phrases. */
#ifndef W2V_STATUS_H
#define W2V_STATUS_H

typedef enum w2v_status {
    W2V_OK = 0,
    W2V_NO_MEMORY,
    W2V_TOO_MANY_TYPES, /* more than 2^31 - 2 */
    W2V_BAD_UTF8,
    W2V_NUL_BYTE,
    W2V_LONE_SURROGATE,
    W2V_BAD_OFFSET,
    W2V_BAD_LIST,
    W2V_BAD_ID,      /* neither a type nor -1 */
    W2V_OVER_BUDGET, /* more memory needed than allowed */
    W2V_COUNT_OVERFLOW, /* one bigram more than 2^32 - 1 times */
} w2v_status;

#endif
