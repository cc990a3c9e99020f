#include "base/random.h"
#include "packet/craft_inside.h"

/* A packet that is being made. */
struct making {
	const struct sonde_craft *c;
	const struct sonde_craft_turn *turn;
	struct sonde_draft *d;
	struct sonde_craft_trial *trial; /* or NULL */
	uint32_t at[SONDE_CRAFT_DEPTH];	 /* of what was begun last at each depth */
	uint32_t pad;
};

static uint8_t *bytes(const struct making *m, uint32_t at)
{
	return (uint8_t *)(uintptr_t)m->d->p.byte + at; /* whoever began the draft gave them */
}

/* The rows of a header that lie under that one are left alone when the packet is worked out. */
static void pin(struct sonde_draft *d, const struct sonde_row *r, unsigned depth)
{
	const struct sonde_shape_info *s = &sonde_shapes[d->p.layer[d->p.n - 1].shape];
	unsigned row = (unsigned)(r - sonde_rows);

	if (depth) { /* a piece's rows come behind those of its header */
		if (s->pieces)
			d->pinned[d->p.n - 1] |= 1u << (row - s->row) % 32;
		return;
	}
	for (unsigned i = 0; i < s->rows; i++) {
		const struct sonde_row *other = &sonde_rows[s->row + i];

		if (other->bits && other->at >= r->at && other->at + other->bits <= r->at + r->bits)
			d->pinned[d->p.n - 1] |= 1u << i;
	}
}

static int put_field(struct making *m, unsigned i)
{
	const struct sonde_craft_step *s = &m->c->step[i];
	const struct sonde_row *r = &sonde_rows[s->row];
	uint8_t *h = bytes(m, m->at[s->depth]);
	sonde_wide v;

	if (m->trial)
		m->trial->at[i] = m->at[s->depth];

	pin(m->d, r, s->depth);
	if (s->value.octets.len) {
		memcpy(h + r->at / 8, s->value.octets.at, s->value.octets.len);
		return 0;
	}
	if (m->trial && m->trial->forced[i])
		v = m->trial->value[i];
	else if (!sonde_craft_turn_value(m->c, &s->value, m->turn, &v))
		return SONDE_TOO_WIDE;
	sonde_craft_put(h, r, v);
	return 0;
}

/* Random bytes, the same for the same seed and turn. */
static int put_noise(struct making *m, const struct sonde_craft_step *s)
{
	uint64_t state = sonde_random_at(m->turn->seed + s->value.salt * SONDE_RANDOM_STEP) ^
			 sonde_random_at(m->turn->n);
	int at = sonde_draft_append(m->d, NULL, 0);

	for (uint32_t done = 0; done < s->len && at >= 0;) {
		uint64_t word = sonde_random(&state);
		uint32_t n = s->len - done < 8 ? s->len - done : 8;

		at = sonde_draft_append(m->d, &word, n);
		done += n;
	}
	return at;
}

/* Whether nothing of the header follows the i-th step but fields. */
static bool ends_header(const struct sonde_craft *c, unsigned i)
{
	for (i++; i < c->steps; i++)
		if (c->step[i].op == SONDE_CRAFT_OPTION || c->step[i].op == SONDE_CRAFT_RAW)
			return false;
		else if (c->step[i].op != SONDE_CRAFT_FIELD)
			break;
	return true;
}

static int put_raw(struct making *m, unsigned i)
{
	const struct sonde_craft_step *s = &m->c->step[i];
	uint32_t len = (uint32_t)s->bytes.len;
	int r = s->depth ? sonde_draft_inside(m->d, s->bytes.at, len)
		: len	 ? sonde_draft_align(m->d)
			 : 0;

	if (r >= 0 && !s->depth) {
		r = sonde_draft_raw(m->d, s->bytes.at, len);
		m->d->option = 0; /* what follows pads no option before it */
	}
	if (r >= 0 && s->exact && !s->depth && ends_header(m->c, i))
		m->d->open = false;
	return r;
}

static int put_step(struct making *m, unsigned i)
{
	const struct sonde_craft_step *s = &m->c->step[i];
	int at;

	switch (s->op) {
	case SONDE_CRAFT_FIELD: return put_field(m, i);
	case SONDE_CRAFT_RAW: return put_raw(m, i);
	case SONDE_CRAFT_BODY: return sonde_draft_append(m->d, s->bytes.at, (uint32_t)s->bytes.len);
	case SONDE_CRAFT_NOISE: return put_noise(m, s);
	case SONDE_CRAFT_PAD:
		m->pad = (uint32_t)s->bytes.len;
		return sonde_draft_append(m->d, s->bytes.at, m->pad);
	default: break;
	}
	at = s->op == SONDE_CRAFT_HEADER ? sonde_draft_push(m->d, s->shape)
					 : sonde_draft_option(m->d, s->shape);
	if (at >= 0)
		m->at[s->depth] = (uint32_t)at;
	return at;
}

int sonde_craft_encode(const struct sonde_craft *c, const struct sonde_craft_turn *turn,
		       struct sonde_draft *d)
{
	return sonde_craft_try(c, turn, d, NULL);
}

int sonde_craft_try(const struct sonde_craft *c, const struct sonde_craft_turn *turn,
		    struct sonde_draft *d, struct sonde_craft_trial *trial)
{
	struct making m = { .c = c, .turn = turn, .d = d, .trial = trial };
	int r = 0;

	for (unsigned i = 0; i < c->steps && r >= 0; i++)
		r = put_step(&m, i);
	return r < 0 ? r : sonde_draft_encode_padded(d, m.pad);
}

/* ---- what was said ---- */

