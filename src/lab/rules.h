#ifndef SONDE_LAB_RULES_H
#define SONDE_LAB_RULES_H

/* The shorthands of `box` and `silent` as chains of nftables, for the table "inet lab". They hold
 * for IPv4 and IPv6 alike. What is dropped is dropped where the packet passes, or where the kernel
 * itself made it: in front of a program that sends, a drop would be an error, not a loss. */

#include "lab/lab.h"

/* Appends to lab.rule what the node's box words ask for; interfaces have their names already. */
void sonde_rules_box(struct sonde_lab *lab, unsigned node);

/* Raw rules as they go into the table: chains, sets and the like stay as they are; bare rules stand
 * in a chain that sees what a router forwards, or what comes to a host. */
const char *sonde_rules_raw(struct sonde_arena *arena, enum sonde_lab_kind kind, unsigned line,
			    const char *text, size_t len);

#endif
