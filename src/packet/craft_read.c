#include <stdarg.h>
#include <stdio.h>

#include "packet/craft_inside.h"

/* ---- what is wrong ---- */

bool sonde_craft_expected(struct sonde_craft_parser *p, const char *what)
{
	return sonde_craft_wrong(p, p->at, "%s", what);
}

bool sonde_craft_wrong(struct sonde_craft_parser *p, const char *at, const char *fmt, ...)
{
	char text[200];
	va_list list;

	if (p->error.expected)
		return false;
	va_start(list, fmt);
	vsnprintf(text, sizeof text, fmt, list);
	va_end(list);
	p->error.at = (size_t)(at - p->text);
	p->error.expected = sonde_arena_string(p->arena, text, strlen(text));
	return false;
}

bool sonde_craft_wrong_name(struct sonde_craft_parser *p, const char *at, const char *what,
			    const char *nearest)
{
	if (!p->error.expected)
		p->error.nearest = nearest;
	return sonde_craft_wrong(p, at, "%s", what);
}

/* ---- words ---- */

void sonde_craft_skip_space(struct sonde_craft_parser *p)
{
	while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')
		p->at++;
}

bool sonde_craft_take(struct sonde_craft_parser *p, char sign)
{
	sonde_craft_skip_space(p);
	if (*p->at != sign)
		return false;
	p->at++;
	return true;
}

bool sonde_craft_want(struct sonde_craft_parser *p, char sign)
{
	const char text[] = { sign, 0 };

	return sonde_craft_take(p, sign) || sonde_craft_expected(p, text);
}

size_t sonde_craft_name_length(const char *at, bool joined)
{
	size_t n = 0;

	if (sonde_craft_is_letter(*at))
		while (sonde_craft_is_letter(at[n]) || (at[n] >= '0' && at[n] <= '9') ||
		       (joined && (at[n] == '.' || at[n] == '-')))
			n++;
	return n;
}

bool sonde_craft_is_word(const char *name, size_t len, const char *word)
{
	return !strncmp(name, word, len) && !word[len];
}

/* ---- steps ---- */

struct sonde_craft_step *sonde_craft_add(struct sonde_craft_parser *p, enum sonde_craft_op op,
					 unsigned depth, const char *at)
{
	struct sonde_craft *c = p->c;

	if (c->steps == SONDE_CRAFT_STEPS) {
		sonde_craft_wrong(p, at, "no more than %d items", SONDE_CRAFT_STEPS);
		return NULL;
	}
	if (c->steps == c->room) {
		c->room = c->room ? 2 * c->room : 16;
		c->step = sonde_arena_grow(p->arena, c->step, c->steps, c->room - c->steps,
					   sizeof *c->step);
	}
	c->step[c->steps] = (struct sonde_craft_step){ .op = (uint8_t)op,
						       .depth = (uint8_t)depth,
						       .at = (uint32_t)(at - p->text) };
	return &c->step[c->steps++];
}

bool sonde_craft_add_bytes(struct sonde_craft_parser *p, enum sonde_craft_op op, unsigned depth,
			   const char *at, struct sonde_bytes bytes)
{
	struct sonde_craft_step *s = sonde_craft_add(p, op, depth, at);

	if (s)
		s->bytes = bytes;
	return s;
}

unsigned sonde_craft_headers(const struct sonde_craft *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->steps; i++)
		n += c->step[i].op == SONDE_CRAFT_HEADER;
	return n;
}
