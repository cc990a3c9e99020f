#include "packet/craft_inside.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { TOKEN_MOST = 512, RANGES_MOST = 65536 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '.' ||
	       c == ':';
}

/* ---- numbers and words ---- */

/* A word without quotes, of letters, digits and what joins them. */
static bool read_token(struct sonde_craft_parser *p, char token[static TOKEN_MOST],
		       const char *what)
{
	size_t n = 0;

	sonde_craft_skip_space(p);
	while (is_word(p->at[n]))
		n++;
	if (!n || n >= TOKEN_MOST)
		return sonde_craft_expected(p, what);
	memcpy(token, p->at, n);
	token[n] = 0;
	p->at += n;
	return true;
}

/* Decimal, or 0x. False: it is none, or needs more than 128 bits. */
static bool to_number(const char *token, sonde_wide *ret)
{
	unsigned base = token[0] == '0' && (token[1] | 32) == 'x' ? 16 : 10;
	sonde_wide v = 0;

	token += base == 16 ? 2 : 0;
	if (!*token)
		return false;
	for (; *token; token++) {
		int digit = sonde_craft_digit(*token);

		if (digit < 0 || (unsigned)digit >= base ||
		    v > (~(sonde_wide)0 - (unsigned)digit) / base)
			return false;
		v = v * base + (unsigned)digit;
	}
	*ret = v;
	return true;
}

bool sonde_craft_read_number(struct sonde_craft_parser *p, uint64_t *ret)
{
	char token[TOKEN_MOST];
	const char *at;
	sonde_wide v;

	sonde_craft_skip_space(p);
	at = p->at;
	if (!read_token(p, token, "a number"))
		return false;
	if (!to_number(token, &v) || v > UINT64_MAX)
		return sonde_craft_wrong(p, at, "a number");
	*ret = (uint64_t)v;
	return true;
}

static sonde_wide most_of(unsigned bits)
{
	return bits >= 128 ? ~(sonde_wide)0 : ((sonde_wide)1 << bits) - 1;
}

static sonde_wide from_octets(const uint8_t *at, size_t n)
{
	sonde_wide v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | at[i];
	return v;
}

/* Pairs of hex digits, with : between them or not: how many, or -1. */
static int to_octets(const char *token, uint8_t *ret, size_t most)
{
	size_t n = 0;

	while (*token && n < most) {
		if (sonde_craft_digit(token[0]) < 0 || sonde_craft_digit(token[1]) < 0)
			return -1;
		ret[n++] =
			(uint8_t)(sonde_craft_digit(token[0]) << 4 | sonde_craft_digit(token[1]));
		token += 2;
		if (*token == ':' && token[1])
			token++;
	}
	return *token ? -1 : (int)n;
}

/* The bit of each letter, from the lowest up. */
static bool to_flags(const char *token, sonde_wide *ret)
{
	static const char letters[] = SONDE_CRAFT_FLAGS;
	sonde_wide v = 0;

	for (; *token; token++) {
		const char *at = strchr(letters, *token == 'W' ? 'C' : *token);

		if (!at)
			return false;
		v |= 1u << (at - letters);
	}
	*ret = v;
	return true;
}

/* What a number of this field is called, or the header that a key leads to. */
static bool to_word(const struct sonde_row *r, const char *word, size_t len, sonde_wide *ret)
{
	enum sonde_shape shape;
	int32_t key;

	for (const struct sonde_value *v = sonde_values; v->words; v++)
		if (v->row == (uint16_t)(r - sonde_rows) && !strncmp(v->words, word, len) &&
		    !v->words[len]) {
			*ret = v->number;
			return true;
		}
	if (r->role != SONDE_ROLE_KEY && r->role != SONDE_ROLE_KEY_OR_BODY &&
	    r->role != SONDE_ROLE_PORT && r->role != SONDE_ROLE_PORT_TO)
		return false;
	shape = sonde_craft_header(word, len);
	key = shape ? sonde_key(r->arg, shape) : -1;
	*ret = (sonde_wide)(key < 0 ? 0 : key);
	return key >= 0;
}

