#include "packet/alter.h"

#include "packet/derive.h"
#include "packet/field.h"
#include "packet/lookup.h"
#include "packet/sum.h"

enum {
	VALUE_MOST = 2048, /* bytes of a header that holds a value */
	TEXT_MOST = 1024,
	PLACES = 64, /* that a row has in one header; more are left alone */
};

struct sonde_alter_set {
	uint16_t row;
	struct sonde_craft *craft; /* a header that holds nothing but the value */
	uint8_t *fixed;		   /* that header, where the value does not vary; else NULL */
	uint32_t at;		   /* of what the row counts from, in that header */
};

/* Where a row lies in a layer: what its place counts from, from the packet's start. */
struct places {
	uint16_t row;
	uint32_t len; /* of the packet */
	unsigned n;
	uint32_t at[PLACES];
};

static void note_place(void *arg, const struct sonde_field *f)
{
	struct places *s = arg;
	const struct sonde_row *r = &sonde_rows[s->row];

	if (f->is != SONDE_FIELD_VALUE || f->row != s->row || !f->len || s->n == PLACES ||
	    f->at < r->at / 8u || f->at - r->at / 8u + (r->at + r->bits + 7u) / 8 > s->len)
		return;
	s->at[s->n++] = f->at - r->at / 8u;
}

/* The header with the value, of this turn; its bytes go to buf. */
static bool encode(const struct sonde_craft *c, const struct sonde_craft_turn *turn, uint8_t *buf,
		   struct sonde_draft *d)
{
	sonde_draft_init(d, buf, VALUE_MOST);
	return sonde_craft_encode(c, turn, d) >= 0;
}

/* ---- parsing ---- */

static bool wrong(struct sonde_craft_error *ret, size_t at, const char *expected,
		  const char *nearest)
{
	*ret = (struct sonde_craft_error){ at, expected, nearest };
	return false;
}

/* Bytes of a value up to what would begin another one, or end it. */
static size_t value_length(const char *text)
{
	unsigned deep = 0;
	bool quoted = false;
	size_t i;

	for (i = 0; text[i]; i++) {
		char c = text[i];

		if (quoted && c == '\\' && text[i + 1])
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '(' || c == '{'))
			deep++;
		else if (!quoted && !deep && (c == ')' || c == '}' || c == ','))
			break;
		else if (!quoted && (c == ')' || c == '}'))
			deep--;
	}
	return i;
}

/* A header that such an option, or element, is part of; or the row's own. */
static enum sonde_shape host_of(enum sonde_shape shape)
{
	for (unsigned i = 1; i < SONDE_PROTOCOLS && shape >= SONDE_PROTOCOLS; i++)
		if (sonde_shapes[shape].family &&
		    sonde_shapes[i].family == sonde_shapes[shape].family)
			return (enum sonde_shape)i;
	return shape < SONDE_PROTOCOLS ? shape : SONDE_NONE;
}

static bool add(struct sonde_alter *alter, struct sonde_arena *a, const struct sonde_alter_set *set)
{
	if (!(alter->n & (alter->n - 1)))
		alter->set = sonde_arena_grow(a, alter->set, alter->n, alter->n ? alter->n : 1,
					      sizeof *set);
	alter->set[alter->n++] = *set;
	return true;
}

/* One row, with the value as the language has it: "ip(ip.dst=10.0.0.2)". value: bytes into text. */
static bool parse_row(struct sonde_alter *alter, struct sonde_arena *a, uint16_t row,
		      const char *text, size_t value, struct sonde_craft_error *ret)
{
	static const struct sonde_craft_turn first = { 0 };
	const struct sonde_row *r = &sonde_rows[row];
	enum sonde_shape host = host_of(r->shape);
	struct places s = { .row = row };
	struct sonde_alter_set set = { .row = row };
	uint8_t buf[VALUE_MOST];
	struct sonde_draft d;
	const char *head;
	char *words;

	if (!r->bits || host == SONDE_NONE)
		return wrong(ret, 0, "a field that has a place and a width of its own", NULL);
	head = host == r->shape ? sonde_arena_print(a, "%s(%s=", sonde_shapes[host].name, r->name)
				: sonde_arena_print(a, "%s(%s(%s=", sonde_shapes[host].name,
						    sonde_shapes[r->shape].name, r->alias);
	words = sonde_arena_print(a, "%s%s%s", head, text + value, host == r->shape ? ")" : "))");
	if (!sonde_craft_parse(&set.craft, a, words, strlen(words), NULL, NULL, ret)) {
		size_t at = ret->at < strlen(head) ? 0 : ret->at - strlen(head);

		ret->at = at < strlen(text + value) ? value + at : strlen(text);
		return false;
	}
	if (!encode(set.craft, &first, buf, &d))
		return wrong(ret, value, "a value that goes into a header", NULL);
	s.len = d.p.len;
	sonde_field_each(&d.p, 0, note_place, &s);
	if (s.n != 1)
		return wrong(ret, 0, "a field that has a place of its own", NULL);
	set.at = s.at[0];
	if (sonde_craft_varies(set.craft)) {
		alter->varies = true;
	} else {
		set.fixed = sonde_arena_take(a, d.p.len);
		memcpy(set.fixed, buf, d.p.len);
	}
	return add(alter, a, &set);
}