enum sonde_shape sonde_craft_layer(const struct sonde_craft *c, unsigned layer)
{
	for (unsigned i = 0; i < c->steps; i++)
		if (c->step[i].op == SONDE_CRAFT_HEADER && !layer--)
			return c->step[i].shape;
	return SONDE_NONE;
}

/* The step that begins that header, or c->steps. */
static unsigned header_step(const struct sonde_craft *c, unsigned layer)
{
	unsigned i = 0;

	while (i < c->steps && !(c->step[i].op == SONDE_CRAFT_HEADER && !layer--))
		i++;
	return i;
}

static const struct sonde_craft_step *said(const struct sonde_craft *c, unsigned layer,
					   enum sonde_row_id row)
{
	const struct sonde_row *r = &sonde_rows[row];

	for (unsigned i = header_step(c, layer) + 1;
	     i < c->steps && c->step[i].op != SONDE_CRAFT_HEADER; i++) {
		const struct sonde_row *other = &sonde_rows[c->step[i].row];

		if (c->step[i].op == SONDE_CRAFT_FIELD && !c->step[i].depth && other->at <= r->at &&
		    other->at + other->bits >= r->at + r->bits)
			return &c->step[i];
	}
	return NULL;
}

bool sonde_craft_says(const struct sonde_craft *c, unsigned layer, enum sonde_row_id row)
{
	return said(c, layer, row);
}

bool sonde_craft_value(const struct sonde_craft *c, unsigned layer, enum sonde_row_id row,
		       sonde_wide *ret)
{
	const struct sonde_craft_step *s = said(c, layer, row);

	if (!s || s->row != row || s->value.how != SONDE_CRAFT_FIXED || s->value.octets.len)
		return false;
	*ret = s->value.number;
	return true;
}

static void insert(struct sonde_craft *c, unsigned at, const struct sonde_craft_step *s)
{
	if (c->steps == c->room) {
		c->room = c->room ? 2 * c->room : 16;
		c->step = sonde_arena_grow(c->arena, c->step, c->steps, c->room - c->steps,
					   sizeof *c->step);
	}
	memmove(c->step + at + 1, c->step + at, (c->steps - at) * sizeof *c->step);
	c->step[at] = *s;
	c->steps++;
}

static void say(struct sonde_craft *c, unsigned layer, enum sonde_row_id row,
		const struct sonde_craft_value *value)
{
	unsigned at = header_step(c, layer);
	struct sonde_craft_step s = { .op = SONDE_CRAFT_FIELD,
				      .row = (uint16_t)row,
				      .value = *value };

	if (at == c->steps)
		return;
	s.at = c->step[at].at;
	s.value.bits = sonde_rows[row].bits;
	insert(c, at + 1, &s);
}

void sonde_craft_say(struct sonde_craft *c, unsigned layer, enum sonde_row_id row, sonde_wide value)
{
	say(c, layer, row, &(struct sonde_craft_value){ .number = value });
}

void sonde_craft_say_step(struct sonde_craft *c, unsigned layer, enum sonde_row_id row,
			  sonde_wide from, sonde_wide by)
{
	say(c, layer, row,
	    &(struct sonde_craft_value){ .how = SONDE_CRAFT_STEP, .from = from, .number = by });
	c->varies = true;
}

bool sonde_craft_say_option(struct sonde_craft *c, unsigned layer, enum sonde_shape shape,
			    enum sonde_row_id row, sonde_wide value)
{
	unsigned at = header_step(c, layer);
	struct sonde_craft_step o = { .op = SONDE_CRAFT_OPTION,
				      .depth = 1,
				      .shape = (uint8_t)shape };
	struct sonde_craft_step f = { .op = SONDE_CRAFT_FIELD,
				      .depth = 1,
				      .row = (uint16_t)row,
				      .value = { .bits = sonde_rows[row].bits, .number = value } };

	if (at == c->steps)
		return false;
	o.at = f.at = c->step[at].at;
	do
		at++;
	while (at < c->steps && c->step[at].op == SONDE_CRAFT_FIELD);
	if (at < c->steps &&
	    (c->step[at].op == SONDE_CRAFT_OPTION || c->step[at].op == SONDE_CRAFT_RAW))
		return false;
	insert(c, at, &o);
	insert(c, at + 1, &f);
	return true;
}

void sonde_craft_wrap(struct sonde_craft *c, enum sonde_shape shape)
{
	insert(c, 0,
	       &(struct sonde_craft_step){ .op = SONDE_CRAFT_HEADER, .shape = (uint8_t)shape });
	c->cut.layer = (uint8_t)(c->cut.layer + c->cut.asked);
}

/* Whether a field that was pinned may be one that says what follows the header. */
static bool tells_next(const struct sonde_draft *d, unsigned i)
{
	const struct sonde_shape_info *s = &sonde_shapes[d->p.layer[i].shape];

	for (unsigned k = 0; k < s->rows; k++)
		if (d->pinned[i] >> k & 1 && sonde_rows[s->row + k].role > SONDE_ROLE_USUALLY)
			return true;
	return d->pinned[i] && d->p.layer[i].shape == SONDE_arp; /* several fields together */
}

int sonde_craft_contradicts(const struct sonde_craft *c, const struct sonde_draft *d,
			    size_t *ret_at)
{
	struct sonde_packet p;

	if (!d->p.n)
		return -1;
	sonde_decode(&p, d->p.byte, d->p.len, d->p.len, d->p.layer[0].shape);
	for (unsigned i = 1; i < d->p.n; i++) {
		if (tells_next(d, i - 1) || d->p.layer[i].part)
			return -1;
		if (i < p.n && p.layer[i].shape == d->p.layer[i].shape)
			continue;
		*ret_at = c->step[header_step(c, i)].at;
		return (int)i;
	}
	return -1;
}

bool sonde_craft_fragments(const struct sonde_craft *c)
{
	return c->cut.asked;
}
