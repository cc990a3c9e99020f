#include <arpa/inet.h>

#include "base/near.h"
#include "base/random.h"
#include "probe/script_inside.h"

bool sonde_script_expected(struct sonde_script_reader *r, const char *at, const char *what,
			   const char *const *nearest)
{
	struct sonde_script_reader word = { .at = at, .to = r->to };
	size_t len = nearest ? sonde_script_word(&word) : 0;
	unsigned most = (unsigned)(len / 3) + 1, far;

	if (r->error.expected)
		return false;
	r->error.at = (size_t)(at - r->text);
	r->error.expected = what;
	for (; nearest && *nearest; nearest++)
		if (len && most && (far = sonde_near(word.at, len, *nearest, most - 1)) < most) {
			most = far;
			r->error.nearest = *nearest;
		}
	return false;
}

/* ---- words and signs ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || is_digit(c) || c == '_';
}

static void skip(struct sonde_script_reader *r)
{
	while (r->at < r->to && is_blank(*r->at))
		r->at++;
}

static size_t run(const struct sonde_script_reader *r, const char *more)
{
	const char *at = r->at;

	while (at < r->to && (is_name(*at) || (*at && strchr(more, *at))))
		at++;
	return (size_t)(at - r->at);
}

size_t sonde_script_word(struct sonde_script_reader *r)
{
	skip(r);
	return run(r, "-");
}

size_t sonde_script_name(const struct sonde_script_reader *r)
{
	return run(r, "");
}

bool sonde_script_take(struct sonde_script_reader *r, const char *sign)
{
	size_t len = strlen(sign);

	skip(r);
	if ((size_t)(r->to - r->at) < len || memcmp(r->at, sign, len))
		return false;
	r->at += len;
	return true;
}

bool sonde_script_take_word(struct sonde_script_reader *r, const char *word)
{
	size_t len = sonde_script_word(r);

	if (len != strlen(word) || memcmp(r->at, word, len))
		return false;
	r->at += len;
	return true;
}

bool sonde_script_ends(struct sonde_script_reader *r)
{
	skip(r);
	return r->at == r->to;
}

/* ---- numbers ---- */

bool sonde_script_read_count(struct sonde_script_reader *r, uint64_t *ret)
{
	const char *from;
	uint64_t n = 0;

	skip(r);
	for (from = r->at; r->at < r->to && is_digit(*r->at) && n <= SONDE_SCRIPT_TIMES; r->at++)
		n = 10 * n + (unsigned)(*r->at - '0');
	if (!n || n > SONDE_SCRIPT_TIMES || run(r, ""))
		return sonde_script_expected(r, from, "a number from 1 to 1000000", NULL);
	*ret = n;
	return true;
}

/* Digits with a point, in billionths of scale; UINT64_MAX: more than most. */
static uint64_t scaled(const char *at, const char *to, uint64_t scale, uint64_t most)
{
	sonde_wide v = 0;

	for (; at < to && is_digit(*at); at++)
		if ((v = 10 * v + (unsigned)(*at - '0') * (sonde_wide)scale) > most)
			return UINT64_MAX;
	if (at < to && *at == '.')
		for (at++; at < to && is_digit(*at); at++)
			v += (unsigned)(*at - '0') * (sonde_wide)(scale /= 10);
	return v > most ? UINT64_MAX : (uint64_t)v;
}

bool sonde_script_read_time(struct sonde_script_reader *r, sonde_ns *ret)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} unit[] = { { "", SONDE_SECOND },	  { "s", SONDE_SECOND },
		     { "m", 60 * SONDE_SECOND },  { "ms", SONDE_MILLISECOND },
		     { "us", SONDE_MICROSECOND }, { "ns", 1 } };
	const char *from, *end;
	size_t len;

	skip(r);
	from = end = r->at;
	len = run(r, ".");
	while (end < from + len && (is_digit(*end) || (*end == '.' && end > from)))
		end++;
	for (unsigned i = 0; end > from && i < sizeof unit / sizeof *unit; i++) {
		uint64_t v;

		if (strlen(unit[i].name) != (size_t)(from + len - end) ||
		    memcmp(end, unit[i].name, strlen(unit[i].name)))
			continue;
		v = scaled(from, end, unit[i].ns, SONDE_SCRIPT_WAIT_MOST);
		if (v == UINT64_MAX || memchr(from, '.', len) != memrchr(from, '.', len))
			break;
		r->at += len;
		*ret = v;
		return true;
	}
	return sonde_script_expected(r, from, "a time such as 5ms or 1.5s, up to an hour", NULL);
}

