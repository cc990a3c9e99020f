#include "base/near.h"

#include <string.h>

enum { NAME_MOST = 64 };

/* Row k + 1 of the table: the first k + 1 letters of b against all beginnings of a. */
static void next_row(const char *a, size_t n, const char *b, size_t k,
		     unsigned row[3][NAME_MOST + 1])
{
	memmove(row[0], row[1], 2 * sizeof row[0]);
	row[2][0] = (unsigned)k + 1;
	for (size_t i = 0; i < n; i++) {
		unsigned best = row[1][i] + (a[i] != b[k]);

		if (best > row[1][i + 1] + 1)
			best = row[1][i + 1] + 1;
		if (best > row[2][i] + 1)
			best = row[2][i] + 1;
		if (i && k && a[i] == b[k - 1] && a[i - 1] == b[k] && best > row[0][i - 1] + 1)
			best = row[0][i - 1] + 1;
		row[2][i + 1] = best;
	}
}

unsigned sonde_near(const char *a, size_t n, const char *b, unsigned most)
{
	unsigned row[3][NAME_MOST + 1] = { { 0 } };
	size_t m = strlen(b);

	if (n > NAME_MOST || m > n + most || n > m + most)
		return most + 1;
	for (unsigned i = 0; i <= n; i++)
		row[2][i] = i;
	for (size_t k = 0; k < m; k++)
		next_row(a, n, b, k, row);
	return row[2][n];
}
