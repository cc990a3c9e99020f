#include "packet/draft.h"

#include "packet/derive.h"
#include "packet/option.h"

static uint8_t *bytes(struct sonde_draft *d, uint32_t at)
{
	return (uint8_t *)(uintptr_t)d->p.byte + at; /* init was given them to write */
}

static struct sonde_layer *last(struct sonde_draft *d)
{
	return &d->p.layer[d->p.n - 1];
}

void sonde_draft_init(struct sonde_draft *d, uint8_t *buf, uint32_t cap)
{
	*d = (struct sonde_draft){ .p = { .byte = buf }, .cap = cap };
}

static int grow(struct sonde_draft *d, uint32_t len)
{
	uint32_t at = d->p.len;

	if (len > d->cap - at)
		return SONDE_NO_SPACE;
	memset(bytes(d, at), 0, len);
	d->p.len += len;
	return (int)at;
}

/* The usual values of a header or option at h. */
static void start(const struct sonde_shape_info *s, uint8_t *h)
{
	for (const struct sonde_row *r = &sonde_rows[s->row]; r < &sonde_rows[s->row + s->rows];
	     r++)
		if (r->role == SONDE_ROLE_USUALLY || r->role == SONDE_ROLE_IS)
			sonde_put(h, r->at, r->bits, r->arg);
}

static int grow_header(struct sonde_draft *d, uint32_t len)
{
	int at;

	if (!d->open || last(d)->head + len > sonde_shapes[last(d)->shape].most)
		return SONDE_NO_ROOM_FOR_OPTION;
	if ((at = grow(d, len)) >= 0)
		last(d)->head = (uint16_t)(last(d)->head + len);
	return at;
}

/* Bytes from the first option of the last header up to a multiple of the family's grain. */
static uint32_t padding(const struct sonde_draft *d, const struct sonde_family_info *f)
{
	const struct sonde_layer *l = &d->p.layer[d->p.n - 1];

	return -(d->p.len - l->at - sonde_shapes[l->shape].bytes) % f->grain;
}

int sonde_draft_align(struct sonde_draft *d)
{
	return d->option ? grow_header(d, padding(d, &sonde_families[d->family])) : 0;
}

/* No more options: zeros end or pad the list in every family. */
static int close_header(struct sonde_draft *d)
{
	int r = d->open ? sonde_draft_align(d) : 0;
	uint32_t grain = d->open ? sonde_shapes[last(d)->shape].grain : 0;
	uint32_t pad = grain ? -last(d)->head % grain : 0;

	if (r >= 0)
		r = grow(d, pad);
	if (r >= 0 && d->open)
		last(d)->head = (uint16_t)(last(d)->head + pad);
	d->open = false;
	return r;
}

/* Behind what quotes all is quoted, but for the extension structure that ends it. */
static uint8_t part_of(const struct sonde_draft *d, enum sonde_shape shape)
{
	const struct sonde_layer *l = d->p.n ? &d->p.layer[d->p.n - 1] : NULL;

	if (!l || (shape == SONDE_icmp_ext && l->shape != SONDE_icmp_xecho &&
		   l->shape != SONDE_icmpv6_xecho))
		return 0;
	return sonde_quotes(l->shape) ? SONDE_PART_QUOTED : l->part;
}

int sonde_draft_push(struct sonde_draft *d, enum sonde_shape shape)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	uint8_t part = part_of(d, shape);
	int at, r = close_header(d);

	if (r < 0 || d->p.n == SONDE_LAYERS || (at = grow(d, s->bytes)) < 0)
		return SONDE_NO_SPACE;
	start(s, bytes(d, (uint32_t)at));
	d->pinned[d->p.n] = 0;
	d->p.layer[d->p.n++] = (struct sonde_layer){
		.at = (uint32_t)at, .head = s->bytes, .shape = (uint8_t)shape, .part = part
	};
	d->p.has[shape / 64] |= 1ULL << shape % 64;
	d->option = 0;
	d->open = true;
	return at;
}

