#include "Csimdjson.h"
#include "Parser.hpp"
#include "Wanted.hpp"

#include <cstring>

// The quick way to the core of an event: simdjson finds the structure of the text, and one walk over it checks the
// grammar and notes the wanted members. There is no tape and no copy.
//
// What it guarantees: a text for which it answers is exactly one RFC 8259 text, in UTF-8 and no deeper than max_depth,
// whose top level is an object, and the slots are what the tape of either parser would give. It never decides that a text
// is invalid. It gives up on that as on whatever is unusual: a wanted member that is repeated, an escape in a wanted
// text or in a key beside one, a byte-order mark.
//
// What it relies on, of simdjson's first stage:
// - The text is valid UTF-8, every string is closed and has no unescaped control character.
// - The indexes name, in order, each of {}[]:, outside strings, the first byte of each string, and each byte that
//   begins a run of anything else but blanks. The bytes are not checked further: an index may name any byte.
// - Nothing behind the text is read: the last block is copied first.
//
// No index is taken behind the last one: that one is a closing brace, which the walk passes only to close an object.

namespace {

/// As the strict parser; 32-bit indexes and lengths hold far more.
constexpr size_t max_length = size_t(1) << 30;

inline bool is_blank(uint8_t byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }
inline bool is_digit(uint8_t byte) { return uint8_t(byte - '0') < 10; }
inline bool opens(uint8_t byte) { return byte == '{' || byte == '['; }
inline bool is_hex(uint8_t byte) { return is_digit(byte) || uint8_t((byte | 0x20) - 'a') < 6; }

/// Whether a number or literal that was read up to `at` ends there. `stop` is the next index, before which there can be
/// nothing but blanks once there is one.
inline bool ends(const uint8_t *at, const uint8_t *stop) { return at == stop || is_blank(*at); }

template <size_t N>
inline bool is_literal(const char (&literal)[N], const uint8_t *at, const uint8_t *stop) {
    constexpr size_t length = N - 1;
    return size_t(stop - at) >= length && std::memcmp(at, literal, length) == 0 && ends(at + length, stop);
}

inline bool skip_digits(const uint8_t *&at, const uint8_t *stop) {
    const uint8_t *first = at;
    while (at < stop && is_digit(*at)) ++at;
    return at > first;
}

bool is_number(const uint8_t *at, const uint8_t *stop) {
    if (*at == '-') ++at;
    const uint8_t *first = at;
    if (!skip_digits(at, stop) || (*first == '0' && at > first + 1)) return false;
    if (ends(at, stop)) return true;
    if (*at == '.' && !skip_digits(++at, stop)) return false;
    if (at < stop && (*at | 0x20) == 'e') {
        ++at;
        if (at < stop && (*at == '+' || *at == '-')) ++at;
        if (!skip_digits(at, stop)) return false;
    }
    return ends(at, stop);
}

/// Whether this is a number of one to seven digits, without a loop. Reads eight bytes.
inline bool is_short_integer(const uint8_t *at, const uint8_t *stop) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    // A byte that is a digit is now below ten; adding 0x76 carries every other one into its top bit.
    word ^= 0x3030303030303030;
    const uint64_t others = (((word & 0x7F7F7F7F7F7F7F7F) + 0x7676767676767676) | word) & 0x8080808080808080;
    if (others == 0) return false;
    const unsigned digits = unsigned(__builtin_ctzll(others)) / 8;
    return digits > 0 && (digits == 1 || *at != '0') && ends(at + digits, stop);
#else
    return false;
#endif
}

bool is_any_scalar(const uint8_t *at, const uint8_t *stop) {
    switch (*at) {
    case 'n':
        return is_literal("null", at, stop);
    case 't':
        return is_literal("true", at, stop);
    case 'f':
        return is_literal("false", at, stop);
    default:
        return is_number(at, stop);
    }
}