static const char *kind_of(const struct sonde_row *r)
{
	switch (r->form) {
	case SONDE_FORM_IP4: return "an IPv4 address";
	case SONDE_FORM_IP6: return "an IPv6 address";
	case SONDE_FORM_MAC: return "a MAC address such as 02:00:00:00:00:01";
	case SONDE_FORM_FLAG: return "0, 1, true or false";
	case SONDE_FORM_BYTES: return "octets in hex";
	case SONDE_FORM_TEXT: return "text in quotes, or octets in hex";
	default:
		return r - sonde_rows == SONDE_ROW_tcp_flags
			       ? "a number, or letters of " SONDE_CRAFT_FLAGS
			       : "a number";
	}
}

/* A single value of this field from a word. */
static bool to_value(const struct sonde_row *r, const char *token, sonde_wide *ret)
{
	uint8_t octets[16];
	int n;

	switch (r->form) {
	case SONDE_FORM_IP4:
		if (inet_pton(AF_INET, token, octets) == 1) {
			*ret = from_octets(octets, 4);
			return true;
		}
		break;
	case SONDE_FORM_IP6:
		if (inet_pton(AF_INET6, token, octets) != 1)
			return false;
		*ret = from_octets(octets, 16);
		return true;
	case SONDE_FORM_MAC:
	case SONDE_FORM_BYTES:
	case SONDE_FORM_TEXT:
		n = to_octets(token, octets, sizeof octets);
		if (n < 0 || n != r->bits / 8)
			return false;
		*ret = from_octets(octets, (size_t)n);
		return true;
	case SONDE_FORM_FLAG:
		if (!strcmp(token, "true") || !strcmp(token, "false")) {
			*ret = *token == 't';
			return true;
		}
		break;
	}
	if (to_number(token, ret))
		return true;
	if (r - sonde_rows == SONDE_ROW_tcp_flags)
		return to_flags(token, ret);
	return to_word(r, token, strlen(token), ret);
}

/* Within the field's bits, and in the units that they count. */
static bool fits(struct sonde_craft_parser *p, const char *at, const struct sonde_row *r,
		 sonde_wide *v)
{
	if (r->form == SONDE_FORM_X4) {
		if (*v % 4)
			return sonde_craft_wrong(p, at, "a multiple of 4 bytes");
		*v /= 4;
	}
	if (*v > most_of(r->bits))
		return sonde_craft_wrong(p, at, "a number of up to %u bits", r->bits);
	return true;
}

static bool read_single(struct sonde_craft_parser *p, const struct sonde_row *r, sonde_wide *ret)
{
	char token[TOKEN_MOST];
	const char *at;

	sonde_craft_skip_space(p);
	at = p->at;
	if (*at == '-' && r - sonde_rows == SONDE_ROW_tcp_flags) {
		p->at++;
		*ret = 0;
		return true;
	}
	if (!read_token(p, token, kind_of(r)))
		return false;
	if (!to_value(r, token, ret))
		return sonde_craft_wrong(p, at, "%s", kind_of(r));
	return fits(p, at, r, ret);
}

/* ---- octets ---- */

/* Text for a field: a word for a number, or octets with zeros behind them. */
static bool read_quoted(struct sonde_craft_parser *p, const struct sonde_row *r,
			struct sonde_craft_value *v)
{
	const char *at = p->at;
	struct sonde_bytes text;
	uint8_t *octets;

	if (!sonde_craft_read_text(p, &text))
		return false;
	if (!sonde_row_is_octets(r))
		return to_word(r, (const char *)text.at, text.len, &v->number) ||
		       sonde_craft_wrong(p, at, "a word for a value of %s", r->name);
	if (text.len > r->bits / 8u)
		return sonde_craft_wrong(p, at, "text of up to %u bytes", r->bits / 8u);
	octets = sonde_arena_take(p->arena, r->bits / 8u);
	memcpy(octets, text.at, text.len);
	if (sonde_craft_is_wide(r))
		v->octets = (struct sonde_bytes){ octets, r->bits / 8u };
	else
		v->number = from_octets(octets, r->bits / 8u);
	return true;
}