/* The flag of the last header that says that this piece follows. */
static void raise_flag(struct sonde_draft *d, enum sonde_shape piece)
{
	const struct sonde_shape_info *s = &sonde_shapes[last(d)->shape];

	for (unsigned i = s->row; i < (unsigned)s->row + s->rows; i++)
		if (sonde_rows[i].role == SONDE_ROLE_HAS && sonde_rows[i].arg == piece)
			sonde_put(bytes(d, last(d)->at), sonde_rows[i].at, 1, 1);
}

/* How long the last option is by now. */
static void say_length(struct sonde_draft *d)
{
	const struct sonde_family_info *f = &sonde_families[d->family];

	sonde_put(bytes(d, d->option), f->len_at, f->len_bits,
		  (d->p.len - d->option - f->uncounted) / f->unit);
}

int sonde_draft_option(struct sonde_draft *d, enum sonde_shape shape)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	const struct sonde_family_info *f = &sonde_families[s->family ? s->family : d->family];
	int at = grow_header(d, s->family ? padding(d, f) : 0);

	if (at < 0 || (at = grow_header(d, s->bytes)) < 0)
		return at;
	start(s, bytes(d, (uint32_t)at));
	if (sonde_shapes[last(d)->shape].pieces)
		raise_flag(d, shape);
	if (s->family) {
		d->option = (uint32_t)at;
		d->family = s->family;
		if (f->kind_bits)
			sonde_put(bytes(d, d->option), f->kind_at, f->kind_bits, s->kind);
	}
	if (d->option) /* an element makes the option around it longer */
		say_length(d);
	return at;
}

int sonde_draft_raw(struct sonde_draft *d, const uint8_t *at, uint32_t len)
{
	int to = grow_header(d, len);

	if (to >= 0 && len)
		memcpy(bytes(d, (uint32_t)to), at, len);
	return to;
}

int sonde_draft_inside(struct sonde_draft *d, const uint8_t *at, uint32_t len)
{
	const struct sonde_family_info *f = &sonde_families[d->family];
	int to = sonde_draft_raw(d, at, len), r = 0;

	if (to < 0 || !d->option)
		return to;
	r = grow_header(d, -(d->p.len - d->option - f->uncounted) % f->unit);
	say_length(d);
	return r < 0 ? r : to;
}

int sonde_draft_append(struct sonde_draft *d, const void *at, uint32_t len)
{
	int r = close_header(d), to = r < 0 ? r : grow(d, len);

	if (to >= 0 && len)
		memcpy(bytes(d, (uint32_t)to), at, len);
	return to;
}

int sonde_draft_encode(struct sonde_draft *d)
{
	return sonde_draft_encode_padded(d, 0);
}

int sonde_draft_encode_padded(struct sonde_draft *d, uint32_t pad)
{
	int r = close_header(d);

	if (r < 0)
		return r;
	sonde_draft_reach(&d->p, d->p.len - pad);
	d->p.wire = d->p.len;
	sonde_fill(&d->p, bytes(d, 0), d->pinned);
	return (int)d->p.len;
}

void sonde_draft_reach(struct sonde_packet *p, uint32_t end)
{
	const struct sonde_layer *top = &p->layer[p->n ? p->n - 1 : 0];
	bool extended = top->shape == SONDE_icmp_ext && !(top->part & SONDE_PART_QUOTED);

	for (unsigned i = 0; i < p->n; i++)
		p->layer[i].end =
			(p->layer[i].part & SONDE_PART_QUOTED) && extended ? top->at : end;
}

/* Every field of a header or option, but those that fill will find again by itself. */
static void copy_rows(const struct sonde_shape_info *s, const uint8_t *from, uint8_t *to,
		      uint32_t pinned)
{
	for (unsigned i = 0; i < s->rows; i++) {
		const struct sonde_row *r = &sonde_rows[s->row + i];

		if (!r->bits || r->span || !(sonde_role_is_chosen(r->role) || pinned >> i & 1))
			continue;
		if (sonde_row_is_octets(r))
			memcpy(to + r->at / 8, from + r->at / 8, r->bits / 8);
		else
			sonde_put(to, r->at, r->bits, sonde_get(from, r->at, r->bits));
	}
}

