#include "packet/alter.h"

#include "packet/craft_inside.h"
#include "packet/derive.h"
#include "packet/lookup.h"

static bool wrong(struct sonde_craft_error *e, size_t at, const char *expected, const char *nearest)
{
	*e = (struct sonde_craft_error){ at, expected, nearest };
	return false;
}

/* The one row of a header that the name stands for. */
static bool find_row(const char *name, size_t len, uint16_t *ret, struct sonde_craft_error *e)
{
	struct sonde_lookup l;
	unsigned rows = 0;

	if (!sonde_lookup(&l, name, len, NULL))
		return wrong(e, 0, "the name of a field, such as ip.dst",
			     sonde_lookup_nearest(name, len, NULL));
	for (unsigned i = 0; i < l.rows; i++)
		if (sonde_rows[l.row[i]].bits && sonde_rows[l.row[i]].shape < SONDE_PROTOCOLS) {
			*ret = l.row[i];
			rows++;
		}
	if (rows != 1)
		return wrong(e, 0,
			     rows ? "one of the fields that this name means"
				  : "a field of a header",
			     NULL);
	return true;
}

bool sonde_alter_parse(struct sonde_alter *a, struct sonde_arena *arena, const char *text,
		       struct sonde_craft_error *ret_error)
{
	static const struct sonde_craft_world alone;
	struct sonde_craft_parser p = { .text = text, .arena = arena, .world = &alone };
	size_t len = strcspn(text, "=");
	struct sonde_craft_step *step;
	uint16_t row;

	if (!text[len])
		return wrong(ret_error, len, "=", NULL);
	if (!find_row(text, len, &row, ret_error))
		return false;
	if (!a->craft) {
		a->craft = sonde_arena_take(arena, sizeof *a->craft);
		a->craft->arena = arena;
	}
	p.c = a->craft;
	p.at = text + len + 1;
	p.to = text + strlen(text);
	step = sonde_craft_add(&p, SONDE_CRAFT_FIELD, 0, text);
	if (!step || !sonde_craft_read_value(&p, &sonde_rows[row], &step->value) ||
	    !(p.at == p.to || sonde_craft_expected(&p, "the end")) || !sonde_craft_wind(p.c)) {
		*ret_error = p.error;
		return false;
	}
	step->row = row;
	return true;
}

/* Fields of layer d; what was set is not worked out again. */
static unsigned set_layer(const struct sonde_alter *a, const struct sonde_packet *p, unsigned d,
			  const struct sonde_craft_turn *turn, uint8_t *to, uint32_t *pinned)
{
	const struct sonde_layer *l = &p->layer[d];
	const struct sonde_shape_info *s = &sonde_shapes[l->shape];
	unsigned n = 0;

	for (unsigned i = 0; a->craft && i < a->craft->steps; i++) {
		const struct sonde_row *r = &sonde_rows[a->craft->step[i].row];
		const struct sonde_craft_value *v = &a->craft->step[i].value;
		sonde_wide number;

		if (r->shape != l->shape)
			continue;
		if (v->octets.len)
			memcpy(to + l->at + r->at / 8, v->octets.at, v->octets.len);
		else if (sonde_craft_turn_value(a->craft, v, turn, &number))
			sonde_craft_put(to + l->at, r, number);
		for (unsigned j = 0; j < s->rows; j++)
			if (sonde_rows[s->row + j].at >= r->at &&
			    sonde_rows[s->row + j].at + sonde_rows[s->row + j].bits <=
				    r->at + r->bits)
				*pinned |= 1u << j;
		n++;
	}
	return n;
}

unsigned sonde_alter_apply(const struct sonde_alter *a, const struct sonde_packet *p,
			   const struct sonde_craft_turn *turn, uint8_t *to,
			   struct sonde_arena *arena)
{
	struct sonde_packet q = *p;
	uint32_t pinned[SONDE_LAYERS], end = sonde_craft_counted(p);
	struct sonde_verdict v;
	unsigned n = 0;

	memcpy(to, p->byte, p->len);
	sonde_craft_pins(p, end, pinned, arena);
	sonde_judge(p, SONDE_JUDGE_SUMS, &v);
	sonde_draft_reach(&q, end);
	q.byte = to;
	q.wire = q.len;
	for (unsigned d = 0; d < p->n; d++) {
		pinned[d] &= ~v.later[d];
		if (p->layer[d].part)
			pinned[d] = ~0u;
		else
			n += set_layer(a, p, d, turn, to, &pinned[d]);
	}
	sonde_fill(&q, to, pinned);
	return n;
}
