#include "base/near.h"

#include <string.h>

enum { NAME_MOST = 64 };

unsigned sonde_near(const char *a, size_t n, const char *b, unsigned most)
{
	unsigned row[NAME_MOST + 1], before, here;
	size_t m = strlen(b);

	if (n > NAME_MOST || m > n + most || n > m + most)
		return most + 1;
	for (unsigned i = 0; i <= n; i++)
		row[i] = i;
	for (size_t k = 0; k < m; k++) {
		before = row[0];
		row[0] = (unsigned)k + 1;
		for (size_t i = 0; i < n; i++) {
			here = row[i + 1];
			if (a[i] != b[k])
				before++;
			if (before > here + 1)
				before = here + 1;
			if (before > row[i] + 1)
				before = row[i] + 1;
			row[i + 1] = before;
			before = here;
		}
	}
	return row[n];
}
