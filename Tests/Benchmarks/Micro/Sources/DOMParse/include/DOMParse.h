#ifndef DOMPARSE_H
#define DOMPARSE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// simdjson's DOM parse with nothing around it: the measure of the decoder.
typedef struct dom_parser dom_parser;

/// NULL when memory is short. Lives as long as the process.
dom_parser *dom_parser_create(void);

/// Parses `length` bytes, 64 readable ones behind them, in place and in reused buffers. Returns the words of the tape, or
/// 0 if the text was refused.
uint64_t dom_parse(dom_parser *parser, const uint8_t *bytes, size_t length);

#ifdef __cplusplus
}
#endif

#endif