/* Octets of a field that is wider than any number. */
static bool read_wide(struct sonde_craft_parser *p, const struct sonde_row *r,
		      struct sonde_craft_value *v)
{
	const char *at = p->at;
	uint8_t *octets = sonde_arena_take(p->arena, r->bits / 8u);
	struct sonde_bytes hex;

	if (!sonde_craft_read_hex(p, &hex))
		return false;
	if (!hex.len || hex.len > r->bits / 8u)
		return sonde_craft_wrong(p, at, "text, or up to %u octets in hex", r->bits / 8u);
	memcpy(octets, hex.at, hex.len);
	v->octets = (struct sonde_bytes){ octets, r->bits / 8u };
	return true;
}

/* ---- what varies ---- */

static void add_range(struct sonde_craft_parser *p, struct sonde_craft_value *v,
		      struct sonde_craft_range range)
{
	if (!(v->ranges & (v->ranges - 1)))
		v->range = sonde_arena_grow(p->arena, v->range, v->ranges,
					    v->ranges ? v->ranges : 1, sizeof *v->range);
	v->range[v->ranges++] = range;
	v->n = range.n > UINT64_MAX - v->n ? UINT64_MAX : v->n + range.n;
}

/* From one to another, both included, every so many. */
static struct sonde_craft_range range_of(sonde_wide least, sonde_wide most, sonde_wide by)
{
	sonde_wide n = (most - least) / by;

	return (struct sonde_craft_range){ least, by,
					   n >= UINT64_MAX ? UINT64_MAX : (uint64_t)n + 1 };
}

static bool read_prefix(struct sonde_craft_parser *p, const struct sonde_row *r, sonde_wide base,
			struct sonde_craft_value *v)
{
	const char *at = p->at;
	sonde_wide most;
	uint64_t bits;

	if (!sonde_craft_read_number(p, &bits))
		return false;
	if (bits > r->bits)
		return sonde_craft_wrong(p, at, "a prefix of up to %u bits", r->bits);
	most = most_of(r->bits - (unsigned)bits);
	base &= ~most;
	add_range(p, v, range_of(base, base | most, 1));
	return true;
}

/* A value, or all from one to another: 80, 1-1024, 1-1024/4, 10.0.0.0/24. */
static bool read_range(struct sonde_craft_parser *p, const struct sonde_row *r,
		       struct sonde_craft_value *v)
{
	sonde_wide from, to;
	uint64_t by = 1;
	const char *at;

	if (!read_single(p, r, &from))
		return false;
	if ((r->form == SONDE_FORM_IP4 || r->form == SONDE_FORM_IP6) && sonde_craft_take(p, '/'))
		return read_prefix(p, r, from, v);
	if (!sonde_craft_take(p, '-')) {
		add_range(p, v, range_of(from, from, 1));
		return true;
	}
	sonde_craft_skip_space(p);
	at = p->at;
	if (!read_single(p, r, &to))
		return false;
	if (to < from)
		return sonde_craft_wrong(p, at, "an end that is not below the beginning");
	if (sonde_craft_take(p, '/')) {
		sonde_craft_skip_space(p);
		at = p->at;
		if (!sonde_craft_read_number(p, &by))
			return false;
		if (!by)
			return sonde_craft_wrong(p, at, "a step above 0");
	}
	add_range(p, v, range_of(from, to, by));
	return true;
}

static bool read_set(struct sonde_craft_parser *p, const struct sonde_row *r,
		     struct sonde_craft_value *v)
{
	do {
		if (v->ranges >= RANGES_MOST)
			return sonde_craft_expected(p, "no more than 65536 values");
		if (!read_range(p, r, v))
			return false;
	} while (sonde_craft_take(p, ','));
	v->how = SONDE_CRAFT_RANGES;
	return sonde_craft_take(p, '}') || sonde_craft_expected(p, ", or }");
}

static bool read_random(struct sonde_craft_parser *p, const struct sonde_row *r,
			struct sonde_craft_value *v)
{
	v->how = SONDE_CRAFT_RANDOM;
	v->salt = p->c->steps + 1;
	if (!sonde_craft_take(p, '('))
		return true;
	do {
		if (!read_range(p, r, v))
			return false;
	} while (sonde_craft_take(p, ','));
	return sonde_craft_take(p, ')') || sonde_craft_expected(p, ")");
}

