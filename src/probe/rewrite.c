#include "probe/rewrite.h"

#include "packet/option.h"
#include "packet/sum.h"

enum { HEADS = 512, LONGEST = 40 + UINT16_MAX };

/* Two packets side by side. quote is what came back with the rest of what was sent behind it, so
 * that headers which are quoted in part can be read; only what lies before `have` is compared. */
struct pair {
	struct sonde_rewrite *w;
	struct sonde_packet sent, quote;
	struct sonde_bytes was, is;	    /* both whole, as they were given */
	uint32_t have;			    /* bytes that are quoted */
	unsigned n;			    /* headers that both have, one after the other */
	bool lost;			    /* behind them nobody knows what lies where */
	bool routed;			    /* by a routing header, which changes the destination */
	struct sonde_rewrite_finding spare; /* what has no room is written here */
};

static struct sonde_rewrite_finding *add(struct pair *p, enum sonde_rewrite_is is, unsigned shape)
{
	struct sonde_rewrite *w = p->w;
	struct sonde_rewrite_finding *f = &p->spare;

	if (w->n < SONDE_REWRITE_MOST)
		f = &w->finding[w->n++];
	else
		w->more = true;
	*f = (struct sonde_rewrite_finding){ .is = (uint8_t)is,
					     .grade = SONDE_REWRITE_CERTAIN,
					     .shape = (uint8_t)shape };
	return f;
}

static const uint8_t *was_at(const struct pair *p, unsigned d)
{
	return p->sent.byte + p->sent.layer[d].at;
}

static const uint8_t *is_at(const struct pair *p, unsigned d)
{
	return p->quote.byte + p->quote.layer[d].at;
}

/* Whether these bytes of header d are quoted, all of them. */
static bool has(const struct pair *p, unsigned d, uint32_t to)
{
	return p->quote.layer[d].at + to <= p->have;
}

/* The same bytes where they stay. */
static struct sonde_bytes quoted(const struct pair *p, const uint8_t *at, size_t len)
{
	return (struct sonde_bytes){ p->is.at + (at - p->quote.byte), len };
}

static bool is_by_design(const struct pair *p, unsigned row)
{
	return row == SONDE_ROW_ip_ttl || row == SONDE_ROW_ip_checksum ||
	       row == SONDE_ROW_ipv6_hlim || row == SONDE_ROW_ipv6_routing_segleft ||
	       (row == SONDE_ROW_ipv6_dst && p->routed);
}

/* Length, identifier and offset of an old BSD, which quotes them in the byte order of its
 * processor: the 16 bits around a field. */
static bool is_swapped(unsigned row, const uint8_t *was, const uint8_t *is)
{
	unsigned at = row == SONDE_ROW_ip_len				     ? SONDE_AT_ip_len
		      : row == SONDE_ROW_ip_id				     ? SONDE_AT_ip_id
		      : row >= SONDE_ROW_ip_rb && row <= SONDE_ROW_ip_offset ? SONDE_AT_ip_rb
									     : 0;

	return at && was[at / 8] == is[at / 8 + 1] && was[at / 8 + 1] == is[at / 8];
}

/* The rows of a header or an option, held against each other. seen: which are quoted, or NULL. */
static void compare_rows(struct pair *p, unsigned shape, const uint8_t *was, const uint8_t *is,
			 uint32_t have, uint32_t *seen)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];

	for (unsigned i = s->row; i < (unsigned)s->row + s->rows; i++) {
		const struct sonde_row *r = &sonde_rows[i];
		bool octets = sonde_row_is_octets(r);
		uint32_t at = r->at / 8, len = r->bits ? SONDE_SPAN(r->at, r->bits) : 0;
		unsigned unit = r->form == SONDE_FORM_X4 ? 4 : 1;
		struct sonde_rewrite_finding *f;

		if (!len || r->span || at + len > have)
			continue;
		if (seen)
			*seen |= 1u << (i - s->row) % 32;
		if (is_by_design(p, i) ||
		    (octets ? !memcmp(was + at, is + at, len)
			    : sonde_get(was, r->at, r->bits) == sonde_get(is, r->at, r->bits)))
			continue;
		f = add(p, SONDE_REWRITE_FIELD, shape);
		f->row = (uint16_t)i;
		if (octets) {
			f->sent_bytes = (struct sonde_bytes){ was + at, len };
			f->quoted_bytes = quoted(p, is + at, len);
		} else {
			f->sent = sonde_get(was, r->at, r->bits) * unit;
			f->quoted = sonde_get(is, r->at, r->bits) * unit;
		}
		if (is_swapped(i, was, is))
			f->grade = SONDE_REWRITE_SWAPPED;
	}
}

