#include "packet/tree.h"

#include "packet/field.h"
#include "packet/value.h"

enum { NAME_COLUMNS = 26, TEXT_MOST = 200 };

struct telling {
	struct sonde_text *t;
	const struct sonde_packet *p;
	const struct sonde_verdict *v;
	const char *const *palette;
	unsigned depth;
};

static void paint(struct telling *s, enum sonde_paint paint)
{
	if (s->palette)
		sonde_text_str(s->t, s->palette[paint]);
}

static void indent(struct telling *s)
{
	unsigned n = 2 + 2 * s->depth;
	char *o = sonde_text_room(s->t, 64);

	memset(o, ' ', n);
	sonde_text_end(s->t, o + n);
}

/* What the number of a row stands for, or NULL. */
static const char *words_of(const struct sonde_field *f)
{
	for (const struct sonde_value *i = sonde_values; i->words; i++)
		if (i->row == f->row && i->number == f->number)
			return i->words;
	return NULL;
}

/* What is to be said of a field of a header or of its pieces, or NULL. */
static const char *verdict(const struct telling *s, const struct sonde_field *f)
{
	const struct sonde_layer *l = &s->p->layer[f->layer];
	unsigned row = f->row - sonde_shapes[l->shape].row;

	if (row >= 32 || (f->shape != l->shape && !sonde_shapes[l->shape].pieces))
		return NULL;
	return s->v->wrong[f->layer] >> row & 1	     ? "  wrong"
	       : s->v->presumed[f->layer] >> row & 1 ? "  presumed to be filled in by the device"
	       : s->v->later[f->layer] >> row & 1    ? "  filled in by the device"
						     : NULL;
}

static void tell_value(struct telling *s, const struct sonde_field *f)
{
	const struct sonde_row *r = &sonde_rows[f->row];
	struct sonde_field shown = *f;
	const char *words = sonde_row_is_octets(r) ? NULL : words_of(f);
	size_t len = strlen(r->name), pad = len < NAME_COLUMNS ? NAME_COLUMNS - len : 1;
	const char *odd;
	char *o;

	indent(s);
	paint(s, SONDE_PAINT_FAINT);
	o = sonde_put_str(sonde_text_room(s->t, 128), r->name);
	sonde_text_end(s->t, o);
	paint(s, SONDE_PAINT_PLAIN);
	o = sonde_text_room(s->t, 64);
	memset(o, ' ', pad);
	sonde_text_end(s->t, o + pad);
	if (sonde_row_is_octets(r) && shown.octets_len > TEXT_MOST)
		shown.octets_len = TEXT_MOST;
	sonde_value_print(s->t, &shown);
	if (shown.octets_len < f->octets_len)
		sonde_text_print(s->t, " ... %u bytes", f->octets_len);
	if (words)
		sonde_text_print(s->t, " (%s)", words);
	if ((odd = verdict(s, f))) {
		paint(s, odd[2] == 'w' ? SONDE_PAINT_BAD : SONDE_PAINT_FAINT);
		sonde_text_str(s->t, odd);
		paint(s, SONDE_PAINT_PLAIN);
	}
	sonde_text_bytes(s->t, "\n", 1);
}

static void tell_open(struct telling *s, const struct sonde_field *f)
{
	indent(s);
	sonde_text_str(s->t, f->list);
	if (f->name)
		sonde_text_print(s->t, ": %s", f->name);
	else if (f->shape == SONDE_NONE)
		sonde_text_print(s->t, ": unknown, %llu", (unsigned long long)f->number);
	else
		sonde_text_print(s->t, " %llu", (unsigned long long)f->number);
	if (f->shape == SONDE_NONE && f->octets_len)
		sonde_text_print(s->t, ", %u byte%s", f->octets_len, f->octets_len == 1 ? "" : "s");
	if (f->bad) {
		paint(s, SONDE_PAINT_BAD);
		sonde_text_str(s->t, "  malformed");
		paint(s, SONDE_PAINT_PLAIN);
	}
	sonde_text_bytes(s->t, "\n", 1);
	s->depth++;
}

static void hear(void *arg, const struct sonde_field *f)
{
	struct telling *s = arg;

	switch ((enum sonde_field_is)f->is) {
	case SONDE_FIELD_VALUE: tell_value(s, f); break;
	case SONDE_FIELD_OPEN: tell_open(s, f); break;
	case SONDE_FIELD_CLOSE: s->depth--; break;
	}
}

static void tell_bytes(struct telling *s, const char *what, uint32_t from, uint32_t end)
{
	indent(s);
	sonde_text_print(s->t, "%u byte%s of %s at %u\n", end - from, end - from == 1 ? "" : "s",
			 what, from);
}

/* Why the layers end here, where that says anything. */
static const char *const stops[] = {
	[SONDE_STOP_UNKNOWN] = "what follows is not known",
	[SONDE_STOP_TRUNCATED] = "the capture ends here",
	[SONDE_STOP_MALFORMED] = "malformed: a length or version contradicts the bytes around it",
	[SONDE_STOP_FRAGMENT] = "a fragment: its beginning is in another packet",
	[SONDE_STOP_DEEP] = "more layers than are looked at",
	[SONDE_STOP_MORE] = "the message goes on in another packet",
};

static void tell_end(struct telling *s)
{
	const struct sonde_packet *p = s->p;
	const struct sonde_layer *last = p->n ? &p->layer[p->n - 1] : NULL;
	uint32_t from = last ? last->at + last->head : 0, end = p->len;

	if (last && last->end < end && last->end >= from)
		end = last->end;
	if (from < end)
		tell_bytes(s, "data", from, end);
	if (end < p->len)
		tell_bytes(s, "padding", end, p->len);
	if (p->len < p->wire) {
		indent(s);
		sonde_text_print(s->t, "%u bytes were not captured\n", p->wire - p->len);
	}
	if (p->stop < sizeof stops / sizeof *stops && stops[p->stop]) {
		indent(s);
		paint(s, p->stop == SONDE_STOP_MALFORMED ? SONDE_PAINT_BAD : SONDE_PAINT_WARN);
		sonde_text_str(s->t, stops[p->stop]);
		paint(s, SONDE_PAINT_PLAIN);
		sonde_text_bytes(s->t, "\n", 1);
	}
}

void sonde_tree(struct sonde_text *t, const struct sonde_packet *p, const struct sonde_verdict *v,
		const char *const *palette)
{
	struct telling s = { t, p, v, palette, 0 };

	for (unsigned d = 0; d < p->n; d++) {
		const struct sonde_layer *l = &p->layer[d];
		const struct sonde_shape_info *shape = &sonde_shapes[l->shape];

		s.depth = 0;
		indent(&s);
		paint(&s, SONDE_PAINT_TITLE);
		sonde_text_print(t, "%s: %s", shape->name, shape->title);
		paint(&s, SONDE_PAINT_PLAIN);
		sonde_text_print(t, ", %u bytes at %u%s\n", l->head, l->at,
				 l->part & SONDE_PART_QUOTED ? ", quoted" : "");
		s.depth = 1;
		sonde_field_each(p, d, hear, &s);
	}
	s.depth = 0;
	tell_end(&s);
}
