#include "probe/flight.h"

#include <sys/socket.h>

void sonde_flight_init(struct sonde_flight *f, struct sonde_arena *a,
		       const struct sonde_secret *secret, uint64_t room)
{
	uint64_t n = 256;

	while (n < room && n < 1 << 20)
		n *= 2;
	*f = (struct sonde_flight){ .secret = *secret, .room = n };
	f->ring = sonde_arena_take(a, n * sizeof *f->ring);
	f->start = (uint16_t)sonde_secret_hash(secret, "start", 5);
}

bool sonde_flight_has_room(const struct sonde_flight *f)
{
	return f->next - f->undecided + 1 < f->room; /* one may be left out */
}

static struct sonde_probe *slot(const struct sonde_flight *f, uint64_t serial)
{
	return &f->ring[serial & (f->room - 1)];
}

static uint64_t tag_of(const struct sonde_flight *f, uint64_t serial,
		       const struct sonde_address *to)
{
	uint8_t what[8 + 16 + 2];

	sonde_store(what, 8, serial);
	memcpy(what + 8, to->ip, 16);
	sonde_store(what + 24, 2, to->family);
	return sonde_secret_hash(&f->secret, what, sizeof what);
}

struct sonde_probe *sonde_flight_send(struct sonde_flight *f, uint32_t target,
				      const struct sonde_address *to, sonde_ns now)
{
	struct sonde_probe *p = slot(f, f->next);
	uint64_t serial;

	if (f->no_zero && !(uint16_t)(f->next + f->start)) {
		*p = (struct sonde_probe){ .is.serial = f->next++, .state = SONDE_PROBE_REFUSED };
		p = slot(f, f->next);
	}
	serial = f->next++;
	*p = (struct sonde_probe){ .is = { .serial = serial,
					   .tag = tag_of(f, serial, to),
					   .code = (uint16_t)(serial + f->start) },
				   .asked = now,
				   .target = target,
				   .state = SONDE_PROBE_OUT };
	return p;
}

struct sonde_probe *sonde_flight_oldest(const struct sonde_flight *f)
{
	return f->undecided < f->next ? slot(f, f->undecided) : NULL;
}

void sonde_flight_decide(struct sonde_flight *f)
{
	f->undecided++;
}

/* The youngest probe whose serial has these low bits, then the one before it; NULL: forgotten. */
static struct sonde_probe *youngest(const struct sonde_flight *f, uint64_t low, uint64_t modulus)
{
	uint64_t serial;

	if (!f->next)
		return NULL;
	serial = f->next - 1 - ((f->next - 1 - low) & (modulus - 1));
	return serial < f->next && f->next - serial <= f->room ? slot(f, serial) : NULL;
}

static struct sonde_probe *before(const struct sonde_flight *f, const struct sonde_probe *p)
{
	uint64_t serial = p->is.serial - (1 << 16);

	return p->is.serial >= 1 << 16 && f->next - serial <= f->room ? slot(f, serial) : NULL;
}

struct sonde_probe *sonde_flight_token(const struct sonde_flight *f, uint32_t token)
{
	return youngest(f, token, 1ull << 32);
}

bool sonde_flight_sent(struct sonde_flight *f, const struct sonde_wall *w, uint32_t token,
		       sonde_ns stamp, sonde_ns now)
{
	struct sonde_probe *p = sonde_flight_token(f, token);
	sonde_ns sent = p && stamp ? sonde_wall_map(w, stamp, p->asked, now) : 0;

	if (!p || (stamp && !sent))
		return false;
	if (!p->left)
		p->left = now;
	if (sent && !p->sent) {
		p->sent = sent;
		p->steps = (uint8_t)w->steps;
	}
	return true;
}

bool sonde_flight_queued(struct sonde_flight *f, const struct sonde_wall *w, uint32_t token,
			 sonde_ns stamp, sonde_ns now)
{
	struct sonde_probe *p = sonde_flight_token(f, token);
	sonde_ns queued = p ? sonde_wall_map(w, stamp, p->asked, now) : 0;

	if (queued && !p->queued)
		p->queued = queued;
	return queued;
}

