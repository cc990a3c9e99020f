#include <errno.h>

#include "base/near.h"
#include "probe/script_parse.h"

/* ---- the text, made plain ---- */

/* Comments, and line ends behind a backslash, become blanks, so that every place stays where it is.
 * Quoted text stays as it is, up to its line's end. */
static char *plain(struct sonde_arena *a, const char *text, size_t len)
{
	char *out = sonde_arena_string(a, text, len);
	bool quoted = false, comment = false;

	for (size_t i = 0; i < len; i++) {
		size_t next = i + 1 + (i + 1 < len && out[i + 1] == '\r');

		if (out[i] == '\n') {
			quoted = comment = false;
		} else if (comment || (out[i] == '\r' && (i + 1 == len || out[i + 1] == '\n'))) {
			out[i] = ' ';
		} else if (quoted && out[i] == '\\' && i + 1 < len && out[i + 1] != '\n') {
			i++;
		} else if (out[i] == '"') {
			quoted = !quoted;
		} else if (!quoted && out[i] == '#') {
			comment = true;
			out[i] = ' ';
		} else if (!quoted && out[i] == '\\' && next < len && out[next] == '\n') {
			memset(out + i, ' ', next - i + 1);
		}
	}
	return out;
}

/* ---- from outside ---- */

/* What is given counts as known wherever it stands, so it comes first. */
static bool take_given(struct sonde_script_parse *p)
{
	struct sonde_script *s = p->r.s;

	for (unsigned i = 0; i < p->world->n; i++) {
		const struct sonde_script_given *g = &p->world->given[i];
		const char *name = sonde_arena_print(s->arena, "$%s", g->name);
		struct sonde_script_reader r = {
			.at = name, .to = name + strlen(name), .text = name, .s = s
		};
		unsigned var;
		sonde_wide v;

		p->r.error.at = SIZE_MAX;
		p->r.error.nearest = g->name;
		p->r.error.expected = "a name of letters, digits and _";
		if (!sonde_script_read_name(&r, &var) || !sonde_script_ends(&r))
			return false;
		r.at = g->value;
		r.to = g->value + strlen(g->value);
		p->r.error.expected = "a number or an address";
		if (!sonde_script_read_value(&r, &v) || !sonde_script_ends(&r))
			return false;
		s->vars.of[var].value = v;
		s->vars.of[var].known = true;
		s->origin[var] = (struct sonde_script_origin){ .said = true, .given = true };
	}
	p->r.error = (struct sonde_craft_error){ 0 };
	return true;
}

static bool is_used(struct sonde_script_parse *p, const char *name)
{
	size_t len = strlen(name);

	p->r.at = p->r.text;
	p->r.to = p->end;
	while ((p->r.at = memchr(p->r.at, '$', (size_t)(p->end - p->r.at)))) {
		p->r.at++;
		if (sonde_script_name(&p->r) == len && !memcmp(p->r.at, name, len))
			return true;
	}
	return false;
}

/* What is given and nobody asks for was meant otherwise. */
static bool given_are_used(struct sonde_script_parse *p)
{
	const struct sonde_craft_vars *vars = &p->r.s->vars;

	for (unsigned i = 0; i < p->world->n; i++) {
		const char *name = p->world->given[i].name, *nearest = NULL;
		unsigned most = (unsigned)strlen(name) / 3 + 1, far;

		if (is_used(p, name))
			continue;
		for (unsigned k = 0; k < vars->n && most; k++)
			if (is_used(p, vars->of[k].name) &&
			    (far = sonde_near(name, strlen(name), vars->of[k].name, most - 1)) <
				    most) {
				most = far;
				nearest = vars->of[k].name;
			}
		p->r.error.at = SIZE_MAX;
		p->r.error.nearest = name;
		p->r.error.expected =
			sonde_arena_print(p->r.s->arena, "a name that the script has%s%s",
					  nearest ? ", such as " : "", nearest ? nearest : "");
		return false;
	}
	return true;
}

