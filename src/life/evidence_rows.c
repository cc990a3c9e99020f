#include "life/evidence.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/name.h"
#include "life/words.h"

typedef unsigned long long ull;

static uint64_t calls_of(const struct sonde_endpoint *p, unsigned call)
{
	for (uint32_t i = 0; i < p->tallies; i++)
		if (p->tally[i].call == call)
			return p->tally[i].n;
	return 0;
}

/* Who began: not the side that was connected or sent to. */
static bool opens(const struct sonde_endpoint *p)
{
	return p->role != SONDE_ROLE_SERVER && p->role != SONDE_ROLE_RECEIVER && !p->seeded;
}

/* setup */

static const char *before_data(struct sonde_evidence *e, size_t packets)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		const struct sonde_endpoint *p = e->of[i];

		if (!opens(p) || !(p->sent.first || p->received.first))
			continue;
		if (packets && (p->packets_out == SONDE_ABSENT || !e->life->frames))
			continue;
		e->value[n++] = packets ? p->packets_before_data : p->calls_before_data;
	}
	return sonde_evidence_range(e, n, sonde_put_dec);
}

static const char *timing(struct sonde_evidence *e, size_t offset)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		uint64_t v = *(const uint64_t *)((const char *)&e->of[i]->timing + offset);

		if (v && v != SONDE_ABSENT) /* 0 is no duration, but two things at once */
			e->value[n++] = v;
	}
	return sonde_evidence_quantiles(e, n);
}

/* The same of the side that begins alone: the other end measures something else. */
static const char *opener_timing(struct sonde_evidence *e, size_t offset)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		uint64_t v = *(const uint64_t *)((const char *)&e->of[i]->timing + offset);

		if (opens(e->of[i]) && v != SONDE_ABSENT)
			e->value[n++] = v;
	}
	return sonde_evidence_quantiles(e, n);
}

/* identity */

