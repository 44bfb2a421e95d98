#ifndef COUNTING_H
#define COUNTING_H

#include <stdint.h>

/// The bounds of what is counted: callgrind knows them by name, and clears its counters at the one and writes them down at
/// the other. `counting_end` returns how often memory was allocated between them, by any thread.
void counting_begin(void);
uint64_t counting_end(void);

#endif
