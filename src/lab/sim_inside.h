#ifndef SONDE_LAB_SIM_INSIDE_H
#define SONDE_LAB_SIM_INSIDE_H

/* A packet on its way through a sim, and the answers to it. */

#include <sys/socket.h>

#include "lab/sim.h"
#include "packet/draft.h"
#include "packet/tuple.h"

enum { SONDE_SIM_ROOM = 66000 }; /* of a frame: as long as the longest that is answered */

struct sonde_sim_packet {
	struct sonde_sim *sim;
	const struct sonde_lab_end *end; /* where it came in */
	const struct sonde_packet *p;	 /* Ethernet, IP, and what is in it */
	struct sonde_tuple t;
	unsigned ttl;  /* as it came */
	uint32_t len;  /* of the IP packet, all of which is there */
	unsigned hops; /* between here and who answers */
	sonde_ns due;  /* of the answer */
	sonde_sim_emit emit;
	void *arg;
	int emitted;
};

static inline bool sonde_sim_is_v6(const struct sonde_sim_packet *x)
{
	return x->t.dst.family == AF_INET6;
}

/* What a hop tells of a packet that ends there. */
enum sonde_sim_error {
	SONDE_SIM_TIME_EXCEEDED,
	SONDE_SIM_TOO_BIG,
	SONDE_SIM_NET_UNREACHABLE,
	SONDE_SIM_HOST_UNREACHABLE,
	SONDE_SIM_PROHIBITED,
	SONDE_SIM_PORT_UNREACHABLE,
	SONDE_SIM_PROTOCOL_UNREACHABLE,
};

void sonde_sim_tell(struct sonde_sim_packet *x, const struct sonde_sim_hop *h,
		    const struct sonde_address *from, enum sonde_sim_error error);

/* The answer of a host to what is for it. */
void sonde_sim_serve(struct sonde_sim_packet *x, const struct sonde_sim_hop *h);

/* The draft begins with Ethernet and IP, back to whence the packet came. */
void sonde_sim_begin(struct sonde_sim_packet *x, struct sonde_draft *d,
		     const struct sonde_address *from, unsigned ttl);

/* Ends it and sends it as often as the hop says; its loss and wrong sum are seen to here. */
void sonde_sim_send(struct sonde_sim_packet *x, struct sonde_draft *d,
		    const struct sonde_sim_hop *h);

/* Whether a chance, in parts of a million, comes true. */
bool sonde_sim_chance(struct sonde_sim *s, uint32_t chance);

#endif
