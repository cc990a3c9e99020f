#ifndef SONDE_BASE_NEAR_H
#define SONDE_BASE_NEAR_H

#include <stddef.h>

/* Letters to add, leave out, change or swap with their neighbour to make b of the n bytes at a;
 * more than most is not told apart. */
unsigned sonde_near(const char *a, size_t n, const char *b, unsigned most);

#endif
