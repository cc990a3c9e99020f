#include "probe/trace_mtu.h"

enum {
	TRIES = 3,  /* that must be lost while small packets are answered; RFC 8899 section 5.1.2 */
	BLANKS = 5, /* that a hop may leave large and small ones unanswered */
	CHANGES = 4, /* of what is known, until the path is too unsteady */
};
#define REST SONDE_SECOND /* routers answer so often at least, RFC 1812 section 4.3.2.8 */

/* Sizes that links have: the plateaus of RFC 1191 section 7, and what tunnels and lines leave of
 * 1500. */
static const uint16_t usual[] = { 68,	296,  508,  552,  576,	1006, 1280,  1400,
				  1420, 1440, 1450, 1454, 1472, 1476, 1480,  1492,
				  1500, 2002, 4352, 8166, 9000, 9216, 17914, 32000 };
enum { USUAL = sizeof usual / sizeof *usual };

void sonde_trace_mtu_begin(struct sonde_trace_mtu *m, struct sonde_trace_mtu_hop *hop, unsigned end,
			   uint64_t answering, uint32_t base, bool six, sonde_ns now)
{
	*m = (struct sonde_trace_mtu){ .hop = hop,
				       .end = (uint8_t)end,
				       .answering = answering,
				       .base = base,
				       .least = six ? 1280 : 68,
				       .until = now + SONDE_TRACE_MTU_TIME,
				       .done = !end };
	for (unsigned t = 0; t <= end; t++) {
		hop[t].passed = base - 1;
		hop[t].stopped = SONDE_TRACE_MTU_TOP + 1;
	}
}

static bool answers(const struct sonde_trace_mtu *m, unsigned ttl)
{
	return m->answering >> (ttl - 1) & 1;
}

static bool is_settled(const struct sonde_trace_mtu_hop *h)
{
	return h->passed + 1 >= h->stopped;
}

/* ---- what is known ---- */

static void close_question(struct sonde_trace_mtu *m)
{
	m->size = 0;
	m->control = false;
	m->tries = m->blanks = 0;
}

/* Of what routers say that this size has passed; where one is that is not known as a hop, only the
 * end is behind it for certain. */
static void doubt_tellers(struct sonde_trace_mtu *m, unsigned ttl, uint32_t size)
{
	for (unsigned t = ttl == m->end ? 0 : 1; t < ttl; t++)
		if (m->hop[t].tells && !m->hop[t].doubt && m->hop[t].told < size)
			m->hop[t].doubt = SONDE_TRACE_MTU_PASSES;
}

/* This size has got to this hop, and so to all before it. */
static void know_passed(struct sonde_trace_mtu *m, unsigned ttl, uint32_t size)
{
	uint32_t most = m->hop[m->end].passed;

	if (ttl == m->end && size > most)
		m->passes = 1;
	else if (ttl == m->end && size == most && m->passes < 2)
		m->passes++;
	m->changes += m->hop[ttl].stopped <= size;
	for (unsigned t = 1; t <= ttl; t++) {
		struct sonde_trace_mtu_hop *h = &m->hop[t];

		h->passed = size > h->passed ? size : h->passed;
		if (h->stopped <= size) { /* an answer outweighs silence */
			h->stopped = (m->link ? m->link : SONDE_TRACE_MTU_TOP) + 1;
			h->why = SONDE_TRACE_MTU_LINK;
		}
	}
	doubt_tellers(m, ttl, size);
}

/* It does not get to this hop, and so to none behind it. */
static void know_stopped(struct sonde_trace_mtu *m, unsigned ttl, uint32_t size, uint8_t why,
			 uint8_t teller)
{
	m->changes += m->hop[ttl].passed >= size;
	for (unsigned t = ttl; t <= m->end; t++) {
		struct sonde_trace_mtu_hop *h = &m->hop[t];

		if (size < h->stopped) {
			h->stopped = size;
			h->why = why;
			h->teller = teller;
		}
		if (h->passed >= size) { /* the path has changed: from the beginning */
			h->passed = m->base - 1;
			m->passes = 0;
		}
	}
}

/* Nobody says that it was too big. But a router that has said how much its next link takes need not
 * say so each time. */
