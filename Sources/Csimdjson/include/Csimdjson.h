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

/// What was found for one wanted member.
enum sj_kind {
    SJ_ABSENT = 0,
    SJ_NULL,
    SJ_BOOL,
    SJ_INTEGER,
    /// A number that was not found to be an Int64; only its text can decide what it is.
    SJ_INEXACT,
    /// A number kept as text: `text` and `length`.
    SJ_DIGITS,
    SJ_STRING,
    SJ_ARRAY,
    SJ_OBJECT,
};

typedef struct {
    uint32_t kind;
    /// Of a text; of an object that a walk has read, with both braces; of an object on a tape 0.
    uint32_t length;
    /// The value of an integer; of an object on a tape, its index there; of one that a walk has read, where it begins.
    int64_t number;
    const uint8_t *text;
} sj_slot;

/// The members that the core wants of one object, whether that is a CloudEvent, an envelope or the event itself.
enum sj_member {
    /// What an event keeps as text, in the order of `TextArena.Name`.
    SJ_CUSTOMER_ID = 0,
    SJ_CUSTOMER_SOURCE_ID,
    SJ_CUSTOMER_NAME,
    SJ_CUSTOMER_EMAIL,
    SJ_VOUCHER_ID,
    SJ_VOUCHER_CODE,
    SJ_CAMPAIGN_ID,
    SJ_CAMPAIGN_NAME,
    SJ_RULE_ID,
    SJ_RULE_LOYALTY_TYPE,
    SJ_RULE_LOYALTY_CALCULATION_TYPE,
    SJ_BALANCE_RELATED_ID,
    SJ_ORDER_ID,
    SJ_EVENT_ID,
    SJ_EVENT_TYPE,
    SJ_EVENT_CREATED_AT,
    SJ_PUBLICATION_ID,
    SJ_PUBLICATION_CHANNEL,
    /// Room for what an event takes over from the objects around it; no reading fills these.
    SJ_ENVELOPE_ID,
    SJ_ENVELOPE_EVENT_ID,
    SJ_CE_SOURCE,
    SJ_CE_ID,
    /// Everything else.
    SJ_CUSTOMER,
    SJ_VOUCHER,
    SJ_VOUCHER_CAMPAIGN,
    SJ_VOUCHER_CAMPAIGN_ID,
    SJ_CAMPAIGN,
    SJ_RULE,
    SJ_RULE_LOYALTY,
    SJ_BALANCE,
    SJ_BALANCE_POINTS,
    SJ_BALANCE_BALANCE,
    SJ_BALANCE_TOTAL,
    SJ_BALANCE_RELATED,
    SJ_ORDER,
    SJ_EVENT,
    SJ_PUBLICATION,
    SJ_ID,
    SJ_TYPE,
    SJ_SOURCE,
    SJ_SOURCE_OBJECT,
    SJ_PROJECT_ID,
    SJ_DATA,
    SJ_DATA_BASE64,
    SJ_MEMBER_COUNT,
};

enum {
    /// An event in an envelope in a CloudEvent: the top level, its `data`, and the `data` of that.
    SJ_LEVELS = 3,
    /// The facts of a text: SJ_MEMBER_COUNT slots per level. Those of a level mean nothing unless SJ_DATA of the level
    /// above is an object.
    SJ_SLOT_COUNT = SJ_LEVELS * SJ_MEMBER_COUNT,
};

/// Whether two runs of bytes are equal.
static inline int32_t sj_equal(const uint8_t *one, const uint8_t *other, size_t length) {
    return memcmp(one, other, length) == 0;
}

/// NULL when memory is short.
sj_parser *sj_parser_create(void);
void sj_parser_destroy(sj_parser *parser);

/// Checks the whole text of `length` bytes and fills SJ_SLOT_COUNT `slots` in one walk; texts stay where they are. It
/// reads no byte behind the text. Returns 0, with nothing to rely on in `slots`, for a text that is not valid or not
/// quite usual: then only a parser can tell.
int32_t sj_walk(sj_parser *parser, const uint8_t *bytes, size_t length, sj_slot *slots);

/// Parses `length` bytes in place; at least 64 readable bytes must follow them. Returns 0 and the tape, which stays
/// valid until the next parse, or simdjson's error code. Containers may nest at least 511 and at most 512 deep.
int32_t sj_parse(sj_parser *parser, const uint8_t *bytes, size_t length, sj_tape *tape);

/// Fills SJ_SLOT_COUNT `slots` from a tape whose top level is an object. Where a key is repeated, the last one counts.
void sj_read(sj_tape tape, sj_slot *slots);

/// How long the texts among the first `count` slots are together.
size_t sj_texts_length(const sj_slot *slots, size_t count);

/// Writes the texts among the first `count` slots, at most 32, in the layout of `TextArena`: `target` must have room for
/// 4 + 4 * count bytes and the texts.
void sj_write_texts(const sj_slot *slots, size_t count, uint8_t *target);

#ifdef __cplusplus
}
#endif

#endif