/* ---- all of it ---- */

static bool read_all(struct sonde_script_parse *p, const char *original)
{
	const char *at = p->r.text;

	p->number = 1;
	while (at < p->end) {
		p->r.at = at;
		p->r.to = memchr(at, '\n', (size_t)(p->end - at));
		p->r.to = p->r.to ? p->r.to : p->end;
		if (!sonde_script_read_line(p))
			return false;
		for (; at <= p->r.to && at < p->end; at++)
			p->number += original[at - p->r.text] == '\n';
	}
	if (p->depth)
		return sonde_script_expected(&p->r, p->open_at[p->depth - 1],
					     "an end for this repeat", NULL);
	return p->r.s->lines || sonde_script_expected(&p->r, p->r.text, "a statement", NULL);
}

/* Before the run, what will be learned counts as 0. */
static void look_ahead(struct sonde_script *s)
{
	s->before = s->vars;
	if (!s->vars.n)
		return;
	s->before.of = sonde_arena_grow(s->arena, s->vars.of, s->vars.n, 0, sizeof *s->vars.of);
	for (unsigned i = 0; i < s->before.n; i++)
		s->before.of[i].known = true;
}

int sonde_script_parse(struct sonde_script **ret, struct sonde_arena *a, const char *text,
		       size_t len, const struct sonde_script_world *world,
		       struct sonde_craft_error *ret_error)
{
	struct sonde_script_parse *p = sonde_arena_take(a, sizeof *p);
	struct sonde_script *s = sonde_arena_take(a, sizeof *s);
	const char *zero = len ? memchr(text, 0, len) : NULL;
	bool good = false;

	s->arena = a;
	s->seed = world->seed;
	s->began = UINT64_MAX;
	s->origin = sonde_arena_take(a, SONDE_SCRIPT_VARS * sizeof *s->origin);
	p->world = world;
	p->r.s = s;
	p->r.text = plain(a, text, len);
	p->end = p->r.to = p->r.text + len;
	if (zero || len > SONDE_SCRIPT_TEXT_MOST)
		sonde_script_expected(&p->r,
				      p->r.text + (zero ? zero - text : SONDE_SCRIPT_TEXT_MOST),
				      zero ? "text, and no zero byte" : "no more than 1 MiB", NULL);
	else
		good = take_given(p) && read_all(p, text) && given_are_used(p);
	if (!good) {
		*ret_error = p->r.error;
		return -EINVAL;
	}
	look_ahead(s);
	*ret = s;
	return 0;
}

void sonde_script_place(const char *text, size_t len, size_t at, unsigned *ret_line,
			unsigned *ret_column)
{
	*ret_line = *ret_column = 1;
	for (size_t i = 0; i < at && i < len; i++) {
		*ret_column = text[i] == '\n' ? 1 : *ret_column + 1;
		*ret_line += text[i] == '\n';
	}
}

/* ---- what it says ---- */

bool sonde_script_send(const struct sonde_script *s, unsigned i, struct sonde_script_send *ret)
{
	for (unsigned k = 0; k < s->lines; k++) {
		const struct sonde_script_line *l = &s->line[k];

		if (l->is != SONDE_SCRIPT_SENDS || i--)
			continue;
		*ret = (struct sonde_script_send){
			.craft = l->craft,
			.line = l->number,
			.repeated = l->times > 1,
			.fast = l->times > 1000 && l->time < SONDE_MILLISECOND,
		};
		return true;
	}
	return false;
}

const struct sonde_craft_vars *sonde_script_vars(const struct sonde_script *s)
{
	return &s->before;
}

const char *sonde_script_capture(const struct sonde_script *s, unsigned i)
{
	return i < s->captures ? s->capture[i] : NULL;
}

bool sonde_script_no_rst(const struct sonde_script *s)
{
	return s->no_rst;
}