bool sonde_alter_parse(struct sonde_alter *alter, struct sonde_arena *a, const char *text,
		       struct sonde_craft_error *ret_error)
{
	size_t name = strcspn(text, "="), value = name + 1, end;
	struct sonde_alter before = *alter;
	struct sonde_lookup l;

	if (strlen(text) > TEXT_MOST)
		return wrong(ret_error, TEXT_MOST, "no more than 1,024 bytes", NULL);
	if (!sonde_lookup(&l, text, name, NULL))
		return wrong(ret_error, 0, "the name of a field",
			     sonde_lookup_nearest(text, name, NULL));
	if (!l.rows)
		return wrong(ret_error, 0, "a field of that header", NULL);
	if (!text[name] || !text[value])
		return wrong(ret_error, strlen(text), text[name] ? "a value" : "= and a value",
			     NULL);
	end = value + value_length(text + value);
	if (text[end])
		return wrong(ret_error, end, "the end of the value", NULL);
	for (unsigned i = 1; i < l.rows; i++)
		if (sonde_rows[l.row[i]].shape == sonde_rows[l.row[0]].shape)
			return wrong(ret_error, 0, "a field that there is once in its header",
				     sonde_rows[l.row[0]].name);
	for (unsigned i = 0; i < l.rows; i++)
		if (!parse_row(alter, a, l.row[i], text, value, ret_error)) {
			*alter = before;
			return false;
		}
	return true;
}

/* ---- applying ---- */

/* Whether that changes anything. to, from: what the row counts from. */
static bool put_value(const struct sonde_row *r, uint8_t *to, const uint8_t *from)
{
	uint64_t v;

	if (sonde_row_is_octets(r)) {
		bool same = !memcmp(to + r->at / 8, from + r->at / 8, r->bits / 8);

		memcpy(to + r->at / 8, from + r->at / 8, r->bits / 8);
		return !same;
	}
	v = sonde_get(from, r->at, r->bits);
	if (sonde_get(to, r->at, r->bits) == v)
		return false;
	sonde_put(to, r->at, r->bits, v);
	return true;
}

/* Whether layers of this shape may have fields of that one. */
static bool may_have(enum sonde_shape layer, enum sonde_shape shape)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];

	return layer == shape ||
	       (shape >= SONDE_PROTOCOLS && s->family && sonde_shapes[layer].family == s->family);
}

/* Which rows of a header are not to be worked out again: all that are no sums, sums that were wrong
 * or that nobody made, and what is set. */
static uint32_t pins(const struct sonde_packet *p, unsigned d, const struct sonde_verdict *v)
{
	const struct sonde_layer *l = &p->layer[d];
	const struct sonde_shape_info *s = &sonde_shapes[l->shape];
	uint32_t pinned = v->wrong[d] | v->later[d];

	if (l->part)
		return ~0u;
	for (unsigned i = 0; i < s->rows; i++) {
		const struct sonde_row *r = &sonde_rows[s->row + i];
		bool optional = r->role == SONDE_ROLE_SUM_OPTIONAL ||
				r->role == SONDE_ROLE_SUM_ALL_OPTIONAL;

		if (r->role < SONDE_ROLE_SUM_HEADER ||
		    (optional && !sonde_get(p->byte + l->at, r->at, r->bits)))
			pinned |= 1u << i;
	}
	return pinned;
}

/* The sum over addresses of a header that only its first fragment has: changed by as much as the
 * addresses are, RFC 1624 section 3, equation 3. old: what was in front of the header of layer d.
 */
