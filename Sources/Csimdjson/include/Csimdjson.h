#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/// One parser with its buffers, reused for every document. One owner, one thread at a time.
typedef struct sj_parser sj_parser;

/// A parsed document in simdjson's tape format: the top byte of a word says what it is, the rest is its payload.
/// A tape made elsewhere may also hold SJ_NUMBER_TEXT words: a number kept as its text, where a string's bytes would be.
typedef struct {
    const uint64_t *words;
    /// Strings: four bytes of length in host order, then the bytes.
    const uint8_t *text;
} sj_tape;

/// What the walk found for one wanted member.
enum sj_kind {
    SJ_ABSENT = 0,
    SJ_NULL,
    SJ_BOOL,
    SJ_INTEGER,
    /// A number on simdjson's tape that is no Int64 there; only its text can decide what it is.
    SJ_INEXACT,
    /// A number kept as text: `text` and `length`.
    SJ_DIGITS,
    SJ_STRING,
    SJ_ARRAY,
    SJ_OBJECT,
};

typedef struct {
    uint32_t kind;
    uint32_t length;
    /// The value of an integer, or the tape index of an object or array.
    int64_t number;
    const uint8_t *text;
} sj_slot;

/// The members that the core wants, in three groups: a CloudEvent, an envelope, the event itself.
enum sj_member {
    SJ_CE_TYPE = 0,
    SJ_CE_SOURCE,
    SJ_CE_ID,
    SJ_CE_DATA,
    SJ_CE_DATA_BASE64,
    SJ_ENVELOPE_ID,
    SJ_ENVELOPE_PROJECT_ID,
    SJ_ENVELOPE_TYPE,
    SJ_ENVELOPE_DATA,
    SJ_ENVELOPE_SOURCE,
    SJ_ENVELOPE_SOURCE_OBJECT,
    SJ_ENVELOPE_EVENT,
    SJ_ENVELOPE_EVENT_ID,
    SJ_ENVELOPE_EVENT_TYPE,
    SJ_CUSTOMER,
    SJ_CUSTOMER_ID,
    SJ_CUSTOMER_SOURCE_ID,
    SJ_CUSTOMER_NAME,
    SJ_CUSTOMER_EMAIL,
    SJ_VOUCHER,
    SJ_VOUCHER_ID,
    SJ_VOUCHER_CODE,
    SJ_VOUCHER_CAMPAIGN,
    SJ_VOUCHER_CAMPAIGN_ID,
    SJ_CAMPAIGN,
    SJ_CAMPAIGN_ID,
    SJ_CAMPAIGN_NAME,
    SJ_RULE,
    SJ_RULE_ID,
    SJ_RULE_LOYALTY,
    SJ_RULE_LOYALTY_TYPE,
    SJ_RULE_LOYALTY_CALCULATION_TYPE,
    SJ_BALANCE,
    SJ_BALANCE_POINTS,
    SJ_BALANCE_BALANCE,
    SJ_BALANCE_TOTAL,
    SJ_BALANCE_RELATED,
    SJ_BALANCE_RELATED_ID,
    SJ_ORDER,
    SJ_ORDER_ID,
    SJ_TRIGGER,
    SJ_TRIGGER_ID,
    SJ_TRIGGER_TYPE,
    SJ_TRIGGER_CREATED_AT,
    SJ_PUBLICATION,
    SJ_PUBLICATION_ID,
    SJ_PUBLICATION_CHANNEL,
    SJ_MEMBER_COUNT,
};

/// Whether two runs of bytes are equal.
static inline int32_t sj_equal(const uint8_t *one, const uint8_t *other, size_t length) {
    return memcmp(one, other, length) == 0;
}

/// NULL when memory is short.
sj_parser *sj_parser_create(void);
void sj_parser_destroy(sj_parser *parser);

/// Parses `length` bytes in place; at least 64 readable bytes must follow them. Returns 0 and the tape, which stays
/// valid until the next parse, or simdjson's error code. Containers may nest at least 511 and at most 512 deep.
int32_t sj_parse(sj_parser *parser, const uint8_t *bytes, size_t length, sj_tape *tape);

/// Each fills its own group of `slots` (SJ_MEMBER_COUNT of them) from the object at tape index `object`. Where a key
/// is repeated, the last one counts.
void sj_read_cloud_event(sj_tape tape, uint64_t object, sj_slot *slots);
void sj_read_envelope(sj_tape tape, uint64_t object, sj_slot *slots);
void sj_read_event(sj_tape tape, uint64_t object, sj_slot *slots);

#ifdef __cplusplus
}
#endif

#endif