/// Fills the slot from a valid number, as an integer if it is one in few digits.
inline void fill_number(const uint8_t *at, const uint8_t *stop, sj_slot &slot) {
    constexpr int safe_digits = 18;
    const bool negative = *at == '-';
    if (negative) ++at;
    int64_t value = 0;
    int digits = 0;
    for (; at < stop && is_digit(*at) && digits < safe_digits; ++at, ++digits) value = value * 10 + (*at - '0');
    slot.kind = ends(at, stop) ? SJ_INTEGER : SJ_INEXACT;
    slot.number = negative ? -value : value;
}

/// Whether every backslash begins an escape that JSON knows. One outside a string is left to the walk.
inline bool has_valid_escapes(const uint8_t *at, const uint8_t *end) {
    while ((at = static_cast<const uint8_t *>(std::memchr(at, '\\', size_t(end - at))))) {
        if (end - at < 2) return false;
        switch (at[1]) {
        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
            at += 2;
            break;
        case 'u':
            if (end - at < 6 || !is_hex(at[2]) || !is_hex(at[3]) || !is_hex(at[4]) || !is_hex(at[5])) return false;
            at += 6;
            break;
        default:
            return false;
        }
    }
    return true;
}

/// Each step takes the place of the next index and returns the place behind what it has read, or null to give up.
/// Texts without any escape have a walk of their own, which need not look for them.
template <bool has_escapes>
class core_walk {
    using place = const uint32_t *;

    const uint8_t *const bytes;
    const uint8_t *const bytes_end;
    /// A scalar that ends in front of this has seven more bytes behind it.
    const size_t short_end;
    /// Behind the last index.
    const place end;
    sj_slot *const last_level;

    /// Finds the text of a string that begins at one index and is followed by another; false if it has an escape.
    bool text(uint32_t start, uint32_t stop, const uint8_t *&text, uint32_t &length) const {
        uint32_t quote = stop - 1;
        if (bytes[quote] != '"') {
            while (is_blank(bytes[quote])) --quote;
        }
        if (quote <= start || bytes[quote] != '"') return false;
        text = bytes + start + 1;
        length = quote - start - 1;
        return !has_escapes || !std::memchr(text, '\\', length);
    }

    /// Whether there is a number or literal at the first index; the next one follows.
    [[gnu::always_inline]] bool is_scalar(place next) const {
        const uint8_t *at = bytes + next[0];
        const uint8_t *stop = bytes + next[1];
        if (next[1] < short_end) {
            if (is_short_integer(at, stop)) return true;
            if (std::memcmp(at, "null", 4) == 0) return ends(at + 4, stop);
        }
        return is_any_scalar(at, stop);
    }

    /// Skips the rest of a container of which the bracket has been taken, `depth` others being open.
    place skip_container(place next, size_t depth) const {
        bool is_object[max_depth + 1];
        const size_t outside = depth;
    opened:
        if (depth == max_depth) return nullptr;
        ++depth;
        if (bytes[next[-1]] == '[') goto array;
        is_object[depth] = true;
        if (bytes[*next] == '}') {
            ++next;
            goto closed;
        }
    member:
        if (bytes[next[0]] != '"' || bytes[next[1]] != ':') return nullptr;
        next += 3;
        if (bytes[next[-1]] != '"') {
            if (opens(bytes[next[-1]])) goto opened;
            if (!is_scalar(next - 1)) return nullptr;
        }
    behind_member:
        if (bytes[*next++] == ',') goto member;
        if (bytes[next[-1]] != '}') return nullptr;
        goto closed;
    array:
        is_object[depth] = false;
        if (bytes[*next] == ']') {
            ++next;
            goto closed;
        }
    element:
        ++next;
        if (bytes[next[-1]] != '"') {
            if (opens(bytes[next[-1]])) goto opened;
            if (!is_scalar(next - 1)) return nullptr;
        }
    behind_element:
        if (bytes[*next++] == ',') goto element;
        if (bytes[next[-1]] != ']') return nullptr;
    closed:
        // The top level, at least, is still open.
        if (next == end) return nullptr;
        --depth;
        if (depth == outside) return next;
        if (is_object[depth]) goto behind_member;
        goto behind_element;
    }

    [[gnu::always_inline]] place skip_value(place next, size_t depth) const {
        if (bytes[*next] == '"') return next + 1;
        if (opens(bytes[*next])) return skip_container(next + 1, depth);
        return is_scalar(next) ? next + 1 : nullptr;
    }