static void follow(const struct sonde_packet *p, unsigned d, uint8_t *byte, const uint8_t *old,
		   uint32_t len, uint32_t at)
{
	const struct sonde_layer *l = &p->layer[d];
	const struct sonde_shape_info *s = &sonde_shapes[l->shape];

	for (unsigned i = 0; i < s->rows; i++) {
		const struct sonde_row *r = &sonde_rows[s->row + i];
		uint8_t *h = byte + l->at;
		uint64_t sum;
		uint16_t want, have;

		if (r->role != SONDE_ROLE_SUM_PSEUDO && r->role != SONDE_ROLE_SUM_OPTIONAL &&
		    r->role != SONDE_ROLE_SUM_COVERED)
			continue;
		have = (uint16_t)sonde_get(h, r->at, r->bits);
		if (r->role == SONDE_ROLE_SUM_OPTIONAL && !have)
			continue;
		sum = (uint16_t)~have;
		for (uint32_t k = 0; k < len; k += 2)
			sum += (uint16_t)~sonde_load(old + k, 2) + sonde_load(byte + at + k, 2);
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		want = (uint16_t)~sum;
		sonde_put(h, r->at, r->bits,
			  !want && r->role == SONDE_ROLE_SUM_OPTIONAL ? 0xffff : want);
	}
}

/* Addresses of the innermost header of IP, which layer d is a fragment on; 0: there is none. */
static uint32_t addresses(const struct sonde_packet *p, unsigned d, uint32_t *ret_len)
{
	if (!(p->layer[d].part & SONDE_PART_FRAGMENT) || p->layer[d].part & SONDE_PART_QUOTED)
		return 0;
	for (unsigned i = d; i-- > 0;) {
		if (p->layer[i].part)
			return 0;
		*ret_len = p->layer[i].shape == SONDE_ip ? 8 : 32;
		if (p->layer[i].shape == SONDE_ip)
			return p->layer[i].at + SONDE_AT_ip_src / 8;
		if (p->layer[i].shape == SONDE_ipv6)
			return p->layer[i].at + SONDE_AT_ipv6_src / 8;
	}
	return 0;
}

/* How many were set. All places are looked for before any of them changes. */
static unsigned set_one(const struct sonde_alter_set *set, const struct sonde_packet *p,
			uint8_t *byte, const struct sonde_craft_turn *turn,
			uint32_t pinned[SONDE_LAYERS], bool *changed)
{
	const struct sonde_row *r = &sonde_rows[set->row];
	struct places s = { .row = set->row, .len = p->len };
	const uint8_t *from = set->fixed;
	uint8_t buf[VALUE_MOST];
	struct sonde_draft d;

	for (unsigned i = 0; i < p->n; i++) {
		unsigned before = s.n;

		if (p->layer[i].part || !may_have(p->layer[i].shape, r->shape))
			continue;
		sonde_field_each(p, i, note_place, &s);
		if (s.n > before && p->layer[i].shape == r->shape)
			pinned[i] |= 1u << (set->row - sonde_shapes[r->shape].row) % 32;
	}
	if (s.n && !from) {
		if (!encode(set->craft, turn, buf, &d))
			return 0;
		from = buf;
	}
	for (unsigned k = 0; k < s.n; k++)
		*changed |= put_value(r, byte + s.at[k], from + set->at);
	return s.n;
}

unsigned sonde_alter_packet(const struct sonde_alter *alter, const struct sonde_packet *p,
			    uint8_t *byte, const struct sonde_craft_turn *turn)
{
	uint32_t pinned[SONDE_LAYERS], at = 0, len = 0;
	uint8_t old[32];
	struct sonde_verdict v;
	unsigned n = 0, inner;
	bool changed = false;

	if (!alter->n || !p->n)
		return 0;
	sonde_judge(p, SONDE_JUDGE_SUMS, &v);
	for (unsigned d = 0; d < p->n; d++)
		pinned[d] = pins(p, d, &v);
	for (inner = 0; inner < p->n && !(at = addresses(p, inner, &len)); inner++)
		;
	memcpy(old, byte + at, at ? len : 0);
	for (unsigned i = 0; i < alter->n; i++)
		n += set_one(&alter->set[i], p, byte, turn, pinned, &changed);
	if (!changed)
		return n;
	sonde_fill(p, byte, pinned);
	if (at)
		follow(p, inner, byte, old, len, at);
	return n;
}