/* ---- options ---- */

struct options {
	const uint8_t *at, *to; /* to: of the quoted ones what is quoted */
	bool whole;
};

static bool is_filling(enum sonde_family family, const uint8_t *at)
{
	return *at == sonde_families[family].pad || *at == sonde_families[family].end;
}

/* What routers write into on the way: routes and time stamps, RFC 791 section 3.1, and what says of
 * itself that it may change, RFC 8200 section 4.2. */
static bool is_written_to(enum sonde_family family, uint32_t kind)
{
	return family == SONDE_FAMILY_ipv6opt
		       ? kind & 0x20
		       : family == SONDE_FAMILY_ipopt &&
				 (kind == 7 || kind == 68 || kind == 131 || kind == 137);
}

/* The same option, as the so manieth of its kind. */
static bool find_option(enum sonde_family family, const struct options *in, uint32_t kind,
			unsigned nth, struct sonde_option *o)
{
	struct sonde_walk w = { in->at, in->to };

	while (sonde_option_next(&w, family, o))
		if (o->kind == kind && !nth--)
			return true;
	return false;
}

static void add_option(struct pair *p, enum sonde_rewrite_is is, enum sonde_family family,
		       const struct sonde_option *was, const struct sonde_option *now)
{
	const struct sonde_option *o = was ? was : now;
	enum sonde_shape shape = sonde_option_shape(family, o->kind);
	unsigned n = p->w->n;
	struct sonde_rewrite_finding *f;

	/* Its fields, where they say all. */
	if (is == SONDE_REWRITE_CHANGED && shape != SONDE_NONE && was->len == now->len &&
	    was->len >= sonde_shapes[shape].bytes) {
		compare_rows(p, shape, was->at, now->at, was->len, NULL);
		if (p->w->n > n || p->w->more)
			return;
	}
	f = add(p, is, shape);
	f->kind = (uint8_t)o->kind;
	f->row = 0;
	if (was)
		f->sent_bytes = (struct sonde_bytes){ was->at, was->len };
	if (now)
		f->quoted_bytes = quoted(p, now->at, now->len);
}

/* Those of one list that are not, or not so, in the other. Whether there are any. */
static bool compare_each(struct pair *p, enum sonde_family family, const struct options *was,
			 const struct options *is)
{
	struct sonde_walk w = { was->at, was->to };
	uint8_t seen[256] = { 0 };
	struct sonde_option o, other;
	bool any = false;

	while (sonde_option_next(&w, family, &o)) {
		size_t from = (size_t)(o.at - was->at), left = (size_t)(is->to - is->at);

		if (is_filling(family, o.at))
			continue;
		if (find_option(family, is, o.kind, seen[(uint8_t)o.kind]++, &other)) {
			if (o.len == other.len && !memcmp(o.at, other.at, o.len))
				continue;
			if (!is_written_to(family, o.kind))
				add_option(p, SONDE_REWRITE_CHANGED, family, &o, &other);
			any = true;
		} else if (is->whole ||
			   (from + o.len <= left && memcmp(o.at, is->at + from, o.len) != 0)) {
			add_option(p, SONDE_REWRITE_REMOVED, family, &o, NULL);
			any = true;
		}
	}
	memset(seen, 0, sizeof seen);
	w = (struct sonde_walk){ is->at, is->to };
	while (sonde_option_next(&w, family, &o))
		if (!is_filling(family, o.at) &&
		    !find_option(family, was, o.kind, seen[(uint8_t)o.kind]++, &other)) {
			add_option(p, SONDE_REWRITE_ADDED, family, NULL, &o);
			any = true;
		}
	return any;
}

