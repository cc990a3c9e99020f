#include "life/evidence.h"

#include <stddef.h>

#include "base/name.h"
#include "life/words.h"

typedef unsigned long long ull;

/* What went wrong, how it ended, and what it cost. */

/* errors */

static const char *errors(struct sonde_evidence *e)
{
	struct sonde_census c = { 0 };

	for (size_t i = 0; i < e->n; i++)
		for (uint32_t k = 0; k < e->of[i]->faults; k++) {
			const struct sonde_fault *f = &e->of[i]->fault[k];

			sonde_census_count(
				&c, sonde_arena_print(
					    e->arena, "%s%s%s", sonde_name_errno(f->error),
					    !f->told  ? ", told nobody"
					    : f->call ? " from "
						      : "",
					    f->told && f->call ? sonde_call_name(f->call) : ""));
		}
	return sonde_census_text(e, &c);
}

static const char *error_delay(struct sonde_evidence *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		for (uint32_t k = 0; k < e->of[i]->faults && n < e->n; k++) {
			const struct sonde_fault *f = &e->of[i]->fault[k];

			if (f->told > f->when && !f->inferred)
				e->value[n++] = f->told - f->when;
		}
	return sonde_evidence_quantiles(e, n);
}

static const char *icmp(struct sonde_evidence *e)
{
	uint64_t n = SONDE_EVIDENCE_SUM(e, icmp);

	return n ? sonde_evidence_plural(e, n, "message") : NULL;
}

/* close */

static const char *causes(struct sonde_evidence *e)
{
	struct sonde_census c = { 0 };

	for (size_t i = 0; i < e->n; i++)
		sonde_census_count(
			&c, e->of[i]->cause == SONDE_CAUSE_CLOSED && e->of[i]->detail
				    ? sonde_arena_print(e->arena, "closed (%s)", e->of[i]->detail)
				    : sonde_cause_name(e->of[i]->cause));
	return sonde_census_text(e, &c);
}

static const char *end_seen(struct sonde_evidence *e)
{
	uint64_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		n += sonde_evidence_was_in(&e->of[i]->app, SONDE_STATE_PEER_EOF) ||
		     sonde_evidence_was_in(&e->of[i]->app, SONDE_STATE_DRAINED);
	if (n)
		return sonde_arena_print(e->arena, "by a read of 0, at %s",
					 sonde_evidence_plural(e, n, "end"));
	for (size_t i = 0; i < e->flows; i++) {
		const struct sonde_endpoint *from =
			sonde_life_endpoint(e->life, e->flow[i]->sender);
		const struct sonde_endpoint *to =
			sonde_life_endpoint(e->life, e->flow[i]->receiver);

		if (from && to && from->closed && (!to->closed || from->closed < to->closed))
			return "nothing told the receiver";
	}
	return NULL;
}

static const char *in_state(struct sonde_evidence *e, size_t state)
{
	uint64_t n = sonde_evidence_in_state(e, (unsigned)state);

	return n ? sonde_evidence_plural(e, n, "end") : NULL;
}

static const char *unread(struct sonde_evidence *e)
{
	uint64_t n = SONDE_EVIDENCE_SUM(e, unread);

	return !n ? NULL
	       : sonde_kind_is_datagram(e->kind) || e->kind == SONDE_KIND_UNIX_SEQPACKET
		       ? sonde_evidence_plural(e, n, "message")
		       : sonde_evidence_text(e, n, sonde_words_size);
}

/* cost */

static const char *calls(struct sonde_evidence *e, size_t time)
{
	uint64_t n = 0, took = 0;

	for (size_t i = 0; i < e->n; i++)
		for (uint32_t k = 0; k < e->of[i]->tallies; k++) {
			n += e->of[i]->tally[k].n;
			took += e->of[i]->tally[k].took;
		}
	return !n     ? NULL
	       : time ? (took ? sonde_evidence_text(e, took, sonde_words_span) : NULL)
		      : sonde_evidence_text(e, n, sonde_put_dec);
}

