#include "packet/pick.h"

struct picking {
	const struct sonde_lookup *l;
	sonde_field_hear hear;
	void *arg;
};

static bool wanted(const struct sonde_lookup *l, uint16_t row)
{
	for (unsigned i = 0; i < l->rows; i++)
		if (l->row[i] == row)
			return true;
	return false;
}

static void choose(void *arg, const struct sonde_field *f)
{
	struct picking *s = arg;

	if (f->is == SONDE_FIELD_VALUE && wanted(s->l, f->row))
		s->hear(s->arg, f);
}

/* A row with a place in the header of layer d, without telling the others. */
static void tell_fixed(const struct picking *s, const struct sonde_packet *p, unsigned d,
		       uint16_t row)
{
	const struct sonde_row *r = &sonde_rows[row];
	const uint8_t *h = p->byte + p->layer[d].at;
	struct sonde_field f = { .layer = (uint8_t)d,
				 .shape = r->shape,
				 .row = row,
				 .at = p->layer[d].at + r->at / 8u,
				 .len = SONDE_SPAN(r->at, r->bits) };

	if (sonde_row_is_octets(r)) {
		f.octets = h + r->at / 8;
		f.octets_len = r->bits / 8u;
	} else {
		f.number = sonde_get(h, r->at, r->bits) * (r->form == SONDE_FORM_X4 ? 4 : 1);
	}
	s->hear(s->arg, &f);
}

/* Whether a row is found where it lies and means what stands there. */
static bool is_plain(const struct sonde_row *r)
{
	return r->bits && r->shape < SONDE_PROTOCOLS && r->form != SONDE_FORM_TEXT &&
	       r->form != SONDE_FORM_TIME;
}

void sonde_pick_each(const struct sonde_lookup *l, const struct sonde_packet *p,
		     sonde_field_hear hear, void *arg)
{
	struct picking s = { l, hear, arg };
	bool fixed = true; /* all have a place in a header */

	for (unsigned i = 0; i < l->rows; i++)
		fixed &= is_plain(&sonde_rows[l->row[i]]);
	for (unsigned d = 0; d < p->n && l->rows; d++) {
		if (!fixed)
			sonde_field_each(p, d, choose, &s);
		for (unsigned i = 0; i < l->rows && fixed; i++)
			if (sonde_rows[l->row[i]].shape == p->layer[d].shape)
				tell_fixed(&s, p, d, l->row[i]);
	}
}
