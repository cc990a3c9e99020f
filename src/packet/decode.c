#include "packet/app.h"
#include "packet/hint.h"
#include "packet/option.h"
#include "packet/sum.h"

/* What one header says about itself and about what follows it. */
struct reading {
	uint32_t head;	/* header and options, bytes */
	uint32_t total; /* it and all that follows, bytes; 0: it does not say */
	enum sonde_shape next;
	enum sonde_shape then;	/* what follows where there is room for it */
	enum sonde_space space; /* what names either */
	uint64_t key;
	bool ported;	/* space and key are those of a port */
	bool keyed;	/* it names what follows, known or not */
	bool sized;	/* a field says how long the header is */
	bool alien;	/* another version: nothing it says can be believed */
	uint32_t quote; /* bytes of the quoted packet, as it says itself; 0: it does not */
	bool more, middle, quotes, extends, ends, unsaid;
};

SONDE_INLINE void follow(struct reading *r, enum sonde_space space, uint64_t key)
{
	r->space = space;
	r->key = key;
	r->next = sonde_child(space, key);
	r->ends = sonde_key_ends(space, key);
	r->keyed = !r->ends;
}

/* Bytes of an element. */
SONDE_INLINE uint32_t element(unsigned shape)
{
	/* clang-format off */
	switch (shape) {
#define SHAPE(p, bytes, ...) case SONDE_##p: return bytes;
#include "wire/pass.h"
	default: return 0;
	}
	/* clang-format on */
}

SONDE_INLINE void hear(struct reading *r, const uint8_t *h, unsigned at, unsigned bits,
		       enum sonde_role role, unsigned arg)
{
	uint32_t v = (uint32_t)sonde_get(h, at, bits);

	switch (role) {
	case SONDE_ROLE_IS: r->alien |= v != arg; break;
	case SONDE_ROLE_KEY: follow(r, arg, v); break;
	case SONDE_ROLE_KEY_OR_BODY:
		follow(r, arg, v <= SONDE_BODY_MOST ? 0 : v);
		r->total = v <= SONDE_BODY_MOST ? v + r->head : 0;
		break;
	case SONDE_ROLE_PORT:
	case SONDE_ROLE_PORT_TO:
		if (r->then == SONDE_NONE)
			r->then = sonde_child(arg, v);
		if (sonde_is_among(arg, v)) {
			r->space = arg;
			r->key = v;
			r->ported = true;
		}
		break;
	case SONDE_ROLE_WORDS:
		r->head = 4 * (v + arg);
		r->sized = true;
		break;
	case SONDE_ROLE_EIGHTS:
		r->head = 8 * (v + 1);
		r->sized = true;
		break;
	case SONDE_ROLE_TOTAL: r->total = v; break;
	case SONDE_ROLE_COUNT:
		r->head += v * element(arg);
		r->sized = true;
		break;
	case SONDE_ROLE_BODY:
		r->total = v ? v + r->head : 0;
		r->unsaid = !v;
		break;
	case SONDE_ROLE_PAYLOAD: r->total = v + r->head; break;
	case SONDE_ROLE_TAGS:
		r->head += v;
		r->total = r->head;
		r->sized = true;
		break;
	case SONDE_ROLE_HAS: r->head += v ? element(arg) : 0; break;
	case SONDE_ROLE_QUOTED:
		r->quote = v * arg;
		r->extends = true;
		break;
	case SONDE_ROLE_MORE: r->more = v; break;
	case SONDE_ROLE_OFFSET: r->middle = v; break;
	default: break;
	}
}

/* All that is there of the packet, as head. */
SONDE_INLINE uint32_t rest(const struct reading *r, uint32_t there)
{
	uint32_t all = r->total && r->total < there ? r->total : there;

	return all < 65535 ? all : 65535;
}

/* The number in these bytes, both ends included: no window would fit into a header of three. */
SONDE_INLINE uint64_t octets(const uint8_t *h, unsigned from, unsigned to)
{
	uint64_t v = 0;

	for (; from <= to; from++)
		v = v << 8 | h[from];
	return v;
}