static void know_vanished(struct sonde_trace_mtu *m)
{
	for (unsigned t = 0; t < m->ttl; t++) {
		const struct sonde_trace_mtu_hop *h = &m->hop[t];

		if (h->tells && !h->doubt && m->size > h->told && m->size <= h->about) {
			know_stopped(m, t ? t + 1 : m->ttl, m->size, SONDE_TRACE_MTU_TOLD,
				     (uint8_t)t);
			return;
		}
	}
	if (m->ttl == m->end && m->size == m->hop[m->end].stopped)
		m->checked = m->size;
	know_stopped(m, m->ttl, m->size, SONDE_TRACE_MTU_VANISH, 0);
}

/* ---- what to ask ---- */

static bool is_usual(uint32_t size)
{
	for (unsigned i = 0; i < USUAL; i++)
		if (usual[i] == size)
			return true;
	return false;
}

/* The middle one of the usual sizes between these; 0: there is none. */
static uint32_t usual_between(uint32_t passed, uint32_t stopped)
{
	unsigned first = 0, end;

	while (first < USUAL && usual[first] <= passed)
		first++;
	for (end = first; end < USUAL && usual[end] < stopped;)
		end++;
	return end > first ? usual[first + (end - first) / 2] : 0;
}

/* Where there is something between what passes and what does not. */
static uint32_t size_for(const struct sonde_trace_mtu *m, const struct sonde_trace_mtu_hop *h)
{
	uint32_t size = usual_between(h->passed, h->stopped);

	if (m->want > h->passed && m->want < h->stopped)
		return m->want;
	if (h->why == SONDE_TRACE_MTU_LINK)
		return h->stopped - 1;
	if (h->passed == m->want || (!size && is_usual(h->passed)))
		return h->passed + 1; /* that may be all */
	return size ? size : h->passed + (h->stopped - h->passed) / 2;
}

/* Of the hops that this size is not known to reach, nor not to, up to this one, the middle. */
static unsigned middle(const struct sonde_trace_mtu *m, unsigned last, uint32_t size)
{
	unsigned n = 0, ttl = last;

	for (unsigned t = 1; t <= last; t++)
		n += answers(m, t) && m->hop[t].passed < size;
	for (n /= 2; ttl > 1; ttl--)
		if (answers(m, ttl) && m->hop[ttl].passed < size && !n--)
			break;
	return ttl;
}

static bool ask(struct sonde_trace_mtu *m, unsigned ttl, uint32_t size)
{
	m->ttl = (uint8_t)ttl;
	m->size = size;
	return true;
}

static bool needs_check(const struct sonde_trace_mtu *m)
{
	const struct sonde_trace_mtu_hop *end = &m->hop[m->end];

	return end->why == SONDE_TRACE_MTU_VANISH && m->checked != end->stopped;
}

/* The next question, from the end on: false: all is known. */
static bool choose(struct sonde_trace_mtu *m)
{
	const struct sonde_trace_mtu_hop *end = &m->hop[m->end];
	uint32_t beyond = 0; /* the smallest that does not reach the hop behind */

	for (unsigned t = m->end; t; t--) {
		const struct sonde_trace_mtu_hop *h = &m->hop[t];

		if (!answers(m, t))
			continue;
		if (!is_settled(h))
			return h->passed < beyond ? ask(m, middle(m, t, beyond), beyond)
						  : ask(m, t, size_for(m, h));
		if (t == m->end && h->passed < m->base)
			return false;
		if (t == m->end && m->passes < 2)
			return ask(m, t, end->passed);
		if (t == m->end && needs_check(m))
			return ask(m, t, end->stopped);
		beyond = h->stopped;
	}
	return false;
}

struct sonde_trace_mtu_ask sonde_trace_mtu_next(struct sonde_trace_mtu *m, sonde_ns now)
{
	struct sonde_trace_mtu_ask ret = { .until = UINT64_MAX };

	if (m->done || m->out)
		return ret;
	if (now < m->pause) {
		ret.until = m->pause;
		return ret;
	}
	m->done = m->probes == SONDE_TRACE_MTU_PROBES || now >= m->until || m->mute ||
		  m->changes > CHANGES || (!m->size && !choose(m));
	if (m->done)
		return ret;
	m->out = true;
	m->probes++;
	ret.ttl = m->ttl;
	ret.size = m->control ? m->base : m->size;
	return ret;
}

/* ---- what came of it ---- */

static bool is_asked(const struct sonde_trace_mtu *m, unsigned ttl, uint32_t size)
{
	return m->size == size && m->ttl == ttl;
}

