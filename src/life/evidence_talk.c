#include "life/evidence.h"

#include <stddef.h>

#include "life/words.h"

typedef unsigned long long ull;

/* How it began, and what became of what was said. */

static uint64_t calls_of(const struct sonde_endpoint *p, unsigned call)
{
	for (uint32_t i = 0; i < p->tallies; i++)
		if (p->tally[i].call == call)
			return p->tally[i].n;
	return 0;
}

/* setup */

static const char *before_data(struct sonde_evidence *e, size_t packets)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		const struct sonde_endpoint *p = e->of[i];

		if (!sonde_evidence_opens(p) || !(p->sent.first || p->received.first))
			continue;
		if (packets && (p->packets_out == SONDE_ABSENT || !e->life->frames))
			continue;
		e->value[n++] = packets ? p->packets_before_data : p->calls_before_data;
	}
	return sonde_evidence_range(e, n, sonde_put_dec);
}

/* identity */

static const char *own_address(struct sonde_evidence *e)
{
	struct sonde_census c = { 0 };

	for (size_t i = 0; i < e->n; i++) {
		const struct sonde_endpoint *p = e->of[i];

		if (p->seeded)
			continue;
		if (calls_of(p, SONDE_CALL_BIND))
			sonde_census_count(&c, "by bind");
		else if (p->listener)
			sonde_census_count(&c, "from the listener");
		else if (sonde_kind_is_unix(p->kind))
			sonde_census_count(&c, p->path.len ? NULL : "unnamed");
		else if (sonde_evidence_was_in(&p->app, SONDE_STATE_AUTOBOUND))
			sonde_census_count(&c, "at the first send");
		else if (calls_of(p, SONDE_CALL_CONNECT) && p->local.port)
			sonde_census_count(&c, "by connect");
	}
	return sonde_census_text(e, &c);
}

/* A pair is told of once, under the first of the two. */
static bool is_paired(const struct sonde_endpoint *p)
{
	return p->role == SONDE_ROLE_PEER;
}

static const char *other_end(struct sonde_evidence *e)
{
	struct sonde_census c = { 0 };

	for (size_t i = 0; i < e->flows; i++)
		sonde_census_count(&c, !e->flow[i]->sender	? NULL
				       : !e->flow[i]->connected ? "named in each send"
				       : is_paired(sonde_life_endpoint(e->life, e->flow[i]->sender))
					       ? "made as a pair"
					       : "fixed by connect");
	for (size_t i = 0; !e->flows && i < e->n; i++)
		sonde_census_count(&c, e->of[i]->listener    ? "fixed by accept"
				       : is_paired(e->of[i]) ? "made as a pair"
				       : calls_of(e->of[i], SONDE_CALL_CONNECT) &&
						       sonde_evidence_was_in(&e->of[i]->app,
									     SONDE_STATE_CONNECTED)
					       ? "fixed by connect"
					       : NULL);
	return sonde_census_text(e, &c);
}

static const char *peers(struct sonde_evidence *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		if (e->of[i]->peers)
			e->value[n++] = e->of[i]->peers;
	return sonde_evidence_range(e, n, sonde_put_dec);
}

/* message boundaries */

static const char *sends_and_reads(struct sonde_evidence *e)
{
	uint64_t sends = 0, reads = 0, both = 0;

	if (e->pairs) {
		reads = sonde_evidence_reads(e, &sends);
		both = sends;
	}
	for (size_t i = 0; i < e->flows; i++)
		if (e->flow[i]->sender && e->flow[i]->receiver) {
			sends += e->flow[i]->sent;
			reads += e->flow[i]->read;
			both++;
		}
	return both ? sonde_arena_print(e->arena, "%s, %s", sonde_evidence_plural(e, sends, "send"),
					sonde_evidence_plural(e, reads, "read"))
		    : NULL;
}

static const char *boundaries(struct sonde_evidence *e)
{
	uint64_t sends, reads;

	if (sonde_kind_is_datagram(e->kind) || e->kind == SONDE_KIND_UNIX_SEQPACKET) {
		for (size_t i = 0; i < e->n; i++)
			if (sonde_evidence_known(e->of[i]->received.messages))
				return "kept: one message a read";
		return NULL;
	}
	reads = sonde_evidence_reads(e, &sends);
	return sends == reads  ? NULL
	       : reads < sends ? "not kept: sends came together"
			       : "not kept: sends came in parts";
}

static const char *sizes(struct sonde_evidence *e)
{
	uint64_t least = UINT64_MAX, most = 0;

	for (size_t i = 0; i < e->flows; i++)
		if (e->flow[i]->sender && e->flow[i]->sent) {
			least = e->flow[i]->size_min < least ? e->flow[i]->size_min : least;
			most = e->flow[i]->size_max > most ? e->flow[i]->size_max : most;
		}
	if (least > most)
		return NULL;
	return least == most ? sonde_evidence_text(e, least, sonde_words_size)
			     : sonde_arena_print(e->arena, "%s to %s",
						 sonde_evidence_text(e, least, sonde_words_size),
						 sonde_evidence_text(e, most, sonde_words_size));
}

static const char *truncated(struct sonde_evidence *e)
{
	uint64_t n = SONDE_EVIDENCE_SUM(e, truncated),
		 bytes = SONDE_EVIDENCE_SUM(e, truncated_bytes);

	if (!n)
		return NULL;
	return bytes ? sonde_arena_print(e->arena, "%s, %s lost",
					 sonde_evidence_plural(e, n, "message"),
					 sonde_evidence_text(e, bytes, sonde_words_size))
		     : sonde_evidence_plural(e, n, "message");
}

