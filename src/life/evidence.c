#include "life/evidence.h"

#include <stdlib.h>
#include <string.h>

#include "life/records.h"
#include "life/words.h"

typedef unsigned long long ull;

void sonde_evidence_gather(struct sonde_evidence *e, struct sonde_arena *arena,
			   const struct sonde_life *life, unsigned kind)
{
	size_t places = life->endpoints + 1;

	*e = (struct sonde_evidence){ .arena = arena, .life = life, .kind = kind };
	e->of = sonde_arena_take(arena, places * sizeof(void *));
	e->flow = sonde_arena_take(arena, (life->flows + 1) * sizeof(void *));
	e->pair = sonde_arena_take(arena, (life->connections + 1) * sizeof(void *));
	e->value = sonde_arena_take(arena, places * sizeof *e->value);
	for (size_t i = 0; i < life->endpoints; i++) {
		const struct sonde_endpoint *p = life->endpoint[i];

		if (p->kind == kind && sonde_endpoint_counts(p) && p->role != SONDE_ROLE_LISTENER)
			e->of[e->n++] = p;
	}
	for (size_t i = 0; i < life->flows; i++)
		if (life->flow[i]->kind == kind)
			e->flow[e->flows++] = life->flow[i];
	for (size_t i = 0; i < life->connections; i++) {
		const struct sonde_connection *c = life->connection[i];

		if (c->kind == kind && c->client && c->server)
			e->pair[e->pairs++] = c;
	}
}

bool sonde_evidence_opens(const struct sonde_endpoint *p)
{
	return p->role != SONDE_ROLE_SERVER && p->role != SONDE_ROLE_RECEIVER && !p->seeded;
}

uint64_t sonde_evidence_reads(const struct sonde_evidence *e, uint64_t *ret_sends)
{
	uint64_t sends = 0, reads = 0;

	for (size_t i = 0; i < e->pairs; i++)
		for (unsigned side = 0; side < 2; side++) {
			const struct sonde_endpoint *from = sonde_life_endpoint(
				e->life, side ? e->pair[i]->server : e->pair[i]->client);
			const struct sonde_endpoint *to = sonde_life_endpoint(
				e->life, side ? e->pair[i]->client : e->pair[i]->server);

			if (!from || !to ||
			    sonde_evidence_known(from->sent.bytes) !=
				    sonde_evidence_known(to->received.bytes))
				continue; /* not all was read: the counts say nothing of boundaries
					   */
			sends += sonde_evidence_known(from->sent.messages);
			reads += sonde_evidence_known(to->received.messages);
		}
	*ret_sends = sends;
	return reads;
}

uint64_t sonde_evidence_lost(const struct sonde_evidence *e, uint64_t *ret_told)
{
	uint64_t lost = 0;

	*ret_told = 0;
	for (size_t i = 0; i < e->flows; i++) {
		const struct sonde_flow *f = e->flow[i];

		lost += f->dropped + f->refused + f->discarded;
		for (uint32_t k = 0; k < f->losses; k++)
			if (f->loss[k].told && f->loss[k].fate != SONDE_FATE_TRUNCATED)
				*ret_told += f->loss[k].last - f->loss[k].first + 1;
	}
	return lost;
}

uint64_t sonde_evidence_sum(const struct sonde_evidence *e, size_t offset)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < e->n; i++)
		sum += sonde_evidence_known(*(const uint64_t *)((const char *)e->of[i] + offset));
	return sum;
}

bool sonde_evidence_was_in(const struct sonde_steps *s, unsigned state)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->at[i].state == state)
			return true;
	return false;
}

uint64_t sonde_evidence_in_state(const struct sonde_evidence *e, unsigned state)
{
	uint64_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		n += sonde_evidence_was_in(
			state > SONDE_STATE_APP_ ? &e->of[i]->app : &e->of[i]->kernel, state);
	return n;
}

uint64_t sonde_evidence_again(const struct sonde_evidence *e)
{
	uint64_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		for (uint32_t k = 0; k < e->of[i]->tallies; k++)
			if (sonde_call_class(e->of[i]->tally[k].call) == SONDE_CALL_SEND)
				n += e->of[i]->tally[k].again;
	return n;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

const char *sonde_evidence_text(struct sonde_evidence *e, uint64_t v,
				char *(*put)(char *, uint64_t))
{
	char buf[96];

	return sonde_arena_string(e->arena, buf, (size_t)(put(buf, v) - buf));
}

const char *sonde_evidence_plural(struct sonde_evidence *e, uint64_t n, const char *one)
{
	return sonde_arena_print(e->arena, "%llu %s%s", (ull)n, one, n == 1 ? "" : "s");
}

const char *sonde_evidence_range(struct sonde_evidence *e, size_t n, char *(*put)(char *, uint64_t))
{
	if (!n)
		return NULL;
	qsort(e->value, n, sizeof *e->value, by_size);
	if (e->value[0] == e->value[n - 1])
		return sonde_evidence_text(e, e->value[0], put);
	return sonde_arena_print(e->arena, "%s to %s", sonde_evidence_text(e, e->value[0], put),
				 sonde_evidence_text(e, e->value[n - 1], put));
}

const char *sonde_evidence_quantiles(struct sonde_evidence *e, size_t n)
{
	if (n < 2)
		return n ? sonde_evidence_text(e, e->value[0], sonde_words_span) : NULL;
	qsort(e->value, n, sizeof *e->value, by_size);
	if (n == 2)
		return sonde_arena_print(e->arena, "%s and %s",
					 sonde_evidence_text(e, e->value[0], sonde_words_span),
					 sonde_evidence_text(e, e->value[1], sonde_words_span));
	return sonde_arena_print(
		e->arena, "%s / %s / %s (%zu)",
		sonde_evidence_text(e, e->value[0], sonde_words_span),
		sonde_evidence_text(e, e->value[(n - 1) / 2], sonde_words_span),
		sonde_evidence_text(e, e->value[(n * 99 - 1) / 100], sonde_words_span), n);
}

static const char *timing_of(struct sonde_evidence *e, size_t offset, bool openers)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		uint64_t v = *(const uint64_t *)((const char *)&e->of[i]->timing + offset);

		/* 0 is no duration, but two things at once */
		if (v && v != SONDE_ABSENT && (!openers || sonde_evidence_opens(e->of[i])))
			e->value[n++] = v;
	}
	return sonde_evidence_quantiles(e, n);
}

const char *sonde_evidence_timing(struct sonde_evidence *e, size_t offset)
{
	return timing_of(e, offset, false);
}

const char *sonde_evidence_opener_timing(struct sonde_evidence *e, size_t offset)
{
	return timing_of(e, offset, true);
}

void sonde_census_count(struct sonde_census *c, const char *what)
{
	for (size_t i = 0; what && i < 6; i++) {
		if (!c->text[i])
			c->text[i] = what;
		if (!strcmp(c->text[i], what)) {
			c->n[i]++;
			return;
		}
	}
	c->more += what != NULL;
}

const char *sonde_census_text(struct sonde_evidence *e, const struct sonde_census *c)
{
	struct sonde_phrase p;

	sonde_phrase_begin(&p);
	for (size_t i = 0; i < 6 && c->text[i]; i++) {
		sonde_text_str(&p.text, i ? ", " : "");
		if (c->n[0] > 1 || c->text[1])
			sonde_text_print(&p.text, "%llu ", (ull)c->n[i]);
		sonde_text_str(&p.text, c->text[i]);
	}
	if (c->more)
		sonde_text_print(&p.text, ", %llu other", (ull)c->more);
	return sonde_phrase_end(&p, e->arena);
}
