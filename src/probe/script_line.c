#include "probe/script_parse.h"

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

static struct sonde_script_line *add(struct sonde_script_parse *p, enum sonde_script_line_is is)
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

static bool read_let(struct sonde_script_parse *p)
{
	struct sonde_script_let l = { .from = NULL };
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
	if (p->lets == SONDE_SCRIPT_LETS)
		return sonde_script_expected(&p->r, at, "no more than 256 names", NULL);
	if (sonde_craft_parse(&c, p->r.s->arena, at, len, &world, NULL, &e))
		return sonde_script_expected(&p->r, at, "a name that no header has", NULL);
	p->r.at += len;
	if (!sonde_script_take(&p->r, "="))
		return sonde_script_expected(&p->r, p->r.at, "=", NULL);
	sonde_script_ends(&p->r);
	l.from = p->r.at;
	if (!sonde_script_read_packet(p, SONDE_SCRIPT_TO_NAME, &c))
		return false;
	l.to = p->r.at;
	p->let[p->lets++] = l;
	return true;
}

/* random, or random(1-9). */
static bool read_random(struct sonde_script_parse *p, struct sonde_script_line *l)
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

static bool read_set(struct sonde_script_parse *p)
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
	if (sonde_script_take_word(&p->r, "random")
		    ? !read_random(p, &l)
		    : !sonde_script_read_sum(&p->r, &l.sum[0]) ||
			      !sonde_script_names(p, at, p->r.at, true))
		return false;
	o = &s->origin[l.var];
	l.is = SONDE_SCRIPT_SET;
	l.number = p->number;
	/* What it is before the run: packets that are sent are filled in by it. */
	if (!o->said)
		s->vars.of[l.var].value = sonde_script_set(&l, &s->vars, s->seed);
	l.turns = 0; /* the run says it again */
	o->said = true;
	*add(p, SONDE_SCRIPT_SET) = l;
	return true;
}

static bool read_send(struct sonde_script_parse *p)
{
	static const char *const words[] = { "every", "x2", NULL };
	struct sonde_craft *c;
	struct sonde_script_line *l;
	const char *at;
	uint64_t count;

	sonde_script_ends(&p->r);
	at = p->r.at;
	if (!sonde_script_read_packet(p, SONDE_SCRIPT_TO_SEND, &c))
		return false;
	count = sonde_craft_count(c);
	l = add(p, SONDE_SCRIPT_SENDS);
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

static bool read_expect(struct sonde_script_parse *p)
{
	static const char *const words[] = { "within", NULL };
	bool nothing = sonde_script_take_word(&p->r, "nothing");
	struct sonde_craft *c;
	struct sonde_script_line *l;

	if (!sonde_script_read_packet(p, nothing ? SONDE_SCRIPT_TO_EXCLUDE : SONDE_SCRIPT_TO_EXPECT,
				      &c))
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

static bool read_check(struct sonde_script_parse *p)
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
	if (!sonde_script_read_sum(&p->r, &sum[1]) || !sonde_script_names(p, at, p->r.at, true))
		return false;
	l = add(p, SONDE_SCRIPT_CHECK);
	l->op = (uint8_t)op;
	memcpy(l->sum, sum, sizeof sum);
	return true;
}

static bool read_wait(struct sonde_script_parse *p)
{
	struct sonde_script_line *l = add(p, SONDE_SCRIPT_WAIT);

	return sonde_script_read_time(&p->r, &l->time);
}

static bool read_repeat(struct sonde_script_parse *p)
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

static bool read_end(struct sonde_script_parse *p)
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

static bool read_capture(struct sonde_script_parse *p)
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

static bool read_no_rst(struct sonde_script_parse *p)
{
	p->r.s->no_rst = true;
	return true;
}

bool sonde_script_read_line(struct sonde_script_parse *p)
{
	static const char *const names[] = { "let",    "set", "send",	 "expect", "check", "wait",
					     "repeat", "end", "capture", "no-rst", NULL };
	static bool (*const read[])(struct sonde_script_parse *) = {
		read_let,  read_set,	read_send, read_expect,	 read_check,
		read_wait, read_repeat, read_end,  read_capture, read_no_rst
	};
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
	if (lines == SONDE_SCRIPT_LINES)
		return sonde_script_expected(&p->r, from, "no more than 4096 statements", NULL);
	if (!read[i](p))
		return false;
	if (!sonde_script_ends(&p->r))
		return sonde_script_expected(&p->r, p->r.at, "the end of the line", NULL);
	if (s->lines > lines)
		s->line[lines].text = shown(s->arena, from, p->r.to);
	return true;
}