/* delivery */

static const char *bytes(struct sonde_evidence *e, size_t received)
{
	uint64_t sum = 0;
	bool any = false;

	for (size_t i = 0; i < e->n; i++) {
		uint64_t v = received ? e->of[i]->received.bytes : e->of[i]->sent.bytes;

		any |= v != SONDE_ABSENT;
		sum += sonde_evidence_known(v);
	}
	return any ? sonde_evidence_text(e, sum, sonde_words_size) : NULL;
}

static const char *messages(struct sonde_evidence *e)
{
	static const struct {
		size_t at;
		const char *word;
	} fate[] = {
		{ offsetof(struct sonde_flow, dropped), "dropped" },
		{ offsetof(struct sonde_flow, refused), "refused" },
		{ offsetof(struct sonde_flow, discarded), "unread at close" },
		{ offsetof(struct sonde_flow, unknown), "not seen again" },
	};
	uint64_t sent = 0, read = 0, n;
	bool whole = false;
	struct sonde_phrase p;

	for (size_t i = 0; i < e->flows; i++)
		if (e->flow[i]->sender && !e->flow[i]->group) {
			whole |= e->flow[i]->receiver != 0;
			sent += e->flow[i]->sent;
			read += e->flow[i]->read;
		}
	if (!sent)
		return NULL;
	sonde_text_print(sonde_phrase_begin(&p), "%llu sent", (ull)sent);
	if (whole)
		sonde_text_print(&p.text, ", %llu read", (ull)read);
	for (size_t k = 0; k < sizeof fate / sizeof *fate; k++) {
		n = 0;
		for (size_t i = 0; i < e->flows; i++)
			if (e->flow[i]->sender && !e->flow[i]->group)
				n += *(const uint64_t *)((const char *)e->flow[i] + fate[k].at);
		if (n)
			sonde_text_print(&p.text, ", %llu %s", (ull)n, fate[k].word);
	}
	return sonde_phrase_end(&p, e->arena);
}

static const char *told(struct sonde_evidence *e)
{
	uint64_t of, lost = sonde_evidence_lost(e, &of);

	if (!lost)
		return NULL;
	return of ? sonde_arena_print(e->arena, "told of %llu of %llu", (ull)of, (ull)lost)
		  : sonde_arena_print(e->arena, "not told of any of %llu", (ull)lost);
}

static const char *sent_again(struct sonde_evidence *e)
{
	uint64_t n = SONDE_EVIDENCE_SUM(e, retransmits);

	return !sonde_kind_is_tcp(e->kind) || (!n && e->life->backend != SONDE_BACKEND_BPF)
		       ? NULL
		       : sonde_evidence_plural(e, n, "segment");
}

/* back-pressure */

static const char *turned_back(struct sonde_evidence *e)
{
	uint64_t n = sonde_evidence_again(e);

	return n ? sonde_evidence_plural(e, n, "send") : NULL;
}

static const char *send_time(struct sonde_evidence *e)
{
	uint64_t n = 0, took = 0;

	for (size_t i = 0; i < e->n; i++)
		for (uint32_t k = 0; k < e->of[i]->tallies; k++)
			if (sonde_call_class(e->of[i]->tally[k].call) == SONDE_CALL_SEND) {
				n += e->of[i]->tally[k].n;
				took += e->of[i]->tally[k].took;
			}
	return n && took ? sonde_evidence_text(e, took / n, sonde_words_span) : NULL;
}

static const char *dropped(struct sonde_evidence *e)
{
	struct sonde_phrase p;
	uint64_t full = 0, other = 0;

	for (size_t i = 0; i < e->n; i++)
		for (uint32_t k = 0; k < e->of[i]->drops; k++) {
			const char *name = e->of[i]->drop[k].name;

			if (name && strstr(name, "SOCKET_RCVBUFF"))
				full += e->of[i]->drop[k].n;
			else
				other += e->of[i]->drop[k].n;
		}
	sonde_phrase_begin(&p);
	if (full)
		sonde_text_print(&p.text, "%llu, receive buffer full", (ull)full);
	if (other)
		sonde_text_print(&p.text, "%s%llu for other reasons", full ? "; " : "", (ull)other);
	return sonde_phrase_end(&p, e->arena);
}

const struct sonde_evidence_row sonde_evidence_talk[] = {
	{ "setup", "calls before the first byte", .with = before_data, .arg = 0 },
	{ "setup", "packets before the first byte", .with = before_data, .arg = 1 },
	{ "setup", "first call to first byte", SONDE_EVIDENCE_OPENER(setup) },
	{ "identity", "own address", .cell = own_address },
	{ "identity", "the other end", .cell = other_end },
	{ "identity", "other ends of one socket", .cell = peers },
	{ "boundaries", "sends and reads", .cell = sends_and_reads },
	{ "boundaries", "message boundaries", .cell = boundaries },
	{ "boundaries", "size of a message", .cell = sizes },
	{ "boundaries", "cut to the buffer", .cell = truncated },
	{ "delivery", "sent", .with = bytes, .arg = 0 },
	{ "delivery", "received", .with = bytes, .arg = 1 },
	{ "delivery", "messages", .cell = messages },
	{ "delivery", "of what was lost the sender was", .cell = told },
	{ "delivery", "sent again by the kernel", .cell = sent_again },
	{ "back-pressure", "turned back with EAGAIN", .cell = turned_back },
	{ "back-pressure", "time of one send call, mean", .cell = send_time },
	{ "back-pressure", "dropped on the way in", .cell = dropped },
	{},
};
