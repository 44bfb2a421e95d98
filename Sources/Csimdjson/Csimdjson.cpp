#include "Csimdjson.h"
#include "Parser.hpp"
#include "Wanted.hpp"

#include <cstring>
#include <new>

namespace {

constexpr uint64_t payload_mask = 0x00FFFFFFFFFFFFFF;

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

void read(sj_tape tape, uint64_t object, part of, sj_slot *slots, int level) {
    with_names(of, [=](auto names) {
        const uint64_t end = (tape.words[object] & 0xFFFFFFFF) - 1;
        for (uint64_t index = object + 1; index < end; index = after(tape.words, index + 1)) {
            const uint8_t *key = tape.text + (tape.words[index] & payload_mask);
            const wanted *name = names.find(key + sizeof(uint32_t), text_length(key));
            if (name) fill(tape, index + 1, slots[name->member]);
        }
        // Only now is it known which of the repeated ones counts.
        names.for_each_object([=](const wanted &name) {
            if (slots[name.member].kind != SJ_OBJECT) return;
            const uint64_t inside = static_cast<uint64_t>(slots[name.member].number);
            if (name.inside != part::level) {
                read(tape, inside, name.inside, slots, level);
            } else if (level + 1 < SJ_LEVELS) {
                clear_level(slots + SJ_MEMBER_COUNT);
                read(tape, inside, part::level, slots + SJ_MEMBER_COUNT, level + 1);
            }
        });
    });
}

inline void put_word(uint8_t *target, uint32_t word) {
    for (int byte = 0; byte < 4; ++byte) target[byte] = static_cast<uint8_t>(word >> (8 * byte));
}

/// A copy of few bytes, by one block from each end where that is enough.
inline void copy(uint8_t *target, const uint8_t *source, size_t length) {
    constexpr size_t block = 16;
    if (length > 2 * block || length < block) {
        std::memcpy(target, source, length);
    } else {
        std::memcpy(target, source, block);
        std::memcpy(target + length - block, source + length - block, block);
    }
}

}  // namespace

sj_parser *sj_parser_create(void) { return new (std::nothrow) sj_parser(); }

void sj_parser_destroy(sj_parser *parser) { delete parser; }

int32_t sj_parse(sj_parser *parser, const uint8_t *bytes, size_t length, sj_tape *tape) {
    // Newer versions of simdjson drop a byte-order mark by themselves; the caller has already dropped the one allowed.
    if (length >= 3 && std::memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) return simdjson::UTF8_ERROR;
    try {
        if (length > parser->dom.capacity()) {
            const auto error = parser->dom.allocate(capacity_for(length), max_depth);
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

void sj_read(sj_tape tape, sj_slot *slots) {
    clear_level(slots);
    read(tape, 1, part::level, slots, 0);
}

size_t sj_texts_length(const sj_slot *slots, size_t count) {
    size_t length = 0;
    for (const sj_slot *slot = slots; slot < slots + count; ++slot) {
        if (slot->kind == SJ_STRING) length += slot->length;
    }
    return length;
}

void sj_write_texts(const sj_slot *slots, size_t count, uint8_t *target) {
    uint8_t *const texts = target + 4 + 4 * count;
    uint32_t present = 0;
    uint32_t end = 0;
    for (size_t index = 0; index < count; ++index) {
        const sj_slot &slot = slots[index];
        if (slot.kind == SJ_STRING) {
            copy(texts + end, slot.text, slot.length);
            present |= uint32_t(1) << index;
            end += slot.length;
        }
        put_word(target + 4 + 4 * index, end);
    }
    put_word(target, present);
}