/* The same place of the network. Ports and scopes are asked elsewhere. */
static bool same_host(const struct sonde_address *a, const struct sonde_address *b)
{
	return a->family == b->family && !memcmp(a->ip, b->ip, 16);
}

/* What is quoted or returned of the payload begins with the secret; *ret_bits: of how many bits
 * that was. False only where they differ. */
static bool payload_fits(const struct sonde_probe *p, const struct sonde_method_look *look,
			 const struct sonde_answer *a, uint8_t *ret_bits)
{
	uint8_t sent[SONDE_METHOD_SERIAL];
	size_t n = p->is.size < sizeof sent ? p->is.size : sizeof sent;

	n = a->payload.len < n ? a->payload.len : n;
	sonde_method_payload(look, &p->is, sent, 0, n);
	*ret_bits = (uint8_t)(8 * (n < SONDE_METHOD_TAG ? n : SONDE_METHOD_TAG));
	return !n || !memcmp(sent, a->payload.at, n);
}

/* Whether the rest of an answer is what was sent. */
static bool payload_is_whole(const struct sonde_probe *p, const struct sonde_method_look *look,
			     const struct sonde_answer *a)
{
	uint8_t sent[256];

	if (a->is != SONDE_ANSWER_ECHO)
		return true;
	if (a->payload.len != p->is.size)
		return false;
	for (size_t at = 0, n; at < p->is.size; at += n) {
		n = p->is.size - at < sizeof sent ? p->is.size - at : sizeof sent;
		sonde_method_payload(look, &p->is, sent, at, n);
		if (memcmp(sent, a->payload.at + at, n))
			return false;
	}
	return true;
}

enum fit { OTHER, NAMED, WEAK, RIGHT }; /* the secret is: not asked, wrong, not there, right */

static bool is_group(const struct sonde_address *a)
{
	static const uint8_t all[4] = { 255, 255, 255, 255 };

	return a->family == AF_INET ? a->ip[0] >> 4 == 14 || !memcmp(a->ip, all, 4)
				    : a->ip[0] == 0xff;
}

static bool is_other_flow(const struct sonde_probe *p, const struct sonde_answer *a)
{
	return a->other_ident || (a->flow >= 0 && a->flow != p->is.flow);
}

/* How well a candidate fits, and the bits that say so. */
static enum fit fit(const struct sonde_probe *p, const struct sonde_method_look *look,
		    const struct sonde_answer *a, const struct sonde_address *to, uint8_t *ret_bits)
{
	bool there = !is_other_flow(p, a) && (look->via || same_host(&a->asked, &to[p->target]));
	uint8_t tag = 0, sum = 0;

	if (!payload_fits(p, look, a, &tag))
		return there ? NAMED : OTHER;
	if (a->has_low && a->low != (uint16_t)p->is.tag)
		return there ? NAMED : OTHER;
	/* A router in between may have changed the checksum with what it covers; the tag decides.
	 */
	if (a->has_sum && p->sum && a->sum != p->sum && tag < 64)
		return there ? NAMED : OTHER;
	/* That of UDP is the code. */
	sum = a->has_sum && p->sum == a->sum && p->sum && look->method != SONDE_METHOD_UDP ? 16 : 0;
	*ret_bits = (uint8_t)((is_other_flow(p, a) || a->is == SONDE_ANSWER_NEIGHBOUR ? 0 : 16) +
			      (a->has_code ? 16 : 0) + (a->has_low ? 16 : 0) + sum + tag);
	if (tag == 64)
		return RIGHT;
	/* Without the tag all that is there must be as it was sent. */
	return there ? WEAK : OTHER;
}

/* The probe that the payload names. */
static struct sonde_probe *by_serial(const struct sonde_flight *f, const struct sonde_answer *a)
{
	struct sonde_probe *p;
	uint64_t serial;

	if (a->payload.len < SONDE_METHOD_SERIAL)
		return NULL;
	serial = sonde_load(a->payload.at + SONDE_METHOD_TAG, 8);
	p = slot(f, serial);
	return p->state && p->is.serial == serial ? p : NULL;
}

