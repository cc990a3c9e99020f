#include <errno.h>

#include "probe/script_inside.h"

enum { LETS = 256, LINES = 65536 };

enum mode { LET, SEND, EXPECT, NOTHING };

struct let {
	const char *name;
	const char *from, *to;	     /* of the packet */
	struct sonde_craft *made[2]; /* to be sent, and to be compared; NULL: not yet */
};

struct parse {
	struct sonde_script_reader r;
	const struct sonde_script_world *world;
	const char *end; /* of the text */
	unsigned number; /* of the line */
	enum mode mode;
	struct let let[LETS];
	unsigned lets, visible; /* those before it may be used */
	unsigned open[SONDE_SCRIPT_DEPTH], depth;
	const char *open_at[SONDE_SCRIPT_DEPTH];
	uint64_t run[SONDE_SCRIPT_DEPTH + 1]; /* statements that are run at each depth */
};

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

/* What a line says, for people: one blank where there are several. */
static const char *shown(struct sonde_arena *a, const char *at, const char *to)
{
	char *text = sonde_arena_string(a, at, (size_t)(to - at)), *o = text;
	bool quoted = false;

	for (; at < to; at++) {
		bool blank = *at == ' ' || *at == '\t';

		if (quoted && *at == '\\' && at + 1 < to)
			*o++ = *at++;
		else if (*at == '"')
			quoted = !quoted;
		if (quoted || !blank)
			*o++ = *at;
		else if (o > text && o[-1] != ' ')
			*o++ = ' ';
	}
	*o = 0;
	while (o > text && o[-1] == ' ')
		*--o = 0;
	return text;
}

/* ---- packets ---- */

/* The names in a packet's text: all of them must be known by now, or they are from now on. */
static bool look_at_names(struct parse *p, const char *from, const char *to, bool known)
{
	struct sonde_script_reader names = p->r;
	bool quoted = false;

	for (; from < to; from++) {
		int var;

		if (quoted && *from == '\\') {
			from++;
			continue;
		}
		quoted ^= *from == '"';
		if (quoted || *from != '$')
			continue;
		names.at = from + 1;
		var = sonde_script_find(p->r.s, from + 1, sonde_script_name(&names));
		if (var < 0 || !p->r.s->origin[var].said) {
			if (known)
				return sonde_script_expected(
					&p->r, from, "a name that has been set or learned", NULL);
			if (var >= 0)
				p->r.s->origin[var] = (struct sonde_script_origin){
					.said = true, .learned = true, .learner = p->r.s->lines
				};
		}
	}
	return true;
}

static bool make(struct parse *p, const char *from, const char *to, struct sonde_craft **ret);

static const struct sonde_craft *named(void *arg, const char *name, size_t len)
{
	struct parse *p = arg;
	bool pattern = p->mode >= EXPECT;
	unsigned visible = p->visible;

	for (unsigned i = 0; i < visible; i++) {
		struct let *l = &p->let[i];

		if (strncmp(l->name, name, len) || l->name[len])
			continue;
		p->visible = i;
		if (!make(p, l->from, l->to, &l->made[pattern]))
			l->made[pattern] = NULL;
		p->visible = visible;
		return l->made[pattern];
	}
	return NULL;
}

static bool file(void *arg, const char *name, struct sonde_bytes *ret, const char **ret_why)
{
	const struct sonde_script_world *world = ((struct parse *)arg)->world;

	*ret_why = "there are no files here";
	return world->file && world->file(world->arg, name, ret, ret_why);
}

static bool make(struct parse *p, const char *from, const char *to, struct sonde_craft **ret)
{
	struct sonde_craft_world world = {
		.arg = p,
		.file = file,
		.named = named,
		.vars = &p->r.s->vars,
		.pattern = p->mode >= EXPECT,
	};
	struct sonde_craft_error e = { 0 };

	if ((p->mode == SEND || p->mode == NOTHING) && !look_at_names(p, from, to, true))
		return false;
	if (!sonde_craft_parse(ret, p->r.s->arena, from, (size_t)(to - from), &world, NULL, &e)) {
		if (!p->r.error.expected) { /* else in a packet that is named in it */
			e.at += (size_t)(from - p->r.text);
			p->r.error = e;
		}
		return false;
	}
	return p->mode != EXPECT || look_at_names(p, from, to, false);
}

