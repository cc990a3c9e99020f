#include "packet/craft_inside.h"
#include "packet/option.h"
#include "packet/value.h"

/* A pattern that is held against a packet. */
struct holding {
	const struct sonde_craft *c;
	const struct sonde_packet *p;
	struct sonde_craft_vars *vars;
	struct sonde_text *why; /* NULL: nobody asks */
	sonde_wide *learned;	/* of each name */
	uint8_t *is_learned;
	bool told;
};

/* ---- why not ---- */

static void say_field(struct sonde_text *t, const struct sonde_row *r, const uint8_t *h)
{
	static const char letters[] = SONDE_CRAFT_FLAGS;
	struct sonde_field f = { .row = (uint16_t)(r - sonde_rows) };

	if (sonde_row_is_octets(r)) {
		f.octets = h + r->at / 8;
		f.octets_len = r->bits / 8;
	} else {
		f.number = sonde_get(h, r->at, r->bits) * (r->form == SONDE_FORM_X4 ? 4 : 1);
	}
	if (f.row != SONDE_ROW_tcp_flags) {
		sonde_value_print(t, &f);
		return;
	}
	for (unsigned i = 0; letters[i]; i++)
		if (f.number >> i & 1)
			sonde_text_bytes(t, &letters[i], 1);
}

static void say_number(struct sonde_text *t, const struct sonde_row *r, sonde_wide v)
{
	uint8_t h[32] = { 0 };
	struct sonde_row at_start = *r;

	if (r->bits > 128)
		return;
	if (r->form == SONDE_FORM_TIME || r->form == SONDE_FORM_TEXT) {
		sonde_text_print(t, "0x%llx", (unsigned long long)v);
		return;
	}
	at_start.at = 0;
	if (sonde_row_is_octets(r)) {
		struct sonde_field f = { .row = (uint16_t)(r - sonde_rows),
					 .octets = h,
					 .octets_len = r->bits / 8 };

		sonde_craft_put(h, &at_start, v);
		sonde_value_print(t, &f);
	} else if (r - sonde_rows == SONDE_ROW_tcp_flags) {
		for (unsigned i = 0; SONDE_CRAFT_FLAGS[i]; i++)
			if (v >> i & 1)
				sonde_text_bytes(t, &SONDE_CRAFT_FLAGS[i], 1);
	} else {
		struct sonde_field f = { .row = (uint16_t)(r - sonde_rows),
					 .number =
						 (uint64_t)v * (r->form == SONDE_FORM_X4 ? 4 : 1) };

		sonde_value_print(t, &f);
	}
}

/* The first thing that differs, of the header that came nearest. Always false. */
static bool differs(struct holding *h, const struct sonde_row *r, const uint8_t *at,
		    const sonde_wide *want)
{
	if (!h->why || h->told)
		return false;
	h->told = true;
	sonde_text_str(h->why, r->name);
	sonde_text_str(h->why, " is ");
	say_field(h->why, r, at);
	if (want) {
		sonde_text_str(h->why, ", not ");
		say_number(h->why, r, *want);
	} else {
		sonde_text_str(h->why, ", which is none of those");
	}
	return false;
}

static bool lacks(struct holding *h, const char *what, const char *name)
{
	if (h->why && !h->told)
		sonde_text_print(h->why, "it has no %s%s", what, name);
	h->told = true;
	return false;
}

/* ---- fields ---- */

static sonde_wide masked(sonde_wide v, unsigned bits)
{
	return bits >= 128 ? v : v & (((sonde_wide)1 << bits) - 1);
}

/* A name that is known has to agree; one that is not is learned. */
static bool holds_var(struct holding *h, const struct sonde_craft_value *v,
		      const struct sonde_row *r, const uint8_t *at, sonde_wide have)
{
	sonde_wide want;

	if (!h->vars || v->var >= h->vars->n)
		return false;
	if (!h->vars->of[v->var].known && !h->is_learned[v->var]) {
		h->learned[v->var] = masked(have - v->number, v->bits);
		h->is_learned[v->var] = 1;
		return true;
	}
	want = masked((h->is_learned[v->var] ? h->learned[v->var] : h->vars->of[v->var].value) +
			      v->number,
		      v->bits);
	return want == have || differs(h, r, at, &want);
}

static bool holds_field(struct holding *h, const struct sonde_craft_step *s, const uint8_t *at)
{
	const struct sonde_row *r = &sonde_rows[s->row];
	const struct sonde_craft_value *v = &s->value;
	sonde_wide have;

	if (v->octets.len)
		return !memcmp(at + r->at / 8, v->octets.at, v->octets.len) ||
		       differs(h, r, at, NULL);
	have = sonde_craft_get(at, r);
	if (v->how == SONDE_CRAFT_VAR)
		return holds_var(h, v, r, at, have);
	return sonde_craft_among(v, have) ||
	       differs(h, r, at, v->how == SONDE_CRAFT_FIXED ? &v->number : NULL);
}

/* ---- options ---- */

/* Steps from i on that are deeper than that: they belong to what was begun before them. */
static unsigned behind(const struct sonde_craft *c, unsigned i, unsigned depth)
{
	for (; i < c->steps; i++) {
		uint8_t op = c->step[i].op;

		if (op == SONDE_CRAFT_HEADER || op == SONDE_CRAFT_BODY ||
		    (op == SONDE_CRAFT_OPTION ? c->step[i].depth <= depth
					      : c->step[i].depth < depth))
			break;
	}
	return i;
}

