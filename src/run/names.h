#ifndef SONDE_RUN_NAMES_H
#define SONDE_RUN_NAMES_H

/* Names for addresses and ports, from what is at hand, so that nobody waits for them and nothing is
 * sent to ask: what a capture tells (name resolution blocks, and the answers of DNS in it), then
 * /etc/hosts and /etc/services. What is not known when a line is printed is a number there. */

#include "base/arena.h"
#include "packet/packet.h"
#include "packet/summary.h"

enum { SONDE_NAMES_MOST = 1 << 16 }; /* what comes after so many is not learned */

enum sonde_names_from { /* a later one counts for more */
			SONDE_NAMES_HOSTS,
			SONDE_NAMES_ANSWER,
			SONDE_NAMES_FILE,
};

struct sonde_names_entry;

struct sonde_names {
	struct sonde_arena arena;
	struct sonde_names_entry *entry; /* a table of addresses and ports together */
	size_t room, n;
};

/* Reads /etc/hosts and /etc/services, as far as they are there. */
void sonde_names_init(struct sonde_names *names);
void sonde_names_done(struct sonde_names *names);

/* The address, of 4 or 16 bytes, has this name. One that is no name is passed over: without a
 * letter, or longer than SONDE_MANNER_NAME_MAX once it is escaped. */
void sonde_names_learn(struct sonde_names *names, enum sonde_names_from from,
		       const uint8_t *address, size_t address_len, struct sonde_bytes name);

/* Learns from what DNS answers in this packet. */
void sonde_names_hear(struct sonde_names *names, const struct sonde_packet *p);

/* For struct sonde_manner; arg is the names. */
const char *sonde_names_host(void *arg, const uint8_t *address, unsigned len);
const char *sonde_names_port(void *arg, uint8_t protocol, uint16_t port);

#endif
