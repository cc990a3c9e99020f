#ifndef SONDE_BASE_NEAR_H
#define SONDE_BASE_NEAR_H

#include <stddef.h>

/* Letters to add, leave out or change to make b of the n bytes at a (Levenshtein); more than most
 * is not told apart. */
unsigned sonde_near(const char *a, size_t n, const char *b, unsigned most);

#endif
