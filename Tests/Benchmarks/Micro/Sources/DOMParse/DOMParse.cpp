#include "DOMParse.h"

#include <simdjson.h>

#include <new>

struct dom_parser {
    simdjson::dom::parser parser;
};

dom_parser *dom_parser_create(void) { return new (std::nothrow) dom_parser(); }

uint64_t dom_parse(dom_parser *parser, const uint8_t *bytes, size_t length) {
    try {
        if (parser->parser.parse(bytes, length, false).error()) return 0;
    } catch (...) {
        return 0;
    }
    // The first word holds the index of the last one.
    return (parser->parser.doc.tape[0] & 0x00FFFFFFFFFFFFFF) + 1;
}
