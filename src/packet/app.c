#include "packet/app.h"

#include "packet/dns.h"
#include "packet/http.h"
#include "packet/ssh.h"
#include "packet/tls.h"

/* clang-format off */
bool sonde_app_is(enum sonde_shape shape, const struct sonde_range *r)
{
	switch (shape) {
#define APP(p) case SONDE_##p: return sonde_##p##_is(r);
#include "wire/pass.h"
	default: return false;
	}
}
/* clang-format on */

/* A datagram is one message. */
static struct sonde_reach whole(const struct sonde_range *r)
{
	return (struct sonde_reach){
		.head = r->len < UINT16_MAX ? r->len : UINT16_MAX,
		.stop = r->len < r->all ? SONDE_STOP_TRUNCATED
			: r->goes_on	? SONDE_STOP_MORE
					: SONDE_STOP_END,
	};
}

static struct sonde_reach reach(enum sonde_shape shape, const struct sonde_range *r)
{
	switch (shape) {
	case SONDE_dns_tcp: return sonde_dns_tcp_reach(r);
	case SONDE_http: return sonde_http_reach(r);
	case SONDE_ssh: return sonde_ssh_reach(r);
	case SONDE_tls: return sonde_tls_reach(r);
	default: return whole(r);
	}
}

static struct sonde_range between(const struct sonde_packet *p, uint32_t at, uint32_t end,
				  bool goes_on)
{
	uint32_t to = end < p->len ? end : p->len;

	return (struct sonde_range){ p->byte + at, to > at ? to - at : 0, end - at, goes_on };
}

static bool looks(const struct sonde_packet *p, enum sonde_shape shape, uint32_t at, uint32_t end)
{
	struct sonde_range r = between(p, at, end, false);

	return sonde_app_is(shape, &r);
}

static enum sonde_stop too_short(const struct sonde_range *r)
{
	return r->len < r->all ? SONDE_STOP_TRUNCATED
	       : r->goes_on    ? SONDE_STOP_MORE
			       : SONDE_STOP_MALFORMED;
}

/* The next layer of a message that ends at end. Returns how far it reaches; without head bytes it
 * is not there. */
static struct sonde_reach push(struct sonde_packet *p, enum sonde_shape shape, uint32_t at,
			       uint32_t end, uint8_t part, bool goes_on)
{
	struct sonde_range r = between(p, at, end, goes_on);
	struct sonde_reach reached = { .stop = SONDE_STOP_DEEP };

	if (p->n == SONDE_LAYERS)
		return reached;
	if (r.len < sonde_shapes[shape].bytes)
		return (struct sonde_reach){ .stop = too_short(&r) };
	reached = reach(shape, &r);
	if (reached.stop == SONDE_STOP_MORE || reached.all > r.all)
		part |= SONDE_PART_FRAGMENT;
	reached.goes_on = goes_on && (!reached.all || reached.all > r.all);
	if (!reached.all || reached.all > r.all)
		reached.all = r.all;
	p->layer[p->n++] = (struct sonde_layer){ at, at + reached.all, (uint16_t)reached.head,
						 (uint8_t)shape, part };
	p->has[shape / 64] |= 1ULL << shape % 64;
	return reached;
}

void sonde_app_decode(struct sonde_packet *p, enum sonde_shape first, uint32_t at, uint32_t end,
		      uint8_t part)
{
	bool stream = p->n ? p->layer[p->n - 1].shape == SONDE_tcp
			   : sonde_key(SONDE_SPACE_tcpport, first) >= 0;
	bool goes_on = stream || part & SONDE_PART_FRAGMENT, more = goes_on;
	enum sonde_shape shape = first;
	uint32_t begin = at, until = end; /* of the message */

	if (p->n && (part & SONDE_PART_QUOTED || !looks(p, first, at, end)))
		return;
	for (;;) {
		struct sonde_reach r = push(p, shape, at, until, part, more);

		p->stop = (uint8_t)r.stop;
		p->more = begin + r.whole;
		if (r.stop != SONDE_STOP_END)
			return;
		if (r.next != SONDE_NONE) {
			until = at + r.all;
			more = r.goes_on;
			shape = r.next;
			at += r.head;
			continue;
		}
		at += r.head;
		if (shape == first || at >= end || !looks(p, first, at, end))
			return;
		shape = first; /* the next message */
		begin = at;
		until = end;
		more = goes_on;
	}
}