/* Where an answer has neither code nor payload, the probe is known by there being only one out to
 * this target. */
static struct sonde_probe *only_one(const struct sonde_flight *f, const struct sonde_answer *a,
				    const struct sonde_address *to)
{
	enum { SEARCHED = 4096 };
	bool any = a->is == SONDE_ANSWER_NEIGHBOUR; /* one is out at a time: the youngest */
	struct sonde_probe *found = NULL, *p;

	for (uint64_t serial = f->next;
	     serial > (any ? 0 : f->undecided) && f->next - serial < SEARCHED; serial--) {
		p = slot(f, serial - 1);
		if ((p->state != SONDE_PROBE_OUT && !any) || !same_host(&to[p->target], &a->asked))
			continue;
		if (found)
			return NULL;
		if (any)
			return p;
		found = p;
	}
	return found;
}

/* A probe that the ring has forgotten: its serial number and tag are in the payload. */
static bool is_forgotten(const struct sonde_flight *f, const struct sonde_answer *a)
{
	uint64_t serial;

	if (a->payload.len < SONDE_METHOD_SERIAL)
		return false;
	serial = sonde_load(a->payload.at + SONDE_METHOD_TAG, 8);
	return serial < f->next && f->next - serial > f->room &&
	       sonde_load(a->payload.at, 8) == tag_of(f, serial, &a->asked);
}

static uint8_t move_on(struct sonde_probe *p, const struct sonde_answer *a)
{
	switch (p->state) {
	case SONDE_PROBE_OUT:
		p->state = a->is == SONDE_ANSWER_ERROR ? SONDE_PROBE_ENDED : SONDE_PROBE_ANSWERED;
		return SONDE_MATCH_FIRST;
	case SONDE_PROBE_LOST: p->state = SONDE_PROBE_LATE; return SONDE_MATCH_LATE;
	case SONDE_PROBE_REFUSED: return SONDE_MATCH_NOTHING;
	case SONDE_PROBE_DROPPED: return SONDE_MATCH_FORGOTTEN;
	default: return SONDE_MATCH_DUPLICATE;
	}
}

struct sonde_flight_verdict sonde_flight_match(struct sonde_flight *f,
					       const struct sonde_method_look *look,
					       const struct sonde_answer *a,
					       const struct sonde_address *to)
{
	struct sonde_flight_verdict v = { 0 };
	struct sonde_probe *p, *named = NULL, *other = by_serial(f, a);
	enum fit how = OTHER;

	p = a->has_code ? youngest(f, (uint16_t)(a->code - f->start), 1 << 16)
	    : other	? other
			: only_one(f, a, to);
	for (; p; p = a->has_code ? before(f, p) : NULL) {
		how = fit(p, look, a, to, &v.auth_bits);
		if (how >= WEAK)
			break;
		named = how == NAMED && !named ? p : named;
	}
	/* The code may have been rewritten on the way, as a checksum is with what it covers. */
	if (!p && a->has_code && other && fit(other, look, a, to, &v.auth_bits) == RIGHT) {
		v.rewritten = true;
		p = other;
	}
	if (!p) {
		v.auth_bits = 0;
		v.probe = named;
		v.match = is_forgotten(f, a)	? SONDE_MATCH_FORGOTTEN
			  : a->bad_sum && named ? SONDE_MATCH_CORRUPTED
			  : named		? SONDE_MATCH_SPOOFED
						: SONDE_MATCH_NOTHING;
		return v;
	}
	v.probe = p;
	if (a->bad_sum || !payload_is_whole(p, look, a)) {
		v.match = SONDE_MATCH_CORRUPTED;
		return v;
	}
	v.rewritten = v.rewritten || is_other_flow(p, a) ||
		      (!look->group && !look->via && !same_host(&a->asked, &to[p->target]) &&
		       !is_group(&to[p->target]));
	v.match = move_on(p, a);
	if (v.match == SONDE_MATCH_FORGOTTEN)
		v.probe = NULL;
	return v;
}
