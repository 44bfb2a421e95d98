#include "Csimdjson.h"

#include <simdjson.h>

#include <cstring>
#include <new>

struct sj_parser {
    simdjson::dom::parser dom;
};

namespace {

// simdjson does not count an empty container as a level, so 512 here lets through nothing deeper than 512.
constexpr size_t max_depth = 512;
constexpr size_t least_capacity = 16 * 1024;
constexpr uint64_t payload_mask = 0x00FFFFFFFFFFFFFF;

struct wanted {
    const char *name;
    uint32_t length;
    uint32_t member;
};

template <size_t N>
constexpr wanted want(const char (&name)[N], uint32_t member) {
    return {name, static_cast<uint32_t>(N - 1), member};
}

inline char tag(uint64_t word) { return static_cast<char>(word >> 56); }

inline uint64_t after(const uint64_t *words, uint64_t index) {
    switch (tag(words[index])) {
    case '{':
    case '[':
        return words[index] & 0xFFFFFFFF;
    case 'l':
    case 'u':
    case 'd':
        return index + 2;
    default:
        return index + 1;
    }
}

inline uint32_t text_length(const uint8_t *text) {
    uint32_t length;
    std::memcpy(&length, text, sizeof(length));
    return length;
}

inline void fill(sj_tape tape, uint64_t index, sj_slot &slot) {
    const uint64_t word = tape.words[index];
    slot = {SJ_ABSENT, 0, 0, nullptr};
    switch (tag(word)) {
    case '"':
    case '#': {
        const uint8_t *text = tape.text + (word & payload_mask);
        slot.kind = tag(word) == '"' ? SJ_STRING : SJ_DIGITS;
        slot.length = text_length(text);
        slot.text = text + sizeof(uint32_t);
        break;
    }
    case 'l':
        slot.kind = SJ_INTEGER;
        std::memcpy(&slot.number, &tape.words[index + 1], sizeof(slot.number));
        break;
    case 'u':
    case 'd':
        slot.kind = SJ_INEXACT;
        break;
    case 't':
    case 'f':
        slot.kind = SJ_BOOL;
        break;
    case 'n':
        slot.kind = SJ_NULL;
        break;
    case '[':
        slot.kind = SJ_ARRAY;
        slot.number = static_cast<int64_t>(index);
        break;
    case '{':
        slot.kind = SJ_OBJECT;
        slot.number = static_cast<int64_t>(index);
        break;
    default:
        break;
    }
}

template <size_t N>
inline void read(sj_tape tape, uint64_t object, const wanted (&names)[N], sj_slot *slots) {
    // One bit per length that is wanted: most keys are refused by it alone.
    uint64_t lengths = 0;
    for (const wanted &name : names) lengths |= uint64_t(1) << name.length;

    const uint64_t end = (tape.words[object] & 0xFFFFFFFF) - 1;
    for (uint64_t index = object + 1; index < end; index = after(tape.words, index + 1)) {
        const uint8_t *key = tape.text + (tape.words[index] & payload_mask);
        const uint32_t length = text_length(key);
        if (length >= 64 || !((lengths >> length) & 1)) continue;
        key += sizeof(uint32_t);
        for (const wanted &name : names) {
            if (name.length == length && std::memcmp(name.name, key, length) == 0) {
                fill(tape, index + 1, slots[name.member]);
                break;
            }
        }
    }
}

template <size_t N>
inline void read_nested(sj_tape tape, uint32_t parent, const wanted (&names)[N], sj_slot *slots) {
    if (slots[parent].kind == SJ_OBJECT) read(tape, static_cast<uint64_t>(slots[parent].number), names, slots);
}

inline void clear(sj_slot *slots, uint32_t first, uint32_t end) {
    std::memset(slots + first, 0, (end - first) * sizeof(sj_slot));
}

constexpr wanted cloud_event[] = {
    want("type", SJ_CE_TYPE),
    want("source", SJ_CE_SOURCE),
    want("id", SJ_CE_ID),
    want("data", SJ_CE_DATA),
    want("data_base64", SJ_CE_DATA_BASE64),
};

constexpr wanted envelope[] = {
    want("id", SJ_ENVELOPE_ID),
    want("project_id", SJ_ENVELOPE_PROJECT_ID),
    want("type", SJ_ENVELOPE_TYPE),
    want("data", SJ_ENVELOPE_DATA),
    want("source", SJ_ENVELOPE_SOURCE),
    want("event", SJ_ENVELOPE_EVENT),
};
constexpr wanted envelope_source[] = {want("object", SJ_ENVELOPE_SOURCE_OBJECT)};
constexpr wanted envelope_event[] = {want("id", SJ_ENVELOPE_EVENT_ID), want("type", SJ_ENVELOPE_EVENT_TYPE)};

constexpr wanted event[] = {
    want("customer", SJ_CUSTOMER),
    want("voucher", SJ_VOUCHER),
    want("campaign", SJ_CAMPAIGN),
    want("earning_rule", SJ_RULE),
    want("balance", SJ_BALANCE),
    want("order", SJ_ORDER),
    want("event", SJ_TRIGGER),
    want("publication", SJ_PUBLICATION),
};
constexpr wanted customer[] = {
    want("id", SJ_CUSTOMER_ID),
    want("name", SJ_CUSTOMER_NAME),
    want("email", SJ_CUSTOMER_EMAIL),
    want("source_id", SJ_CUSTOMER_SOURCE_ID),
};
constexpr wanted voucher[] = {
    want("id", SJ_VOUCHER_ID),
    want("code", SJ_VOUCHER_CODE),
    want("campaign", SJ_VOUCHER_CAMPAIGN),
    want("campaign_id", SJ_VOUCHER_CAMPAIGN_ID),
};
constexpr wanted campaign[] = {want("id", SJ_CAMPAIGN_ID), want("name", SJ_CAMPAIGN_NAME)};
constexpr wanted rule[] = {want("id", SJ_RULE_ID), want("loyalty", SJ_RULE_LOYALTY)};
constexpr wanted rule_loyalty[] = {
    want("type", SJ_RULE_LOYALTY_TYPE),
    want("calculation_type", SJ_RULE_LOYALTY_CALCULATION_TYPE),
};
constexpr wanted balance[] = {
    want("total", SJ_BALANCE_TOTAL),
    want("points", SJ_BALANCE_POINTS),
    want("balance", SJ_BALANCE_BALANCE),
    want("related_object", SJ_BALANCE_RELATED),
};
constexpr wanted balance_related[] = {want("id", SJ_BALANCE_RELATED_ID)};
constexpr wanted order[] = {want("id", SJ_ORDER_ID)};
constexpr wanted trigger[] = {
    want("id", SJ_TRIGGER_ID),
    want("type", SJ_TRIGGER_TYPE),
    want("created_at", SJ_TRIGGER_CREATED_AT),
};
constexpr wanted publication[] = {want("id", SJ_PUBLICATION_ID), want("channel", SJ_PUBLICATION_CHANNEL)};

}  // namespace

