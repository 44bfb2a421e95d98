#ifndef PARSER_HPP
#define PARSER_HPP

#include <simdjson.h>

#include <cstddef>
#include <memory>

/// Each half grows on its own: most texts never need the tape.
struct sj_parser {
    simdjson::dom::parser dom;
    /// Used for its first stage alone, which finds the structure of a text.
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
};

// simdjson does not count an empty container as a level, so 512 here lets through nothing deeper than 512.
constexpr std::size_t max_depth = 512;

/// The buffers for a text of `length` bytes, in powers of two.
inline std::size_t capacity_for(std::size_t length) {
    std::size_t capacity = 16 * 1024;
    while (capacity < length) capacity *= 2;
    return capacity;
}

#endif
