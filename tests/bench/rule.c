/* What the multipath detection algorithm costs by its rule: rule SEEDS prints the mean number of
 * probes that the reference of tests/multipath_made.h takes for tests/lab/diamond.lab over IPv4,
 * one probe at a time, without repeating any, and the standard error of that mean. */
#include "tests/multipath_made.h"

#include <math.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	unsigned seeds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	double sum = 0, squares = 0, mean;
	struct net g = { .ttls = 4 };

	if (seeds < 2)
		return 2;
	lead(&g, 0, 1, 1); /* r1 */
	lead(&g, 1, 2, 5); /* a b c d */
	for (unsigned i = 2; i <= 5; i++)
		lead(&g, i, 6, 6); /* r2 */
	lead(&g, 6, 7, 7);
	for (unsigned i = 0; i < seeds; i++) {
		unsigned probes;

		g.seed = sonde_random_at(i + 1);
		g.serial = 0;
		probes = reference(&g);
		sum += probes;
		squares += (double)probes * probes;
	}
	mean = sum / seeds;
	printf("%.3f %.3f\n", mean, sqrt((squares / seeds - mean * mean) / seeds));
	return 0;
}
