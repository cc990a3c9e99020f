#ifndef SONDE_RUN_LABSITE_H
#define SONDE_RUN_LABSITE_H

/* A lab that stands: its namespaces, cables, addresses, routes, rules and servers. All of it lives
 * in descriptors of this process, so nothing is left when that ends, however it ends.
 *
 * Namespaces come first, with their settings; then all cables; then what each node needs, in one
 * message a node. */

#include "lab/lab.h"
#include "run/labwire.h"
#include "sys/serve.h"

struct sonde_labsite {
	const struct sonde_lab *lab; /* borrowed */
	int *netns;		     /* by node; -1: a sim has none */
	int hosts;		     /* the names, as /etc/hosts of every node */
	int truth;		     /* what became of packets; -1: no link is carried by us */
	struct sonde_serve *serve;   /* NULL: no node serves */
	struct sonde_labwire *wire;  /* NULL: no link is carried by us */
};

struct sonde_labsite_error {
	unsigned line;	/* of the description; 0: none in particular */
	char what[512]; /* what failed, as "node r1: sysctl ipv4/ip_forward"; the code says why */
	bool told;	/* it says why itself */
	const char *without; /* static; which labs work where the kernel has not what failed, as
			      * "box and nft"; NULL: none */
};

/* lab is planned and stays as it is until close. 0, SONDE_RULES or -errno. Needs CAP_SYS_ADMIN and
 * CAP_NET_ADMIN (sonde_labsite_privilege). */
int sonde_labsite_open(struct sonde_labsite *ret, const struct sonde_lab *lab,
		       struct sonde_labsite_error *ret_error);

/* Makes us root of a user namespace of our own, unless we may make networks already; which it was
 * is told. 0 or -errno as sonde_userns_enter. */
int sonde_labsite_privilege(bool *ret_own);

/* What was opened or zero. */
void sonde_labsite_close(struct sonde_labsite *s);

#endif