/* Whether a word stands here that ends a packet: one that no / is in front of. */
static bool ends_packet(const char *at, const char *to)
{
	struct sonde_script_reader r = { .at = at, .to = to };
	size_t len = sonde_script_word(&r);

	return (len == 6 && !memcmp(at, "within", 6)) || (len == 5 && !memcmp(at, "every", 5)) ||
	       (len > 1 && *at == 'x' && at[1] >= '0' && at[1] <= '9');
}

/* Takes a packet, up to such a word or the line's end. */
static bool read_packet(struct parse *p, enum mode mode, struct sonde_craft **ret)
{
	const char *from, *at;
	unsigned depth = 0;
	bool quoted = false, joined = true; /* a / is in front: what comes belongs to the packet */

	sonde_script_ends(&p->r);
	for (from = at = p->r.at; at < p->r.to; at++) {
		bool blank = *at == ' ' || *at == '\t';

		if (quoted && *at == '\\') {
			at += at + 1 < p->r.to;
			continue;
		}
		quoted ^= *at == '"';
		if (quoted || blank)
			continue;
		if (!depth && !joined && at > from && (at[-1] == ' ' || at[-1] == '\t') &&
		    ends_packet(at, p->r.to))
			break;
		depth += (*at == '(' || *at == '{') - (depth && (*at == ')' || *at == '}'));
		joined = *at == '/';
	}
	p->mode = mode;
	p->visible = p->lets;
	if (!make(p, from, at, ret))
		return false;
	p->r.at = at;
	return true;
}

/* ---- statements ---- */

static struct sonde_script_line *add(struct parse *p, enum sonde_script_line_is is)
{
	struct sonde_script *s = p->r.s;
	struct sonde_script_line *l;

	if (!(s->lines & (s->lines - 1)))
		s->line = sonde_arena_grow(s->arena, s->line, s->lines, s->lines ? s->lines : 1,
					   sizeof *s->line);
	l = &s->line[s->lines++];
	*l = (struct sonde_script_line){ .is = (uint8_t)is, .number = p->number };
	p->run[p->depth]++;
	return l;
}

static bool read_let(struct parse *p)
{
	struct let l = { .from = NULL };
	struct sonde_craft *c;
	size_t len = sonde_script_word(&p->r);
	const char *at = p->r.at;
	struct sonde_craft_world world = { 0 };
	struct sonde_craft_error e;

	if (!len || (*at >= '0' && *at <= '9') || memchr(at, '-', len))
		return sonde_script_expected(&p->r, at, "a name for the packet", NULL);
	l.name = sonde_arena_string(p->r.s->arena, at, len);
	for (unsigned i = 0; i < p->lets; i++)
		if (!strcmp(p->let[i].name, l.name))
			return sonde_script_expected(&p->r, at, "a name that no packet has yet",
						     NULL);
	if (p->lets == LETS)
		return sonde_script_expected(&p->r, at, "no more than 256 names", NULL);
	if (sonde_craft_parse(&c, p->r.s->arena, at, len, &world, NULL, &e))
		return sonde_script_expected(&p->r, at, "a name that no header has", NULL);
	p->r.at += len;
	if (!sonde_script_take(&p->r, "="))
		return sonde_script_expected(&p->r, p->r.at, "=", NULL);
	sonde_script_ends(&p->r);
	l.from = p->r.at;
	if (!read_packet(p, LET, &c))
		return false;
	l.to = p->r.at;
	p->let[p->lets++] = l;
	return true;
}

/* random, or random(1-9). */
static bool read_random(struct parse *p, struct sonde_script_line *l)
{
	const char *at;

	l->random = true;
	l->most = UINT32_MAX;
	if (!sonde_script_take(&p->r, "("))
		return true;
	if (!sonde_script_read_value(&p->r, &l->least))
		return false;
	if (!sonde_script_take(&p->r, "-"))
		return sonde_script_expected(&p->r, p->r.at, "- and the end of a range", NULL);
	sonde_script_ends(&p->r);
	at = p->r.at;
	if (!sonde_script_read_value(&p->r, &l->most))
		return false;
	if (l->most < l->least || l->most - l->least >= UINT64_MAX)
		return sonde_script_expected(&p->r, at, "an end above the beginning", NULL);
	return sonde_script_take(&p->r, ")") || sonde_script_expected(&p->r, p->r.at, ")", NULL);
}