/* What repeats from at to end, then whatever is left over. */
static int copy_each(struct sonde_draft *d, uint8_t shape, const uint8_t *at, const uint8_t *end)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	int to = 0;

	for (; shape && end - at >= s->bytes && to >= 0; at += s->bytes)
		if ((to = sonde_draft_option(d, shape)) >= 0)
			copy_rows(s, at, bytes(d, (uint32_t)to), 0);
	return to < 0 ? to : sonde_draft_raw(d, at, (uint32_t)(end - at));
}

/* An option and what pads it up to end. */
static int copy_option(struct sonde_draft *d, enum sonde_family family,
		       const struct sonde_option *o, const uint8_t *end)
{
	const struct sonde_family_info *f = &sonde_families[family];
	enum sonde_shape shape = sonde_option_shape(family, o->kind);
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	int to, r;

	if (shape == SONDE_NONE || o->len < s->bytes)
		return sonde_draft_raw(d, o->at, (uint32_t)(end - o->at));
	if ((to = sonde_draft_option(d, shape)) < 0)
		return to;
	copy_rows(s, o->at, bytes(d, (uint32_t)to), 0);
	r = copy_each(d, s->each, o->at + s->bytes, o->at + o->len);
	sonde_put(bytes(d, (uint32_t)to), f->len_at, f->len_bits,
		  sonde_get(o->at, f->len_at, f->len_bits));
	return r < 0 ? r : sonde_draft_raw(d, o->at + o->len, (uint32_t)(end - o->at - o->len));
}

/* Keys lead to what was decoded, each in its own way: an echo reply is no request. */
static uint32_t keys(const struct sonde_shape_info *s, const uint8_t *h)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < s->rows; i++) {
		const struct sonde_row *r = &sonde_rows[s->row + i];

		mask |= (uint32_t)(r->role == SONDE_ROLE_KEY || r->role == SONDE_ROLE_PORT_TO ||
				   (r->role == SONDE_ROLE_KEY_OR_BODY &&
				    sonde_get(h, r->at, r->bits) > SONDE_BODY_MOST))
			<< i;
	}
	return mask;
}

int sonde_draft_copy(struct sonde_draft *d, const struct sonde_packet *from,
		     const struct sonde_verdict *pins)
{
	uint32_t done = 0;
	int r = 0;

	for (unsigned i = 0; i < from->n && r >= 0; i++) {
		const struct sonde_layer *l = &from->layer[i];
		const struct sonde_shape_info *s = &sonde_shapes[l->shape];
		const uint8_t *h = from->byte + l->at;
		struct sonde_walk w = { h + s->bytes, h + l->head };
		struct sonde_option o;

		if (l->at > d->p.len) /* what a quoted packet carried */
			r = sonde_draft_append(d, from->byte + d->p.len, l->at - d->p.len);
		if (r < 0 || (r = sonde_draft_push(d, l->shape)) < 0)
			break;
		d->pinned[i] = l->part ? ~0u : pins ? pins->wrong[i] : keys(s, h);
		memset(bytes(d, l->at), 0, s->bytes);
		copy_rows(s, h, bytes(d, l->at), d->pinned[i]);
		if (s->family)
			while (r >= 0 && sonde_option_next(&w, s->family, &o))
				r = copy_option(d, s->family, &o, w.at);
		if (r >= 0)
			r = copy_each(d, s->each, w.at, w.to);
		d->open = false; /* it is as long as it was, even where that is wrong */
		d->p.layer[i].end = l->end;
		d->p.layer[i].part = l->part;
		done = l->at + l->head;
	}
	if (r < 0 || (r = sonde_draft_append(d, from->byte + done, from->len - done)) < 0)
		return r;
	d->p.wire = from->wire;
	sonde_fill(&d->p, bytes(d, 0), d->pinned);
	return (int)d->p.len;
}
