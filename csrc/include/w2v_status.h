/* w2v_status.h - what a function of the encoder or of the phrases returns. */
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
    W2V_OVER_BUDGET, /* more memory would be needed than was allowed */
    W2V_TOO_OFTEN,   /* one pair more than 2^32 - 1 times */
} w2v_status;

#endif
