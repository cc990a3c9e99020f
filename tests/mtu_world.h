#ifndef SONDE_TESTS_MTU_WORLD_H
#define SONDE_TESTS_MTU_WORLD_H

/* The invented network of trace_world.h with links that do not take every packet. */

#include <errno.h>

#include "probe/say_trace.h"
#include "tests/trace_world.h"

struct mtu_world_hop {
	uint32_t mtu;  /* of the link behind it; 0: as much as can be */
	uint32_t says; /* of it; 0: the truth */
	bool hush;     /* it says nothing */
	sonde_ns gap;  /* between two of its answers, at least */
	sonde_ns answered;
};

struct mtu_world {
	uint32_t link; /* what our own takes */
	struct mtu_world_hop hop[PATH_MOST + 1];
	unsigned sized, refused; /* probes that are none of the usual ones */
};

static inline void mtu_refuse(struct path_world *w, const struct sonde_step *s, uint32_t mtu)
{
	struct sonde_arrival a = { .is = SONDE_ARRIVAL_REFUSED,
				   .token = s->token,
				   .error = EMSGSIZE,
				   .mtu = mtu,
				   .now = w->now,
				   .real = w->now };

	sonde_trace_hear(&w->p, &a);
}

static inline void mtu_too_big(struct path_world *w, const struct sonde_step *s, unsigned k,
			       uint32_t says)
{
	struct sonde_address from = path_address(false, s->to->ip[1], k);
	struct path_answer *a = &w->waiting[w->n_waiting++];
	struct sonde_step quoted = *s; /* of which little is quoted */
	struct sonde_draft d;

	ck_assert_uint_lt(w->n_waiting, PATH_WAITING);
	a->at = w->now + k * MS;
	sonde_draft_init(&d, a->byte, PATH_BYTES);
	push_path_ip(&d, &from, false, 65 - k);
	quoted.byte.len = quoted.byte.len < PATH_BYTES / 2 ? quoted.byte.len : PATH_BYTES / 2;
	path_error(w, &w->hop[s->to->ip[1]][k], &quoted, &d, 3, 4);
	sonde_store((uint8_t *)(uintptr_t)d.p.byte + 26, 2, says);
	sonde_store((uint8_t *)(uintptr_t)d.p.byte + 29, 1, 0x20); /* it has changed the class */
	a->len = (uint32_t)sonde_draft_encode(&d);
}

/* Whether the links have dealt with this probe. */
static inline bool mtu_carry(struct path_world *w, const struct sonde_step *s)
{
	struct mtu_world *m = w->links_of;
	unsigned len = (unsigned)s->byte.len + 20, end = w->length[s->to->ip[1]];
	struct mtu_world_hop *h;

	end = s->ttl < end ? s->ttl : end;
	h = &m->hop[end];
	m->sized += len != 60;
	if (len > m->link) {
		m->refused++;
		mtu_refuse(w, s, m->link);
		return true;
	}
	for (unsigned k = 1; k < end; k++)
		if (m->hop[k].mtu && len > m->hop[k].mtu) {
			if (!m->hop[k].hush)
				mtu_too_big(w, s, k,
					    m->hop[k].says ? m->hop[k].says : m->hop[k].mtu);
			return true;
		}
	if (h->gap && h->answered && w->now < h->answered + h->gap)
		return true;
	h->answered = w->now;
	return false;
}

/* m lives as long as the world. */
static inline struct path_world *mtu_new(struct mtu_world *m, struct sonde_trace_plan plan,
					 unsigned length)
{
	struct path_world *w = path_new(plan, 1, length);

	w->links = mtu_carry;
	w->links_of = m;
	return w;
}

#endif