void sonde_trace_mtu_reached(struct sonde_trace_mtu *m, unsigned ttl, uint32_t size, bool first)
{
	bool control = first && m->control;

	m->out = m->out && !first;
	know_passed(m, ttl, size);
	if (is_asked(m, ttl, size)) {
		close_question(m);
	} else if (control) {
		m->control = false;
		m->blanks = 0;
		if (++m->tries == TRIES) {
			know_vanished(m);
			close_question(m);
		}
	}
}

static uint8_t doubt_of(const struct sonde_trace_mtu *m, unsigned ttl, uint32_t size, uint32_t mtu)
{
	if (!mtu)
		return SONDE_TRACE_MTU_ZERO;
	if (mtu >= size)
		return SONDE_TRACE_MTU_NO_LESS;
	if (mtu < m->least)
		return SONDE_TRACE_MTU_LEAST;
	return mtu < m->hop[ttl].passed ? SONDE_TRACE_MTU_PASSES : SONDE_TRACE_MTU_BELIEVED;
}

/* What is believed stays, and what was doubted first; of several who are not known as hops the one
 * that says the least. */
static void keep_told(struct sonde_trace_mtu_hop *h, const struct sonde_trace_mtu_hop *says,
		      bool several)
{
	if (h->tells && (says->doubt || (several && !h->doubt && says->told >= h->told)))
		return;
	h->tells = true;
	h->doubt = says->doubt;
	h->told = says->told;
	h->about = says->about;
	h->from = says->from;
}

void sonde_trace_mtu_stopped(struct sonde_trace_mtu *m, unsigned ttl, uint32_t size, bool first,
			     unsigned hop, const struct sonde_address *from, uint32_t mtu)
{
	uint8_t doubt = doubt_of(m, ttl, size, mtu);

	m->out = m->out && !first;
	hop = hop < ttl ? hop : 0; /* who answers for the last one is no router on the way */
	keep_told(&m->hop[hop],
		  &(struct sonde_trace_mtu_hop){
			  .doubt = doubt, .told = mtu, .about = size, .from = *from },
		  !hop);
	if (!doubt)
		m->want = mtu;
	if (hop)
		know_passed(m, hop, size);
	know_stopped(m, hop ? hop + 1 : ttl, size, SONDE_TRACE_MTU_TOLD, (uint8_t)hop);
	if (is_asked(m, ttl, size))
		close_question(m);
}

void sonde_trace_mtu_refused(struct sonde_trace_mtu *m, uint32_t mtu)
{
	bool told = mtu && mtu < m->size;

	m->out = false;
	if (!m->size)
		return;
	m->link = told ? mtu : 0;
	know_stopped(m, 1, told ? mtu + 1 : m->size,
		     told ? SONDE_TRACE_MTU_LINK : SONDE_TRACE_MTU_TOLD, 0);
	close_question(m);
}

void sonde_trace_mtu_lost(struct sonde_trace_mtu *m, sonde_ns now)
{
	m->out = false;
	if (!m->size)
		return;
	if (!m->control) {
		m->control = true;
		return;
	}
	/* Neither is answered, which says nothing of sizes. */
	m->control = false;
	m->pause = now + REST;
	if (++m->blanks < BLANKS)
		return;
	m->answering &= ~(1ull << (m->ttl - 1));
	m->mute = m->ttl == m->end;
	close_question(m);
}

/* ---- what was found ---- */

uint32_t sonde_trace_mtu_path(const struct sonde_trace_mtu *m)
{
	const struct sonde_trace_mtu_hop *end = &m->hop[m->end];

	return m->end && end->passed >= m->base && is_settled(end) ? end->passed : 0;
}

bool sonde_trace_mtu_is_confirmed(const struct sonde_trace_mtu *m)
{
	return sonde_trace_mtu_path(m) && m->passes >= 2 && !needs_check(m) &&
	       m->changes <= CHANGES;
}

int sonde_trace_mtu_hole(const struct sonde_trace_mtu *m, unsigned ttl, unsigned *ret_before)
{
	uint32_t size = m->hop[ttl].stopped;
	unsigned behind = ttl - 1;

	if (m->hop[ttl].why != SONDE_TRACE_MTU_VANISH)
		return -1;
	while (behind && m->hop[behind].passed < size)
		behind--;
	*ret_before = behind + 1;
	while (m->hop[*ret_before].stopped > size)
		++*ret_before;
	return (int)behind;
}

const char *sonde_trace_mtu_doubt(uint8_t doubt)
{
	static const char *const words[] = { NULL, "it does not say how much",
					     "that is no less than what it refuses",
					     "every link takes more", "more passes" };

	return words[doubt];
}