sj_parser *sj_parser_create(void) { return new (std::nothrow) sj_parser(); }

void sj_parser_destroy(sj_parser *parser) { delete parser; }

int32_t sj_parse(sj_parser *parser, const uint8_t *bytes, size_t length, sj_tape *tape) {
    // Newer versions of simdjson drop a byte-order mark by themselves; the caller has already dropped the one allowed.
    if (length >= 3 && std::memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) return simdjson::UTF8_ERROR;
    try {
        if (length > parser->dom.capacity()) {
            size_t capacity = least_capacity;
            while (capacity < length) capacity *= 2;
            const auto error = parser->dom.allocate(capacity, max_depth);
            if (error) return error;
        }
        const auto result = parser->dom.parse(bytes, length, false);
        if (result.error()) return result.error();
    } catch (...) {
        return simdjson::MEMALLOC;
    }
    tape->words = parser->dom.doc.tape.get();
    tape->text = parser->dom.doc.string_buf.get();
    return simdjson::SUCCESS;
}

void sj_read_cloud_event(sj_tape tape, uint64_t object, sj_slot *slots) {
    clear(slots, SJ_CE_TYPE, SJ_ENVELOPE_ID);
    read(tape, object, cloud_event, slots);
}

void sj_read_envelope(sj_tape tape, uint64_t object, sj_slot *slots) {
    clear(slots, SJ_ENVELOPE_ID, SJ_CUSTOMER);
    read(tape, object, envelope, slots);
    read_nested(tape, SJ_ENVELOPE_SOURCE, envelope_source, slots);
    read_nested(tape, SJ_ENVELOPE_EVENT, envelope_event, slots);
}

void sj_read_event(sj_tape tape, uint64_t object, sj_slot *slots) {
    clear(slots, SJ_CUSTOMER, SJ_MEMBER_COUNT);
    read(tape, object, event, slots);
    read_nested(tape, SJ_CUSTOMER, customer, slots);
    read_nested(tape, SJ_VOUCHER, voucher, slots);
    read_nested(tape, SJ_CAMPAIGN, campaign, slots);
    read_nested(tape, SJ_RULE, rule, slots);
    read_nested(tape, SJ_RULE_LOYALTY, rule_loyalty, slots);
    read_nested(tape, SJ_BALANCE, balance, slots);
    read_nested(tape, SJ_BALANCE_RELATED, balance_related, slots);
    read_nested(tape, SJ_ORDER, order, slots);
    read_nested(tape, SJ_TRIGGER, trigger, slots);
    read_nested(tape, SJ_PUBLICATION, publication, slots);
}