static bool read_set(struct parse *p)
{
	struct sonde_script *s = p->r.s;
	struct sonde_script_line l = { 0 };
	struct sonde_script_origin *o;
	const char *at;

	sonde_script_ends(&p->r);
	if (!sonde_script_read_name(&p->r, &l.var))
		return false;
	if (!sonde_script_take(&p->r, "="))
		return sonde_script_expected(&p->r, p->r.at, "=", NULL);
	sonde_script_ends(&p->r);
	at = p->r.at;
	if (sonde_script_take_word(&p->r, "random") ? !read_random(p, &l)
						    : !sonde_script_read_sum(&p->r, &l.sum[0]) ||
							      !look_at_names(p, at, p->r.at, true))
		return false;
	o = &s->origin[l.var];
	/* What it is before the run: packets that are sent may be filled in by it. */
	if (!o->said && !l.random)
		s->vars.of[l.var].value = sonde_script_sum(&l.sum[0], &s->vars);
	o->said = true;
	o->learned = false;
	l.is = SONDE_SCRIPT_SET;
	l.number = p->number;
	*add(p, SONDE_SCRIPT_SET) = l;
	return true;
}

static bool read_send(struct parse *p)
{
	static const char *const words[] = { "every", "x2", NULL };
	struct sonde_craft *c;
	struct sonde_script_line *l;
	const char *at;
	uint64_t count;

	sonde_script_ends(&p->r);
	at = p->r.at;
	if (!read_packet(p, SEND, &c))
		return false;
	count = sonde_craft_count(c);
	l = add(p, SONDE_SCRIPT_SEND);
	l->craft = c;
	while (!sonde_script_ends(&p->r)) {
		if (!l->times && *p->r.at == 'x') {
			p->r.at++;
			if (!sonde_script_read_count(&p->r, &l->times))
				return false;
		} else if (!l->time && sonde_script_take_word(&p->r, "every")) {
			if (!sonde_script_read_time(&p->r, &l->time))
				return false;
		} else {
			return sonde_script_expected(
				&p->r, p->r.at, "xN, every TIME, or the end of the line", words);
		}
	}
	if (!l->times && count > SONDE_SCRIPT_TIMES)
		return sonde_script_expected(
			&p->r, at, "xN behind it: its values make more than 1000000 packets", NULL);
	l->times = l->times ? l->times : count;
	return true;
}

static bool read_expect(struct parse *p)
{
	static const char *const words[] = { "within", NULL };
	bool nothing = sonde_script_take_word(&p->r, "nothing");
	struct sonde_craft *c;
	struct sonde_script_line *l;

	if (!read_packet(p, nothing ? NOTHING : EXPECT, &c))
		return false;
	l = add(p, nothing ? SONDE_SCRIPT_NOTHING : SONDE_SCRIPT_EXPECT);
	l->craft = c;
	l->time = SONDE_SECOND;
	if (!sonde_script_take_word(&p->r, "within"))
		return (!nothing && sonde_script_ends(&p->r)) ||
		       sonde_script_expected(&p->r, p->r.at,
					     nothing ? "within TIME"
						     : "within TIME, or the end of the line",
					     words);
	return sonde_script_read_time(&p->r, &l->time);
}

static bool read_check(struct parse *p)
{
	static const char *const ops[] = { "==", "!=", "<=", ">=", "<", ">" };
	struct sonde_script_line *l;
	struct sonde_script_sum sum[2];
	const char *at;
	unsigned op = 0;

	sonde_script_ends(&p->r);
	at = p->r.at;
	if (!sonde_script_read_sum(&p->r, &sum[0]))
		return false;
	while (op < 6 && !sonde_script_take(&p->r, ops[op]))
		op++;
	if (op == 6)
		return sonde_script_expected(&p->r, p->r.at, "+, - or one of == != <= >= < >",
					     NULL);
	if (!sonde_script_read_sum(&p->r, &sum[1]) || !look_at_names(p, at, p->r.at, true))
		return false;
	l = add(p, SONDE_SCRIPT_CHECK);
	l->op = (uint8_t)op;
	memcpy(l->sum, sum, sizeof sum);
	return true;
}

static bool read_wait(struct parse *p)
{
	struct sonde_script_line *l = add(p, SONDE_SCRIPT_WAIT);

	return sonde_script_read_time(&p->r, &l->time);
}

static bool read_repeat(struct parse *p)
{
	const char *at = p->r.at - strlen("repeat");
	struct sonde_script_line *l;

	if (p->depth == SONDE_SCRIPT_DEPTH)
		return sonde_script_expected(&p->r, at, "no more than 8 repeats in each other",
					     NULL);
	l = add(p, SONDE_SCRIPT_REPEAT);
	p->open_at[p->depth] = at;
	p->open[p->depth++] = p->r.s->lines - 1;
	p->run[p->depth] = 0;
	return sonde_script_read_count(&p->r, &l->times);
}