static int digit_of(char c, unsigned base)
{
	int v = is_digit(c)			     ? c - '0'
		: (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
						     : -1;

	return v < (int)base ? v : -1;
}

static bool to_number(const char *at, size_t len, sonde_wide *ret)
{
	unsigned base = len > 2 && at[0] == '0' && (at[1] | 32) == 'x' ? 16 : 10;
	sonde_wide v = 0;
	int digit;

	for (size_t i = base == 16 ? 2 : 0; i < len; i++) {
		if ((digit = digit_of(at[i], base)) < 0 || (v = base * v + (unsigned)digit) >> 64)
			return false;
	}
	*ret = v;
	return len;
}

static bool to_mac(const char *at, size_t len, sonde_wide *ret)
{
	sonde_wide v = 0;

	for (size_t i = 0; i < len; i++) {
		int digit = i % 3 == 2 ? at[i] == ':' ? 0 : -1 : digit_of(at[i], 16);

		if (digit < 0)
			return false;
		v = i % 3 == 2 ? v : 16 * v + (unsigned)digit;
	}
	*ret = v;
	return len == 17;
}

static bool to_address(const char *at, size_t len, sonde_wide *ret)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t octet[16];
	unsigned n;
	sonde_wide v = 0;

	if (len >= sizeof text)
		return false;
	memcpy(text, at, len);
	text[len] = 0;
	n = inet_pton(AF_INET, text, octet) == 1    ? 4
	    : inet_pton(AF_INET6, text, octet) == 1 ? 16
						    : 0;
	for (unsigned i = 0; i < n; i++)
		v = v << 8 | octet[i];
	*ret = v;
	return n;
}

bool sonde_script_read_value(struct sonde_script_reader *r, sonde_wide *ret)
{
	size_t len;

	skip(r);
	len = run(r, ".:");
	if (!to_number(r->at, len, ret) && !to_mac(r->at, len, ret) && !to_address(r->at, len, ret))
		return sonde_script_expected(r, r->at, "a number or an address", NULL);
	r->at += len;
	return true;
}

/* ---- variables ---- */

int sonde_script_find(const struct sonde_script *s, const char *name, size_t len)
{
	for (unsigned i = 0; i < s->vars.n; i++)
		if (!strncmp(s->vars.of[i].name, name, len) && !s->vars.of[i].name[len])
			return (int)i;
	return -1;
}

bool sonde_script_read_name(struct sonde_script_reader *r, unsigned *ret)
{
	struct sonde_craft_vars *vars = &r->s->vars;
	const char *from = r->at;
	size_t len;
	int found;

	if (!sonde_script_take(r, "$"))
		return sonde_script_expected(r, r->at, "$ and a name", NULL);
	from = r->at;
	len = run(r, "");
	if (!len || vars->n >= SONDE_SCRIPT_VARS - 1)
		return sonde_script_expected(r, from, len ? "fewer names" : "a name", NULL);
	r->at += len;
	if ((found = sonde_script_find(r->s, from, len)) < 0) {
		if (!(vars->n & (vars->n - 1)))
			vars->of = sonde_arena_grow(r->s->arena, vars->of, vars->n,
						    vars->n ? vars->n : 1, sizeof *vars->of);
		vars->of[vars->n] = (struct sonde_craft_var){
			.name = sonde_arena_string(r->s->arena, from, len),
		};
		found = (int)vars->n++;
	}
	*ret = (unsigned)found;
	return true;
}

static bool read_term(struct sonde_script_reader *r, struct sonde_script_term *t)
{
	unsigned var;

	skip(r);
	if (r->at == r->to || *r->at != '$')
		return sonde_script_read_value(r, &t->number);
	if (!sonde_script_read_name(r, &var))
		return false;
	t->named = true;
	t->var = (uint16_t)var;
	return true;
}

bool sonde_script_read_sum(struct sonde_script_reader *r, struct sonde_script_sum *ret)
{
	enum { TERMS = 16 };
	struct sonde_script_term term[TERMS] = { { 0 } };
	unsigned n = 0;

	do {
		if (n == TERMS)
			return sonde_script_expected(r, r->at, "no more than 16 values", NULL);
		if (!read_term(r, &term[n++]))
			return false;
	} while (sonde_script_take(r, "+") ||
		 (sonde_script_take(r, "-") && n < TERMS && (term[n].minus = true)));
	ret->term = sonde_arena_grow(r->s->arena, term, n, 0, sizeof *term);
	ret->n = n;
	return true;
}

sonde_wide sonde_script_sum(const struct sonde_script_sum *sum, const struct sonde_craft_vars *vars)
{
	sonde_wide total = 0;
	bool wide = sum->n == 1;

	for (unsigned i = 0; i < sum->n; i++) {
		const struct sonde_script_term *t = &sum->term[i];
		sonde_wide v = t->named ? vars->of[t->var].value : t->number;

		wide |= v > UINT32_MAX;
		total += t->minus ? -v : v;
	}
	return wide ? total : (uint32_t)total;
}

sonde_wide sonde_script_set(struct sonde_script_line *l, const struct sonde_craft_vars *vars,
			    uint64_t seed)
{
	uint64_t state = seed + (l->number + (l->turns++ << 32)) * SONDE_RANDOM_STEP;
	uint64_t span = (uint64_t)(l->most - l->least) + 1;

	return l->random ? l->least + sonde_random(&state) % span
			 : sonde_script_sum(&l->sum[0], vars);
}