/* Whether the first byte that differs is one that routers write. */
static bool is_of_routers(enum sonde_family family, const struct options *was,
			  const struct options *is)
{
	struct sonde_walk w = { was->at, was->to };
	struct sonde_option o;
	const uint8_t *at = was->at;

	for (const uint8_t *b = is->at; at < was->to && b < is->to && *at == *b; b++)
		at++;
	while (sonde_option_next(&w, family, &o))
		if (at < o.at + o.len)
			return is_written_to(family, o.kind);
	return false;
}

static void compare_options(struct pair *p, unsigned d)
{
	const struct sonde_layer *a = &p->sent.layer[d], *b = &p->quote.layer[d];
	const struct sonde_shape_info *s = &sonde_shapes[a->shape];
	uint32_t from = b->at + s->bytes, to = b->at + b->head;
	struct options was = { was_at(p, d) + s->bytes, was_at(p, d) + a->head, true }, is;
	size_t before = (size_t)a->head - s->bytes, now;
	struct sonde_rewrite_finding *f;

	if (!s->family || s->each || a->head < s->bytes || b->head < s->bytes || from > p->have)
		return;
	is = (struct options){ p->quote.byte + from, p->quote.byte + (to < p->have ? to : p->have),
			       to <= p->have };
	now = (size_t)(is.to - is.at);
	if (compare_each(p, s->family, &was, &is) ||
	    (now <= before && !memcmp(was.at, is.at, now)) || is_of_routers(s->family, &was, &is))
		return;
	f = add(p, SONDE_REWRITE_OPTIONS, a->shape);
	f->sent_bytes = (struct sonde_bytes){ was.at, before };
	f->quoted_bytes = quoted(p, is.at, now);
}

/* ---- the checksum of the transport ---- */

static bool is_transport(unsigned shape)
{
	return shape == SONDE_udp || shape == SONDE_tcp || shape == SONDE_icmp ||
	       shape == SONDE_icmpv6;
}

static unsigned sum_row(unsigned shape)
{
	return shape == SONDE_udp    ? SONDE_ROW_udp_checksum
	       : shape == SONDE_tcp  ? SONDE_ROW_tcp_checksum
	       : shape == SONDE_icmp ? SONDE_ROW_icmp_checksum
				     : SONDE_ROW_icmpv6_checksum;
}

/* A sum as it is when what was summed begins at an odd byte, RFC 1071 section 2(B). */
static uint64_t at_odd(uint64_t sum)
{
	return htobe16(__builtin_bswap16((uint16_t)~sonde_sum_end(sum)));
}

/* What the checksum of header d would have to be, were what is not quoted as it was sent. False:
 * it cannot be told. RFC 9293 section 3.1, RFC 8200 section 8.1. */
static bool sum_expected(const struct pair *p, unsigned d, unsigned field, uint16_t *ret)
{
	const struct sonde_layer *l = &p->quote.layer[d], *ip = l;
	const struct sonde_layer *a = &p->sent.layer[d];
	uint32_t all = l->end - l->at, have = p->have - l->at, rest;
	uint64_t sum = 0, tail;

	if (a->end > p->was.len)
		return false;
	have = have < all ? have : all;
	rest = all - have;
	if (rest > a->end - a->at)
		return false;
	if (l->shape != SONDE_icmp) {
		const uint8_t *h;

		while (ip->shape != SONDE_ip && ip->shape != SONDE_ipv6)
			ip--;
		h = p->quote.byte + ip->at;
		sum = ip->shape == SONDE_ip ? sonde_sum(h + SONDE_AT_ip_src / 8, 8)
					    : sonde_sum(h + SONDE_AT_ipv6_src / 8, 32);
		sum += htobe32(all);
		sum += htobe16((uint16_t)sonde_key(SONDE_SPACE_ipproto, l->shape));
	}
	sum += sonde_sum(p->is.at + l->at, have) - sonde_sum_field(p->is.at + l->at, field);
	tail = sonde_sum(p->was.at + a->end - rest, rest);
	sum += have % 2 ? at_odd(tail) : tail;
	*ret = sonde_sum_end(sum);
	return true;
}