/* Reads the header of this shape at h, of which there bytes are. Its bytes without options. */
SONDE_INLINE uint32_t read_header(struct reading *r, enum sonde_shape shape, const uint8_t *h,
				  uint32_t there)
{
	/* clang-format off */
	switch (shape) {
#define PROTOCOL(p, bytes, ...) \
	case SONDE_##p: \
		r->head = bytes; \
		if (there < r->head) \
			return bytes;
#define FIELD(p, n, full, bits, form, role, what) \
		if (SONDE_MATTERS(SONDE_OUGHT_##role)) \
			hear(r, h, SONDE_AT_##p##_##n, bits, SONDE_OUGHT_##role);
#define TELLS(p, first, last, space) \
		follow(r, SONDE_SPACE_##space, octets(h, SONDE_AT_##p##_##first / 8, \
			SONDE_TO_##p##_##last / 8));
#define QUOTES(p, space, key) \
		r->next = sonde_child(SONDE_SPACE_##space, key); \
		r->quotes = true;
#define CARRIES(p, space, key) \
		follow(r, SONDE_SPACE_##space, key);
#define THEN(p, next) \
		r->then = SONDE_##next;
#define OPTIONS(p, family) \
		if (!r->sized) \
			r->head = rest(r, there);
#define OPTION(family, p, ...) case SONDE_##p: __builtin_unreachable();
#define SHAPE(p, ...) case SONDE_##p: __builtin_unreachable();
#define END(p) return SONDE_BYTES_##p;
#include "wire/pass.h"
	default:
		__builtin_unreachable();
	}
	/* clang-format on */
}

/* What stops the walk at a header that is there, and how far its packet reaches: *end. */
SONDE_INLINE enum sonde_stop bound(struct reading *r, uint32_t fixed, uint32_t there, uint32_t at,
				   uint32_t *end)
{
	if (r->head < fixed || r->head > there) {
		bool lie = r->head < fixed || r->head > *end - at;

		r->head = fixed;
		return lie ? SONDE_STOP_MALFORMED : SONDE_STOP_TRUNCATED;
	}
	if (r->alien || (r->total && r->total < r->head))
		return SONDE_STOP_MALFORMED;
	if (r->ends && r->unsaid)
		r->total = r->head;
	if (r->total && r->total < *end - at)
		*end = at + r->total;
	return SONDE_STOP_END;
}

/* What follows the header that was read; there bytes of it are at h, of room. */
SONDE_INLINE enum sonde_shape what_follows(struct reading *r, const uint8_t *h, uint32_t there,
					   uint32_t room)
{
	if (r->next != SONDE_NONE)
		return r->next;
	if (r->keyed)
		return sonde_among(r->space, r->key, h, there);
	if (r->ported && r->then == SONDE_NONE)
		r->then = sonde_among(r->space, r->key, h, there);
	return r->then != SONDE_NONE && room >= sonde_shapes[r->then].bytes ? r->then : SONDE_NONE;
}

enum { LEGACY_QUOTE = 128 }; /* bytes; RFC 4884 section 5.5 */

/* Whether these bytes are an extension structure, beyond doubt: version, zeros, a first object that
 * fits and a sum that is right. */
static bool is_extension(const uint8_t *h, uint32_t len)
{
	uint32_t object = len < 8 ? 0 : (uint32_t)sonde_load(h + 4, 2);

	return h[0] == 0x20 && h[1] == 0 && object >= 4 && object <= len - 4 &&
	       sonde_sum_end(sonde_sum(h, len)) == 0;
}

/* How many bytes an ICMP error quotes, of room behind its header, of which there are captured at
 * h: what is left is an extension structure. 0: all. told: what the header says, or 0. */
static uint32_t quoted(uint32_t told, const uint8_t *h, uint32_t there, uint32_t room)
{
	uint32_t quote = told ? told : LEGACY_QUOTE;

	if (room < quote + SONDE_BYTES_icmp_ext || there < quote + SONDE_BYTES_icmp_ext)
		return 0;
	if (told)
		return h[quote] >> 4 == 2 ? quote : 0;
	return there == room && is_extension(h + quote, room - quote) ? quote : 0;
}

/* Adds the extension structure at byte at. What was quoted before it is cut, as it should be. */
static void add_extension(struct sonde_packet *p, unsigned n, uint32_t at, uint32_t end,
			  uint32_t len, uint8_t part)
{
	uint32_t head = (end < len ? end : len) - at;

	if (n == SONDE_LAYERS) {
		p->stop = SONDE_STOP_DEEP;
		return;
	}
	p->layer[n] = (struct sonde_layer){ at, end, (uint16_t)(head < 65535 ? head : 65535),
					    SONDE_icmp_ext, part };
	p->has[SONDE_icmp_ext / 64] |= 1ULL << SONDE_icmp_ext % 64;
	p->n = (uint8_t)(n + 1);
	p->stop = SONDE_STOP_END;
}

/* Where an IPv6 packet ends whose hop-by-hop options, the last of n layers, say so because its
 * header cannot: RFC 2675. */
static uint32_t jumbo_end(struct sonde_packet *p, unsigned n, const uint8_t *byte, uint32_t end)
{
	struct sonde_layer *l = &p->layer[n - 1], *ip = l - 1;
	struct sonde_walk w = { byte + l->at + SONDE_BYTES_ipv6_hopopts, byte + l->at + l->head };
	struct sonde_option o;
	uint64_t to;

	if (ip->shape != SONDE_ipv6 || sonde_ipv6_plen((const struct sonde_ipv6 *)(byte + ip->at)))
		return end;
	while (sonde_option_next(&w, SONDE_FAMILY_ipv6opt, &o)) {
		if (o.kind != SONDE_KIND_ipv6_jumbo || o.len < SONDE_BYTES_ipv6_jumbo)
			continue;
		to = (uint64_t)l->at + sonde_ipv6_jumbo_len((const struct sonde_ipv6_jumbo *)o.at);
		if (to < end && to >= l->at + l->head)
			ip->end = l->end = end = (uint32_t)to;
	}
	return end;
}

/* The way through the headers of one packet. */
struct way {
	struct sonde_packet *p;
	const struct sonde_hint *hint; /* or NULL */
	const uint8_t *byte;
	uint32_t len, at, end;
	uint32_t ext, ext_end; /* of an extension structure behind what is quoted; 0: none */
	unsigned n;
	uint8_t part;
	enum sonde_stop stop;
};

/* Bytes captured from w->at on of what lies before w->end. */
SONDE_INLINE uint32_t captured(const struct way *w)
{
	return (w->end < w->len ? w->end : w->len) - w->at;
}

/* Where the packet that was quoted at w->at ends, if more comes behind it. */
SONDE_INLINE void quote(struct way *w, const struct reading *r)
{
	uint32_t len =
		r->extends ? quoted(r->quote, w->byte + w->at, captured(w), w->end - w->at) : 0;

	if (len && !(w->part & SONDE_PART_QUOTED)) {
		w->ext = w->at + len;
		w->ext_end = w->end;
		w->end = w->ext;
	}
	w->part |= SONDE_PART_QUOTED;
}

/* Takes the header of this shape at w->at. The shape of the next one, or SONDE_NONE. With a shape
 * known when compiling it is what somebody would write by hand for that header. */
SONDE_INLINE enum sonde_shape take(struct way *w, enum sonde_shape shape)
{
	struct sonde_packet *p = w->p;
	const uint8_t *h = w->byte + w->at;
	uint32_t there = captured(w), fixed;
	enum sonde_shape next = SONDE_NONE;
	struct reading r = { 0 };

	fixed = read_header(&r, shape, h, there);
	if (there < fixed) {
		w->stop = fixed > w->end - w->at && !(w->part & SONDE_PART_QUOTED)
				  ? SONDE_STOP_MALFORMED
				  : SONDE_STOP_TRUNCATED;
		shape = sonde_beginning(shape);
		if (shape == SONDE_NONE || there < sonde_shapes[shape].bytes)
			return SONDE_NONE;
		r = (struct reading){ .head = sonde_shapes[shape].bytes };
	} else {
		w->stop = bound(&r, fixed, there, w->at, &w->end);
	}
	p->layer[w->n++] =
		(struct sonde_layer){ w->at, w->end, (uint16_t)r.head, (uint8_t)shape, w->part };
	p->has[shape / 64] |= 1ULL << shape % 64;
	w->at += r.head;
	if (w->stop)
		return SONDE_NONE;
	if (shape == SONDE_ipv6_hopopts && w->n > 1)
		w->end = jumbo_end(p, w->n, w->byte, w->end);
	if (r.middle) {
		w->stop = SONDE_STOP_FRAGMENT;
		return SONDE_NONE;
	}
	if (w->hint)
		next = sonde_hint_find(w->hint, shape, h);
	if (next == SONDE_NONE)
		next = what_follows(&r, w->byte + w->at, captured(w), w->end - w->at);
	if (r.keyed && next == SONDE_NONE)
		w->stop = SONDE_STOP_UNKNOWN;
	if (r.more)
		w->part |= SONDE_PART_FRAGMENT;
	if (r.quotes)
		quote(w, &r);
	return next;
}

/* From the header of this shape on. Returns the application's behind them, or SONDE_NONE. */
SONDE_INLINE enum sonde_shape go(struct way *w, enum sonde_shape shape)
{
	while (shape != SONDE_NONE && !sonde_is_app(shape)) {
		if (w->n == SONDE_LAYERS) {
			w->stop = SONDE_STOP_DEEP;
			break;
		}
		switch (shape) { /* the commonest, each unrolled from its rows alone */
		case SONDE_eth: shape = take(w, SONDE_eth); break;
		case SONDE_ip: shape = take(w, SONDE_ip); break;
		case SONDE_ipv6: shape = take(w, SONDE_ipv6); break;
		case SONDE_tcp: shape = take(w, SONDE_tcp); break;
		case SONDE_udp: shape = take(w, SONDE_udp); break;
		default: shape = take(w, shape);
		}
	}
	return shape;
}

/* p->link and p->told are the caller's to set. */
static void decode(struct sonde_packet *p, const uint8_t *byte, uint32_t len, uint32_t wire,
		   enum sonde_shape first, const struct sonde_hint *hint)
{
	struct way w = { .p = p, .hint = hint && hint->n ? hint : NULL, .len = len };
	enum sonde_shape app;

	w.byte =
		byte ? byte : (const uint8_t *)""; /* of none captured nobody need tell the place */
	w.end = wire > len ? wire : len;
	w.stop = first == SONDE_NONE ? SONDE_STOP_UNKNOWN : SONDE_STOP_END;
	p->wire = w.end;
	p->has[0] = p->has[1] = 0;
	p->start.seq = p->start.ack = 0;
	p->manner = NULL;
	app = go(&w, first);
	p->byte = w.byte;
	p->len = len;
	p->n = (uint8_t)w.n;
	p->stop = (uint8_t)w.stop;
	if (sonde_is_app(app) && (w.at < w.end || !w.n)) /* of no bytes nothing can be told */
		sonde_app_decode(p, app, w.at, w.end, w.part);
	if (w.ext)
		add_extension(p, p->n, w.ext, w.ext_end, len, w.part & (uint8_t)~SONDE_PART_QUOTED);
}

void sonde_decode(struct sonde_packet *p, const uint8_t *byte, uint32_t len, uint32_t wire,
		  enum sonde_shape first)
{
	p->link = 0;
	p->told = 0;
	decode(p, byte, len, wire, first, NULL);
}

void sonde_decode_link(struct sonde_packet *p, const uint8_t *byte, uint32_t len, uint32_t wire,
		       unsigned linktype)
{
	sonde_decode_hinted(p, byte, len, wire, linktype, NULL);
}

SONDE_INLINE void decode_link(struct sonde_packet *p, const uint8_t *byte, uint32_t len,
			      uint32_t wire, unsigned linktype, uint8_t told,
			      const struct sonde_hint *hint)
{
	enum sonde_shape first = sonde_child(SONDE_SPACE_linktype, linktype);

	if (first == SONDE_NONE)
		first = sonde_among(SONDE_SPACE_linktype, linktype, byte, len);
	p->link = (uint16_t)linktype;
	p->told = told;
	decode(p, byte, len, wire, first, hint);
}

void sonde_decode_hinted(struct sonde_packet *p, const uint8_t *byte, uint32_t len, uint32_t wire,
			 unsigned linktype, const struct sonde_hint *hint)
{
	decode_link(p, byte, len, wire, linktype, 0, hint);
}

void sonde_decode_frame(struct sonde_packet *p, const struct sonde_frame *f,
			const struct sonde_hint *hint)
{
	decode_link(p, f->byte.at, (uint32_t)f->byte.len, f->wire, f->link, sonde_told(f), hint);
}
