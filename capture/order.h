#ifndef SONDE_CAPTURE_ORDER_H
#define SONDE_CAPTURE_ORDER_H

/* A block of a pcapng section in the other byte order, turned to this machine's. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In place; len is what there is, a multiple of 4, whatever the block says. False: what the block
 * holds is not known, so it cannot be turned. Bytes of unknown options stay as they are. */
bool sonde_order_turn(uint8_t *block, size_t len);

#endif