    /// Reads a wanted value that is no text.
    place read_value(place next, const wanted &name, sj_slot *slots, size_t depth) const {
        sj_slot &slot = slots[name.member];
        switch (bytes[*next]) {
        case '{': {
            slot.kind = SJ_OBJECT;
            const place behind = read_inside(next + 1, name.inside, slots, depth);
            if (!behind) return nullptr;
            slot.number = *next;
            slot.length = behind[-1] + 1 - *next;
            return behind;
        }
        case '[':
            slot.kind = SJ_ARRAY;
            return skip_container(next + 1, depth);
        case 'n':
            slot.kind = SJ_NULL;
            break;
        case 't':
        case 'f':
            slot.kind = SJ_BOOL;
            break;
        default:
            fill_number(bytes + next[0], bytes + next[1], slot);
        }
        return is_scalar(next) ? next + 1 : nullptr;
    }

    place read_inside(place next, part object, sj_slot *slots, size_t depth) const {
        if (object == part::none) return skip_container(next, depth);
        if (object == part::level) {
            if (slots == last_level) return skip_container(next, depth);
            slots += SJ_MEMBER_COUNT;
            clear_level(slots);
        }
        return with_names(object, [=](auto names) { return read_members(next, names, slots, depth + 1); });
    }

    /// Reads the rest of an object of which the brace has been taken; `depth` containers are open, with this one.
    template <typename Names>
    place read_members(place next, Names names, sj_slot *slots, size_t depth) const {
        if (bytes[*next] == '}') {
            ++next;
            return next != end || depth == 1 ? next : nullptr;
        }
        while (true) {
            if (bytes[next[0]] != '"' || bytes[next[1]] != ':') return nullptr;
            const uint8_t *key;
            uint32_t length;
            if (!text(next[0], next[1], key, length)) return nullptr;
            const wanted *name = names.find(key, length);
            next += 2;
            if (!name) {
                next = skip_value(next, depth);
            } else if (slots[name->member].kind != SJ_ABSENT) {
                return nullptr;
            } else if (bytes[*next] == '"') {
                sj_slot &slot = slots[name->member];
                slot.kind = SJ_STRING;
                if (!text(next[0], next[1], slot.text, slot.length)) return nullptr;
                ++next;
            } else {
                next = read_value(next, *name, slots, depth);
            }
            if (!next) return nullptr;
            if (bytes[*next++] == ',') continue;
            if (bytes[next[-1]] != '}') return nullptr;
            return next != end || depth == 1 ? next : nullptr;
        }
    }

  public:
    core_walk(const uint8_t *bytes, size_t length, const uint32_t *end, sj_slot *slots)
        : bytes(bytes), bytes_end(bytes + length), short_end(length < 8 ? 0 : length - 7), end(end),
          last_level(slots + (SJ_LEVELS - 1) * SJ_MEMBER_COUNT) {}

    bool read(const uint32_t *first, sj_slot *slots) const {
        if (end - first < 2 || bytes[first[0]] != '{' || bytes[end[-1]] != '}') return false;
        if (has_escapes && !has_valid_escapes(bytes, bytes_end)) return false;
        clear_level(slots);
        return read_members(first + 1, names_of<in_level>(), slots, 1) == end;
    }
};

}  // namespace

int32_t sj_walk(sj_parser *parser, const uint8_t *bytes, size_t length, sj_slot *slots) {
    if (length > max_length) return false;
    auto &stage = parser->stage;
    if (!stage || stage->capacity() < length) {
        const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
            capacity_for(length), max_depth, stage);
        if (error) return false;
    }
    if (stage->stage1(bytes, length, simdjson::stage1_mode::regular)) return false;
    const uint32_t *first = stage->structural_indexes.get();
    const uint32_t *end = first + stage->n_structural_indexes;
    if (!std::memchr(bytes, '\\', length)) return core_walk<false>(bytes, length, end, slots).read(first, slots);
    return core_walk<true>(bytes, length, end, slots).read(first, slots);
}