static bool read_end(struct parse *p)
{
	struct sonde_script *s = p->r.s;
	struct sonde_script_line *l;
	unsigned opened;

	if (!p->depth)
		return sonde_script_expected(&p->r, p->r.at - strlen("end"),
					     "a repeat in front of this end", NULL);
	l = add(p, SONDE_SCRIPT_END);
	opened = p->open[--p->depth];
	l->other = opened;
	s->line[opened].other = s->lines - 1;
	p->run[p->depth] += s->line[opened].times * p->run[p->depth + 1];
	if (p->run[p->depth] > SONDE_SCRIPT_POINTS)
		return sonde_script_expected(&p->r, p->open_at[p->depth],
					     "fewer times: a run has at most 100000 statements",
					     NULL);
	return true;
}

static bool read_capture(struct parse *p)
{
	struct sonde_script *s = p->r.s;

	do {
		const char *at;

		sonde_script_ends(&p->r);
		at = p->r.at;
		while (p->r.at < p->r.to && *p->r.at != ' ' && *p->r.at != '\t')
			p->r.at++;
		if (p->r.at == at || p->r.at - at > 15)
			return sonde_script_expected(&p->r, at, "the name of an interface", NULL);
		if (s->captures == SONDE_SCRIPT_CAPTURES)
			return sonde_script_expected(&p->r, at, "no more than 16 interfaces", NULL);
		s->capture[s->captures++] =
			sonde_arena_string(s->arena, at, (size_t)(p->r.at - at));
	} while (!sonde_script_ends(&p->r));
	return true;
}

static bool read_no_rst(struct parse *p)
{
	p->r.s->no_rst = true;
	return true;
}

static bool read_line(struct parse *p)
{
	static const char *const names[] = { "let",    "set", "send",	 "expect", "check", "wait",
					     "repeat", "end", "capture", "no-rst", NULL };
	static bool (*const read[])(
		struct parse *) = { read_let,  read_set,    read_send, read_expect,  read_check,
				    read_wait, read_repeat, read_end,  read_capture, read_no_rst };
	struct sonde_script *s = p->r.s;
	const char *from;
	unsigned i = 0, lines = s->lines;

	if (sonde_script_ends(&p->r))
		return true;
	from = p->r.at;
	while (names[i] && !sonde_script_take_word(&p->r, names[i]))
		i++;
	if (!names[i])
		return sonde_script_expected(&p->r, from,
					     "a statement: let, set, send, expect, "
					     "check, wait, repeat, end, capture or no-rst",
					     names);
	if (lines == LINES)
		return sonde_script_expected(&p->r, from, "no more than 65536 statements", NULL);
	if (!read[i](p))
		return false;
	if (!sonde_script_ends(&p->r))
		return sonde_script_expected(&p->r, p->r.at, "the end of the line", NULL);
	if (s->lines > lines)
		s->line[lines].text = shown(s->arena, from, p->r.to);
	return true;
}

/* ---- from outside ---- */

/* What is given counts as known wherever it stands, so it comes first. */
static bool take_given(struct parse *p)
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

/* What is given and nobody asks for was meant otherwise. */
static bool given_are_used(struct parse *p)
{
	for (unsigned i = 0; i < p->world->n; i++) {
		const char *name = p->world->given[i].name, *at = p->r.text;
		size_t len = strlen(name);

		while (at && (at = memchr(at, '$', (size_t)(p->end - at)))) {
			p->r.at = ++at;
			p->r.to = p->end;
			if (sonde_script_name(&p->r) == len && !memcmp(at, name, len))
				break;
		}
		if (at)
			continue;
		p->r.error = (struct sonde_craft_error){ .at = SIZE_MAX,
							 .expected = "a name that the script has",
							 .nearest = name };
		return false;
	}
	return true;
}

/* ---- all of it ---- */

static bool read_all(struct parse *p, const char *original)
{
	const char *at = p->r.text;

	p->number = 1;
	while (at < p->end) {
		p->r.at = at;
		p->r.to = memchr(at, '\n', (size_t)(p->end - at));
		p->r.to = p->r.to ? p->r.to : p->end;
		if (!read_line(p))
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
	struct parse *p = sonde_arena_take(a, sizeof *p);
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

struct sonde_craft *sonde_script_sends(const struct sonde_script *s, unsigned i)
{
	for (unsigned k = 0; k < s->lines; k++)
		if (s->line[k].is == SONDE_SCRIPT_SEND && !i--)
			return s->line[k].craft;
	return NULL;
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