/* The fields, elements and bytes of an option or element of len bytes; steps from i to end. */
static bool holds_option(struct holding *h, unsigned i, unsigned end, enum sonde_shape shape,
			 unsigned depth, const uint8_t *at, uint32_t len)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	uint32_t next = s->bytes;

	if (len < s->bytes)
		return false;
	while (i < end) {
		const struct sonde_craft_step *step = &h->c->step[i];

		if (step->op == SONDE_CRAFT_FIELD && !holds_field(h, step, at))
			return false;
		if (step->op == SONDE_CRAFT_RAW &&
		    (len - next < step->bytes.len ||
		     memcmp(at + next, step->bytes.at, step->bytes.len) != 0))
			return lacks(h, "such bytes in ", s->name);
		if (step->op == SONDE_CRAFT_OPTION) { /* elements, in their order */
			uint32_t bytes = sonde_shapes[step->shape].bytes;
			unsigned to = behind(h->c, i + 1, depth + 1);

			if (len - next < bytes)
				return lacks(h, "further ", sonde_shapes[step->shape].name);
			if (!holds_option(h, i + 1, to, step->shape, depth + 1, at + next, bytes))
				return false;
			next += bytes;
			i = to;
			continue;
		}
		i++;
	}
	return true;
}

/* Any option, element or piece of that shape in layer d that agrees. */
static bool has_option(struct holding *h, unsigned d, unsigned i, unsigned end)
{
	const struct sonde_layer *l = &h->p->layer[d];
	const struct sonde_shape_info *s = &sonde_shapes[l->shape];
	enum sonde_shape shape = h->c->step[i].shape;
	const uint8_t *head = h->p->byte + l->at, *to = head + l->head;
	struct sonde_walk w = { head + s->bytes, to };
	struct sonde_pieces pieces = sonde_pieces(head, l->shape, l->head);
	struct sonde_option o;
	uint32_t at, bytes = sonde_shapes[shape].bytes;

	for (enum sonde_shape piece; s->pieces && (piece = sonde_piece_next(&pieces, &at));)
		if (piece == shape)
			return holds_option(h, i + 1, end, shape, 1, head + at, bytes);
	if (s->each == shape)
		for (const uint8_t *e = w.at; to - e >= bytes; e += bytes)
			if (holds_option(h, i + 1, end, shape, 1, e, bytes))
				return true;
	while (s->family && sonde_option_next(&w, s->family, &o))
		if (*o.at != sonde_families[s->family].pad &&
		    sonde_option_shape(s->family, o.kind) == shape &&
		    holds_option(h, i + 1, end, shape, 1, o.at, o.len))
			return true;
	return lacks(h, "such ", sonde_shapes[shape].name);
}

/* ---- headers ---- */

/* The header that begins with step i, of which *ret_next is the one behind, is as layer d is. */
static bool holds_header(struct holding *h, unsigned i, unsigned d, unsigned *ret_next)
{
	const uint8_t *head = h->p->byte + h->p->layer[d].at;

	for (i++; i < h->c->steps; i++) {
		const struct sonde_craft_step *s = &h->c->step[i];

		if (s->op == SONDE_CRAFT_OPTION) {
			unsigned end = behind(h->c, i + 1, 1);

			if (!has_option(h, d, i, end))
				return false;
			i = end - 1;
		} else if (s->op != SONDE_CRAFT_FIELD) {
			break;
		} else if (!holds_field(h, s, head)) {
			return false;
		}
	}
	*ret_next = i;
	return true;
}

static bool holds_body(struct holding *h, const struct sonde_craft_step *s, unsigned d)
{
	const struct sonde_layer *l = &h->p->layer[d];
	uint32_t from = d < h->p->n ? l->at + l->head : 0;

	if (h->p->len - from >= s->bytes.len &&
	    !memcmp(h->p->byte + from, s->bytes.at, s->bytes.len))
		return true;
	return lacks(h, "such body", "");
}

/* Steps from i on against layers from d on; names that a try learned are forgotten if it fails. */
static bool holds(struct holding *h, unsigned i, unsigned d)
{
	unsigned next;
	uint8_t before[SONDE_CRAFT_NAMES];

	if (i == h->c->steps)
		return true;
	if (h->c->step[i].op != SONDE_CRAFT_HEADER)
		return holds_body(h, &h->c->step[i], d ? d - 1 : h->p->n);
	for (; d < h->p->n; d++) {
		if (h->p->layer[d].shape != h->c->step[i].shape)
			continue;
		memcpy(before, h->is_learned, sizeof before);
		if (holds_header(h, i, d, &next) && holds(h, next, d + 1))
			return true;
		memcpy(h->is_learned, before, sizeof before);
	}
	return lacks(h, "", sonde_shapes[h->c->step[i].shape].name);
}

bool sonde_craft_match(const struct sonde_craft *pattern, const struct sonde_packet *p,
		       struct sonde_craft_vars *vars, struct sonde_text *why)
{
	unsigned n = vars ? vars->n : 0;
	sonde_wide learned[SONDE_CRAFT_NAMES];
	uint8_t is_learned[SONDE_CRAFT_NAMES] = { 0 };
	struct holding h = { pattern, p, vars, why, learned, is_learned, false };

	if (!holds(&h, 0, 0))
		return false;
	for (unsigned i = 0; i < n; i++)
		if (is_learned[i]) {
			vars->of[i].value = learned[i];
			vars->of[i].known = true;
		}
	return true;
}