/* Strictly: one that nothing decides, as behind a header that hides the addresses, is not right. */
static bool was_right(const struct pair *p, unsigned d)
{
	struct sonde_verdict v;
	unsigned row = sum_row(p->sent.layer[d].shape);

	sonde_judge(&p->sent, SONDE_JUDGE_SUMS | SONDE_JUDGE_STRICT, &v);
	return !(v.wrong[d] >> (row - sonde_shapes[p->sent.layer[d].shape].row) & 1);
}

/* What the checksum of header d says of what cannot be seen. */
static void compare_sum(struct pair *p, unsigned d)
{
	unsigned shape = p->sent.layer[d].shape, row = sum_row(shape);
	const struct sonde_row *r = &sonde_rows[row];
	uint64_t was, is;
	uint16_t want;
	bool fits;

	if (!has(p, d, r->at / 8 + 2))
		return;
	was = sonde_get(was_at(p, d), r->at, r->bits);
	is = sonde_get(is_at(p, d), r->at, r->bits);
	if ((shape == SONDE_udp && (!was || !is)) || !was_right(p, d) ||
	    !sum_expected(p, d, r->at / 8, &want))
		return;
	fits = is % UINT16_MAX == want % UINT16_MAX; /* both zeros are the same sum */
	if (is == was)
		p->w->sum = fits ? SONDE_REWRITE_SUM_KEPT : SONDE_REWRITE_SUM_STALE;
	else
		p->w->sum = fits ? SONDE_REWRITE_SUM_MADE : SONDE_REWRITE_SUM_UNEXPLAINED;
	if (p->w->sum == SONDE_REWRITE_SUM_UNEXPLAINED) {
		struct sonde_rewrite_finding *f = add(p, SONDE_REWRITE_UNSEEN, shape);

		f->grade = SONDE_REWRITE_INFERRED;
		f->row = (uint16_t)row;
		f->sent = want;
		f->quoted = is;
	}
}

/* ---- headers ---- */

/* Bytes behind header d, by the account of its own packet. */
static uint32_t behind(const struct sonde_layer *l)
{
	return l->end - l->at - l->head;
}

/* Whether header d of both is the same header, so that its rows and what follows can be compared.
 */
static bool is_common(const struct pair *p, unsigned d)
{
	unsigned shape = p->sent.layer[d].shape;

	return d < p->quote.n && shape == p->quote.layer[d].shape &&
	       !(p->sent.layer[d].part & SONDE_PART_QUOTED) &&
	       !sonde_is_app((enum sonde_shape)shape) && sonde_shapes[shape].rows <= 32;
}

static void compare_headers(struct pair *p)
{
	for (unsigned d = 0; d < p->sent.n && is_common(p, d) && !p->lost; d++) {
		const struct sonde_layer *a = &p->sent.layer[d], *b = &p->quote.layer[d];

		p->w->shape[d] = a->shape;
		compare_rows(p, a->shape, was_at(p, d), is_at(p, d),
			     p->have > b->at ? p->have - b->at : 0, &p->w->seen[d]);
		p->w->layers = (uint8_t)++p->n;
		/* A header that says it is longer, of a packet that is not, has moved nothing. */
		p->lost = a->head != b->head && behind(a) != behind(b);
		if (p->lost)
			return;
		compare_options(p, d);
		if (is_transport(a->shape) && !p->routed && !a->part && !b->part)
			compare_sum(p, d);
	}
}

static void compare_payload(struct pair *p)
{
	const struct sonde_layer *a = &p->sent.layer[p->n - 1], *b = &p->quote.layer[p->n - 1];
	uint32_t was = a->at + a->head, is = b->at + b->head;

	for (uint32_t i = 0; is + i < p->have && was + i < p->was.len; i++)
		if (p->was.at[was + i] != p->is.at[is + i]) {
			struct sonde_rewrite_finding *f = add(p, SONDE_REWRITE_PAYLOAD, SONDE_NONE);

			f->at = i;
			f->sent = p->was.at[was + i];
			f->quoted = p->is.at[is + i];
			return;
		}
}