static const char *own_address(struct sonde_evidence *e, size_t unused)
{
	struct sonde_census c = { 0 };

	(void)unused;
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

static const char *other_end(struct sonde_evidence *e, size_t unused)
{
	struct sonde_census c = { 0 };

	(void)unused;
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

static const char *peers(struct sonde_evidence *e, size_t unused)
{
	size_t n = 0;

	(void)unused;
	for (size_t i = 0; i < e->n; i++)
		if (e->of[i]->peers)
			e->value[n++] = e->of[i]->peers;
	return sonde_evidence_range(e, n, sonde_put_dec);
}

/* message boundaries */

static const char *sends_and_reads(struct sonde_evidence *e, size_t unused)
{
	uint64_t sends = 0, reads = 0, both = 0;

	(void)unused;
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

static const char *boundaries(struct sonde_evidence *e, size_t unused)
{
	uint64_t sends, reads;

	(void)unused;
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

static const char *sizes(struct sonde_evidence *e, size_t unused)
{
	uint64_t least = UINT64_MAX, most = 0;

	(void)unused;
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

static const char *truncated(struct sonde_evidence *e, size_t unused)
{
	uint64_t n = 0, bytes = 0;

	(void)unused;
	for (size_t i = 0; i < e->n; i++) {
		n += e->of[i]->truncated;
		bytes += e->of[i]->truncated_bytes;
	}
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

static const char *messages(struct sonde_evidence *e, size_t unused)
{
	uint64_t sent = 0, read = 0, dropped = 0, refused = 0, discarded = 0, unknown = 0;
	bool whole = false;
	struct sonde_phrase p;

	(void)unused;
	for (size_t i = 0; i < e->flows; i++) {
		const struct sonde_flow *f = e->flow[i];

		if (!f->sender || f->group)
			continue;
		whole |= f->receiver != 0;
		sent += f->sent;
		read += f->read;
		dropped += f->dropped;
		refused += f->refused;
		discarded += f->discarded;
		unknown += f->unknown;
	}
	if (!sent)
		return NULL;
	sonde_text_print(sonde_phrase_begin(&p), "%llu sent", (ull)sent);
	if (whole)
		sonde_text_print(&p.text, ", %llu read", (ull)read);
	if (dropped)
		sonde_text_print(&p.text, ", %llu dropped", (ull)dropped);
	if (refused)
		sonde_text_print(&p.text, ", %llu refused", (ull)refused);
	if (discarded)
		sonde_text_print(&p.text, ", %llu unread at close", (ull)discarded);
	if (unknown)
		sonde_text_print(&p.text, ", %llu not seen again", (ull)unknown);
	return sonde_phrase_end(&p, e->arena);
}

static const char *told(struct sonde_evidence *e, size_t unused)
{
	uint64_t of, lost = sonde_evidence_lost(e, &of);

	(void)unused;
	if (!lost)
		return NULL;
	return of ? sonde_arena_print(e->arena, "told of %llu of %llu", (ull)of, (ull)lost)
		  : sonde_arena_print(e->arena, "not told of any of %llu", (ull)lost);
}

static const char *sent_again(struct sonde_evidence *e, size_t unused)
{
	uint64_t n = 0;

	(void)unused;
	for (size_t i = 0; i < e->n; i++)
		n += e->of[i]->retransmits;
	return !sonde_kind_is_tcp(e->kind) || (!n && e->life->backend != SONDE_BACKEND_BPF)
		       ? NULL
		       : sonde_evidence_plural(e, n, "segment");
}

/* back-pressure */

static const char *turned_back(struct sonde_evidence *e, size_t unused)
{
	uint64_t n = sonde_evidence_again(e);

	(void)unused;
	return n ? sonde_evidence_plural(e, n, "send") : NULL;
}

static const char *send_time(struct sonde_evidence *e, size_t unused)
{
	uint64_t n = 0, took = 0;

	(void)unused;
	for (size_t i = 0; i < e->n; i++)
		for (uint32_t k = 0; k < e->of[i]->tallies; k++)
			if (sonde_call_class(e->of[i]->tally[k].call) == SONDE_CALL_SEND) {
				n += e->of[i]->tally[k].n;
				took += e->of[i]->tally[k].took;
			}
	return n && took ? sonde_evidence_text(e, took / n, sonde_words_span) : NULL;
}

static const char *dropped(struct sonde_evidence *e, size_t unused)
{
	struct sonde_phrase p;
	uint64_t full = 0, other = 0;

	(void)unused;
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

/* errors */

static const char *errors(struct sonde_evidence *e, size_t unused)
{
	struct sonde_census c = { 0 };

	(void)unused;
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

static const char *error_delay(struct sonde_evidence *e, size_t unused)
{
	size_t n = 0;

	(void)unused;
	for (size_t i = 0; i < e->n; i++)
		for (uint32_t k = 0; k < e->of[i]->faults && n < e->n; k++) {
			const struct sonde_fault *f = &e->of[i]->fault[k];

			if (f->told > f->when && !f->inferred)
				e->value[n++] = f->told - f->when;
		}
	return sonde_evidence_quantiles(e, n);
}

static const char *icmp(struct sonde_evidence *e, size_t unused)
{
	uint64_t n = 0;

	(void)unused;
	for (size_t i = 0; i < e->n; i++)
		n += e->of[i]->icmp;
	return n ? sonde_evidence_plural(e, n, "message") : NULL;
}

/* close */

static const char *causes(struct sonde_evidence *e, size_t unused)
{
	struct sonde_census c = { 0 };

	(void)unused;
	for (size_t i = 0; i < e->n; i++)
		sonde_census_count(
			&c, e->of[i]->cause == SONDE_CAUSE_CLOSED && e->of[i]->detail
				    ? sonde_arena_print(e->arena, "closed (%s)", e->of[i]->detail)
				    : sonde_cause_name(e->of[i]->cause));
	return sonde_census_text(e, &c);
}

static const char *end_seen(struct sonde_evidence *e, size_t unused)
{
	uint64_t n = 0;

	(void)unused;
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

static const char *unread(struct sonde_evidence *e, size_t unused)
{
	uint64_t n = 0;

	(void)unused;
	for (size_t i = 0; i < e->n; i++)
		n += sonde_evidence_known(e->of[i]->unread);
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

static const char *life_time(struct sonde_evidence *e, size_t unused)
{
	size_t n = 0;

	(void)unused;
	for (size_t i = 0; i < e->n; i++)
		if (e->of[i]->opened && e->of[i]->closed > e->of[i]->opened)
			e->value[n++] = e->of[i]->closed - e->of[i]->opened;
	return sonde_evidence_quantiles(e, n);
}

static const char *transit(struct sonde_evidence *e, size_t unused)
{
	uint64_t n = 0, sum = 0, least = UINT64_MAX, most = 0;

	(void)unused;
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

#define TIMING(member) timing, offsetof(struct sonde_timing, member)
#define OPENER(member) opener_timing, offsetof(struct sonde_timing, member)

const struct sonde_evidence_row sonde_evidence_rows[] = {
	{ "setup", "calls before the first byte", before_data, 0 },
	{ "setup", "packets before the first byte", before_data, 1 },
	{ "setup", "first call to first byte", OPENER(setup) },
	{ "identity", "own address", own_address, 0 },
	{ "identity", "the other end", other_end, 0 },
	{ "identity", "other ends of one socket", peers, 0 },
	{ "boundaries", "sends and reads", sends_and_reads, 0 },
	{ "boundaries", "message boundaries", boundaries, 0 },
	{ "boundaries", "size of a message", sizes, 0 },
	{ "boundaries", "cut to the buffer", truncated, 0 },
	{ "delivery", "sent", bytes, 0 },
	{ "delivery", "received", bytes, 1 },
	{ "delivery", "messages", messages, 0 },
	{ "delivery", "of what was lost the sender was", told, 0 },
	{ "delivery", "sent again by the kernel", sent_again, 0 },
	{ "back-pressure", "turned back with EAGAIN", turned_back, 0 },
	{ "back-pressure", "time of one send call, mean", send_time, 0 },
	{ "back-pressure", "dropped on the way in", dropped, 0 },
	{ "errors", "errors", errors, 0 },
	{ "errors", "from the error to its telling", error_delay, 0 },
	{ "errors", "ICMP errors", icmp, 0 },
	{ "close", "ended", causes, 0 },
	{ "close", "the end is seen", end_seen, 0 },
	{ "close", "closed one direction first", in_state, SONDE_STATE_WR_SHUT },
	{ "close", "between the two FINs", TIMING(half_close) },
	{ "close", "TIME_WAIT", in_state, SONDE_STATE_TIME_WAIT },
	{ "close", "kernel's socket after the last close", TIMING(orphan) },
	{ "close", "thrown away unread", unread, 0 },
	{ "cost", "calls", calls, 0 },
	{ "cost", "time in calls, waiting included", calls, 1 },
	{ "cost", "packets", packets, 0 },
	{ "cost", "wire bytes for a byte of payload", packets, 1 },
	{ "timing", "connect", TIMING(connect) },
	{ "timing", "handshake, seen by the client", OPENER(handshake) },
	{ "timing", "wait in the accept queue", TIMING(accept_wait) },
	{ "timing", "connected to first byte received", TIMING(first_byte) },
	{ "timing", "first byte received to answer", TIMING(think) },
	{ "timing", "send to read: least / mean / most", transit, 0 },
	{ "timing", "longest pause", TIMING(idle_max) },
	{ "timing", "life", life_time, 0 },
};
const size_t sonde_evidence_rows_n = sizeof sonde_evidence_rows / sizeof *sonde_evidence_rows;