static bool read_step(struct sonde_craft_parser *p, const struct sonde_row *r,
		      struct sonde_craft_value *v)
{
	uint64_t by;

	v->how = SONDE_CRAFT_STEP;
	if (!sonde_craft_take(p, '('))
		return sonde_craft_expected(p, "(");
	if (!sonde_craft_read_number(p, &by))
		return false;
	v->number = by;
	if (sonde_craft_take(p, ',') && !read_single(p, r, &v->from))
		return false;
	return sonde_craft_take(p, ')') || sonde_craft_expected(p, ")");
}

/* ---- names ---- */

static unsigned var_of(struct sonde_craft_parser *p, const char *name, size_t len)
{
	struct sonde_craft_vars *vars = p->world->vars;

	for (unsigned i = 0; i < vars->n; i++)
		if (!strncmp(vars->of[i].name, name, len) && !vars->of[i].name[len])
			return i;
	if (!(vars->n & (vars->n - 1)))
		vars->of = sonde_arena_grow(p->arena, vars->of, vars->n, vars->n ? vars->n : 1,
					    sizeof *vars->of);
	vars->of[vars->n] =
		(struct sonde_craft_var){ .name = sonde_arena_string(p->arena, name, len) };
	return vars->n++;
}

/* $name, with a number added or taken away. */
static bool read_var(struct sonde_craft_parser *p, struct sonde_craft_value *v)
{
	const char *name = p->at;
	uint64_t by;

	if (!p->world->vars)
		return sonde_craft_wrong(p, name - 1, "a value: names are for scripts");
	while (is_word(*p->at) && *p->at != ':' && *p->at != '.')
		p->at++;
	if (p->at == name || p->world->vars->n >= SONDE_CRAFT_NAMES)
		return sonde_craft_expected(p, p->at == name ? "a name" : "fewer names");
	v->how = SONDE_CRAFT_VAR;
	v->var = (uint16_t)var_of(p, name, (size_t)(p->at - name));
	sonde_craft_skip_space(p);
	if (*p->at == '+' || *p->at == '-') {
		bool minus = *p->at++ == '-';

		if (!sonde_craft_read_number(p, &by))
			return false;
		v->number = minus ? -(sonde_wide)by : by;
	}
	return true;
}

/* ---- all of it ---- */

static bool is_call(const struct sonde_craft_parser *p, const char *word)
{
	size_t n = strlen(word);

	return !strncmp(p->at, word, n) && !is_word(p->at[n]);
}

static bool read_group(struct sonde_craft_parser *p, struct sonde_craft_value *v)
{
	if (!sonde_craft_take(p, '@'))
		return true;
	if ((*p->at | 32) < 'a' || (*p->at | 32) > 'z' || is_word(p->at[1]))
		return sonde_craft_expected(p, "a single letter");
	if (v->how != SONDE_CRAFT_RANGES)
		return sonde_craft_expected(p, "a range or a set in front of @");
	v->group = *p->at++;
	return true;
}

bool sonde_craft_read_value(struct sonde_craft_parser *p, const struct sonde_row *r,
			    struct sonde_craft_value *ret)
{
	struct sonde_craft_value v = { .bits = r->bits };
	bool good;

	sonde_craft_skip_space(p);
	if (*p->at == '"')
		good = read_quoted(p, r, &v);
	else if (sonde_craft_is_wide(r))
		good = read_wide(p, r, &v);
	else if (sonde_craft_take(p, '{'))
		good = read_set(p, r, &v);
	else if (sonde_craft_take(p, '$'))
		good = read_var(p, &v);
	else if (is_call(p, "random")) {
		p->at += strlen("random");
		good = read_random(p, r, &v);
	} else if (is_call(p, "step")) {
		p->at += strlen("step");
		good = read_step(p, r, &v);
	} else if ((good = read_range(p, r, &v))) {
		v.how = v.n > 1 ? SONDE_CRAFT_RANGES : SONDE_CRAFT_FIXED;
		v.number = v.range->least;
	}
	if (!good || !read_group(p, &v))
		return false;
	*ret = v;
	return true;
}