/* ---- reading both ---- */

/* Bytes that are quoted, without filling. */
static uint32_t quoted_bytes(struct sonde_bytes quote, bool padded)
{
	while (padded && quote.len && !quote.at[quote.len - 1])
		quote.len--;
	return (uint32_t)quote.len;
}

/* Bytes of the IP header at buf, as they were sent. */
static void put_back(const struct pair *p, uint8_t *buf, unsigned at)
{
	memcpy(buf + at / 8, p->was.at + at / 8, 2);
}

/* The quote, continued with what was sent. Where the layers lie is read with the length that was
 * sent where the quoted one cannot be, as that of an old BSD. */
static void read_quote(struct pair *p, uint8_t buf[HEADS], enum sonde_shape first)
{
	uint32_t len = (uint32_t)(p->was.len < HEADS ? p->was.len : HEADS);
	uint32_t quoted = (uint32_t)(p->is.len < len ? p->is.len : len);
	uint32_t sent = (uint32_t)p->was.len, wire = LONGEST;
	bool v4 = first == SONDE_ip;
	unsigned at = v4 ? SONDE_AT_ip_len : SONDE_AT_ipv6_plen;

	memcpy(buf, p->was.at, len);
	memcpy(buf, quoted ? p->is.at : p->was.at, quoted);
	if (v4 && is_swapped(SONDE_ROW_ip_len, p->was.at, buf))
		put_back(p, buf, SONDE_AT_ip_len);
	if (v4 && is_swapped(SONDE_ROW_ip_offset, p->was.at, buf))
		put_back(p, buf, SONDE_AT_ip_rb);
	if (!memcmp(buf + at / 8, p->was.at + at / 8, 2))
		wire = sent; /* what it says of itself ends where the same of the other did */
	sonde_decode(&p->quote, buf, len, wire, first);
	if (p->quote.n < p->sent.n && p->quote.stop != SONDE_STOP_FRAGMENT) {
		put_back(p, buf, at);
		sonde_decode(&p->quote, buf, len, sent, first);
	}
	memcpy(buf, quoted ? p->is.at : p->was.at, quoted);
}

static enum sonde_shape version(struct sonde_bytes b)
{
	uint8_t v = b.len ? b.at[0] >> 4 : 0;

	return v == 4 && b.len >= SONDE_BYTES_ip     ? SONDE_ip
	       : v == 6 && b.len >= SONDE_BYTES_ipv6 ? SONDE_ipv6
						     : SONDE_NONE;
}

void sonde_rewrite_find(struct sonde_rewrite *ret, struct sonde_bytes sent,
			struct sonde_bytes quote, bool padded)
{
	enum sonde_shape first = version(sent);
	uint8_t buf[HEADS];
	struct pair p = { .w = ret, .was = sent, .is = quote };

	memset(ret, 0, sizeof *ret);
	ret->ttl = -1;
	if (first == SONDE_NONE || sent.len > LONGEST)
		return;
	sonde_decode(&p.sent, sent.at, (uint32_t)sent.len, (uint32_t)sent.len, first);
	read_quote(&p, buf, first);
	p.have = quoted_bytes(quote, padded);
	if (first == SONDE_ip && has(&p, 0, SONDE_AT_ip_ttl / 8 + 1))
		ret->ttl = sonde_ip_ttl((const struct sonde_ip *)buf);
	else if (first == SONDE_ipv6 && has(&p, 0, SONDE_AT_ipv6_hlim / 8 + 1))
		ret->ttl = sonde_ipv6_hlim((const struct sonde_ipv6 *)buf);
	for (unsigned d = 0; d < p.sent.n; d++)
		p.routed |= p.sent.layer[d].shape == SONDE_ipv6_routing;
	compare_headers(&p);
	if (p.n && !p.lost)
		compare_payload(&p);
}