/* Packets of both ends, each once, with their bytes and payload. */
static uint64_t wire(const struct sonde_evidence *e, uint64_t *ret_bytes, uint64_t *ret_payload)
{
	uint64_t n = 0;

	*ret_bytes = *ret_payload = 0;
	for (size_t i = 0; i < e->life->connections; i++) {
		const struct sonde_wire *w = &e->life->connection[i]->wire;

		if (e->life->connection[i]->kind != e->kind)
			continue;
		n += w->packets[0] + w->packets[1];
		*ret_bytes += w->bytes[0] + w->bytes[1];
		*ret_payload += w->payload[0] + w->payload[1];
	}
	for (size_t i = 0; i < e->flows; i++)
		if (!e->flow[i]->sender)
			return 0; /* a sender that is not followed: not all is counted */
	for (size_t i = 0; e->flows && i < e->n; i++) {
		n += sonde_evidence_known(e->of[i]->packets_out);
		*ret_bytes += sonde_evidence_known(e->of[i]->wire_out);
		*ret_payload += sonde_evidence_known(e->of[i]->payload_out);
	}
	return n;
}

static const char *packets(struct sonde_evidence *e, size_t overhead)
{
	uint64_t byte, payload, n = wire(e, &byte, &payload);

	if (!n || sonde_kind_is_unix(e->kind))
		return NULL;
	if (!overhead)
		return sonde_evidence_text(e, n, sonde_put_dec);
	return !payload ? NULL
			: sonde_arena_print(e->arena, "%llu.%02llu", (ull)(byte / payload),
					    (ull)(byte % payload * 100 / payload));
}

/* timing */

static const char *life_time(struct sonde_evidence *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		if (e->of[i]->opened && e->of[i]->closed > e->of[i]->opened)
			e->value[n++] = e->of[i]->closed - e->of[i]->opened;
	return sonde_evidence_quantiles(e, n);
}

static const char *transit(struct sonde_evidence *e)
{
	uint64_t n = 0, sum = 0, least = UINT64_MAX, most = 0;

	for (size_t i = 0; i < e->flows; i++) {
		const struct sonde_flow *f = e->flow[i];

		if (!f->transit_n)
			continue;
		n += f->transit_n;
		sum += f->transit_sum;
		least = f->transit_min < least ? f->transit_min : least;
		most = f->transit_max > most ? f->transit_max : most;
	}
	if (n < 2)
		return n ? sonde_evidence_text(e, sum, sonde_words_span) : NULL;
	return sonde_arena_print(e->arena, "%s / %s / %s (%llu)",
				 sonde_evidence_text(e, least, sonde_words_span),
				 sonde_evidence_text(e, sum / n, sonde_words_span),
				 sonde_evidence_text(e, most, sonde_words_span), (ull)n);
}

const struct sonde_evidence_row sonde_evidence_end[] = {
	{ "errors", "errors", .cell = errors },
	{ "errors", "from the error to its telling", .cell = error_delay },
	{ "errors", "ICMP errors", .cell = icmp },
	{ "close", "ended", .cell = causes },
	{ "close", "the end is seen", .cell = end_seen },
	{ "close", "closed one direction first", .with = in_state, .arg = SONDE_STATE_WR_SHUT },
	{ "close", "between the two FINs", SONDE_EVIDENCE_TIMING(half_close) },
	{ "close", "TIME_WAIT", .with = in_state, .arg = SONDE_STATE_TIME_WAIT },
	{ "close", "kernel's socket after the last close", SONDE_EVIDENCE_TIMING(orphan) },
	{ "close", "thrown away unread", .cell = unread },
	{ "cost", "calls", .with = calls, .arg = 0 },
	{ "cost", "time in calls, waiting included", .with = calls, .arg = 1 },
	{ "cost", "packets", .with = packets, .arg = 0 },
	{ "cost", "wire bytes for a byte of payload", .with = packets, .arg = 1 },
	{ "timing", "connect", SONDE_EVIDENCE_TIMING(connect) },
	{ "timing", "handshake, seen by the client", SONDE_EVIDENCE_OPENER(handshake) },
	{ "timing", "wait in the accept queue", SONDE_EVIDENCE_TIMING(accept_wait) },
	{ "timing", "connected to first byte received", SONDE_EVIDENCE_TIMING(first_byte) },
	{ "timing", "first byte received to answer", SONDE_EVIDENCE_TIMING(think) },
	{ "timing", "send to read: least / mean / most", .cell = transit },
	{ "timing", "longest pause", SONDE_EVIDENCE_TIMING(idle_max) },
	{ "timing", "life", .cell = life_time },
	{},
};
