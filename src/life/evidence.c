#include "life/evidence.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/name.h"
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

static const struct sonde_endpoint *end_of(const struct sonde_evidence *e, uint32_t sid)
{
	return sonde_life_endpoint(e->life, sid);
}

static uint64_t known(uint64_t v)
{
	return v == SONDE_ABSENT ? 0 : v;
}

uint64_t sonde_evidence_reads(const struct sonde_evidence *e, uint64_t *ret_sends)
{
	uint64_t sends = 0, reads = 0;

	for (size_t i = 0; i < e->pairs; i++)
		for (unsigned side = 0; side < 2; side++) {
			const struct sonde_endpoint *from =
				end_of(e, side ? e->pair[i]->server : e->pair[i]->client);
			const struct sonde_endpoint *to =
				end_of(e, side ? e->pair[i]->client : e->pair[i]->server);

			if (!from || !to || known(from->sent.bytes) != known(to->received.bytes))
				continue; /* not all was read: the counts say nothing of boundaries */
			sends += known(from->sent.messages);
			reads += known(to->received.messages);
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

static bool was_in(const struct sonde_steps *s, unsigned state)
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
		n += was_in(state > SONDE_STATE_APP_ ? &e->of[i]->app : &e->of[i]->kernel, state);
	return n;
}

static uint64_t calls_of(const struct sonde_endpoint *p, unsigned call)
{
	for (uint32_t i = 0; i < p->tallies; i++)
		if (p->tally[i].call == call)
			return p->tally[i].n;
	return 0;
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

/* Who began: not the side that was connected or sent to. */
static bool opens(const struct sonde_endpoint *p)
{
	return p->role != SONDE_ROLE_SERVER && p->role != SONDE_ROLE_RECEIVER && !p->seeded;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static const char *text(struct sonde_evidence *e, uint64_t v, char *(*put)(char *, uint64_t))
{
	char buf[96];

	return sonde_arena_string(e->arena, buf, (size_t)(put(buf, v) - buf));
}

static const char *plural(struct sonde_evidence *e, uint64_t n, const char *one)
{
	return sonde_arena_print(e->arena, "%llu %s%s", (ull)n, one, n == 1 ? "" : "s");
}

/* "3", or "3 to 5": of n values. */
static const char *range(struct sonde_evidence *e, size_t n, char *(*put)(char *, uint64_t))
{
	if (!n)
		return NULL;
	qsort(e->value, n, sizeof *e->value, by_size);
	if (e->value[0] == e->value[n - 1])
		return text(e, e->value[0], put);
	return sonde_arena_print(e->arena, "%s to %s", text(e, e->value[0], put),
				 text(e, e->value[n - 1], put));
}

/* "56.0 us", "50.1 us and 56.0 us", or "50.1 us / 56.0 us / 79.3 us (12)": least, median, 99th
 * percentile of so many. */
static const char *quantiles(struct sonde_evidence *e, size_t n)
{
	if (n < 2)
		return n ? text(e, e->value[0], sonde_words_span) : NULL;
	qsort(e->value, n, sizeof *e->value, by_size);
	if (n == 2)
		return sonde_arena_print(e->arena, "%s and %s", text(e, e->value[0], sonde_words_span),
					 text(e, e->value[1], sonde_words_span));
	return sonde_arena_print(e->arena, "%s / %s / %s (%zu)",
				 text(e, e->value[0], sonde_words_span),
				 text(e, e->value[(n - 1) / 2], sonde_words_span),
				 text(e, e->value[(n * 99 - 1) / 100], sonde_words_span), n);
}

/* A few different texts with how often each came: "2 by bind, 1 by connect". */
struct census {
	const char *text[6];
	uint64_t n[6], more;
};

static void count(struct census *c, const char *what)
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

static const char *result(struct sonde_evidence *e, const struct census *c)
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
	return range(e, n, sonde_put_dec);
}

static const char *timing(struct sonde_evidence *e, size_t offset)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		uint64_t v = *(const uint64_t *)((const char *)&e->of[i]->timing + offset);

		if (v != SONDE_ABSENT)
			e->value[n++] = v;
	}
	return quantiles(e, n);
}

/* identity */

static const char *own_address(struct sonde_evidence *e, size_t unused)
{
	struct census c = { 0 };

	(void)unused;
	for (size_t i = 0; i < e->n; i++) {
		const struct sonde_endpoint *p = e->of[i];

		if (p->seeded)
			continue;
		if (calls_of(p, SONDE_CALL_BIND))
			count(&c, "by bind");
		else if (p->listener)
			count(&c, "from the listener");
		else if (sonde_kind_is_unix(p->kind))
			count(&c, p->path.len ? NULL : "unnamed");
		else if (was_in(&p->app, SONDE_STATE_AUTOBOUND))
			count(&c, "at the first send");
		else if (calls_of(p, SONDE_CALL_CONNECT) && p->local.port)
			count(&c, "by connect");
	}
	return result(e, &c);
}

static const char *other_end(struct sonde_evidence *e, size_t unused)
{
	struct census c = { 0 };

	(void)unused;
	for (size_t i = 0; i < e->flows; i++)
		count(&c, !e->flow[i]->sender	   ? NULL
			  : e->flow[i]->connected ? "fixed by connect"
						  : "named in each send");
	for (size_t i = 0; !e->flows && i < e->n; i++)
		count(&c, e->of[i]->listener			   ? "fixed by accept"
			  : calls_of(e->of[i], SONDE_CALL_SOCKETPAIR) ? "made as a pair"
			  : calls_of(e->of[i], SONDE_CALL_CONNECT) && e->of[i]->peer
				  ? "fixed by connect"
				  : NULL);
	return result(e, &c);
}

static const char *peers(struct sonde_evidence *e, size_t unused)
{
	size_t n = 0;

	(void)unused;
	for (size_t i = 0; i < e->n; i++)
		if (e->of[i]->peers)
			e->value[n++] = e->of[i]->peers;
	return range(e, n, sonde_put_dec);
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
	return both ? sonde_arena_print(e->arena, "%s, %s", plural(e, sends, "send"),
					plural(e, reads, "read"))
		    : NULL;
}

static const char *boundaries(struct sonde_evidence *e, size_t unused)
{
	uint64_t sends, reads;

	(void)unused;
	if (sonde_kind_is_datagram(e->kind) || e->kind == SONDE_KIND_UNIX_SEQPACKET) {
		for (size_t i = 0; i < e->n; i++)
			if (known(e->of[i]->received.messages))
				return "kept: one message a read";
		return NULL;
	}
	reads = sonde_evidence_reads(e, &sends);
	return sends == reads	? NULL
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
	return least == most ? text(e, least, sonde_words_size)
			     : sonde_arena_print(e->arena, "%s to %s", text(e, least, sonde_words_size),
						 text(e, most, sonde_words_size));
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
	return bytes ? sonde_arena_print(e->arena, "%s, %s lost", plural(e, n, "message"),
					 text(e, bytes, sonde_words_size))
		     : plural(e, n, "message");
}

/* delivery */

static const char *bytes(struct sonde_evidence *e, size_t received)
{
	uint64_t sum = 0;
	bool any = false;

	for (size_t i = 0; i < e->n; i++) {
		uint64_t v = received ? e->of[i]->received.bytes : e->of[i]->sent.bytes;

		any |= v != SONDE_ABSENT;
		sum += known(v);
	}
	return any ? text(e, sum, sonde_words_size) : NULL;
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
		       : plural(e, n, "segment");
}

/* back-pressure */

static const char *turned_back(struct sonde_evidence *e, size_t unused)
{
	uint64_t n = sonde_evidence_again(e);

	(void)unused;
	return n ? plural(e, n, "send") : NULL;
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
	return n && took ? text(e, took / n, sonde_words_span) : NULL;
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
	struct census c = { 0 };

	(void)unused;
	for (size_t i = 0; i < e->n; i++)
		for (uint32_t k = 0; k < e->of[i]->faults; k++) {
			const struct sonde_fault *f = &e->of[i]->fault[k];

			count(&c, sonde_arena_print(e->arena, "%s%s%s", sonde_name_errno(f->error),
						    !f->told ? ", told nobody"
						    : f->call ? " from "
							      : "",
						    f->told && f->call ? sonde_call_name(f->call) : ""));
		}
	return result(e, &c);
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
	return quantiles(e, n);
}

static const char *icmp(struct sonde_evidence *e, size_t unused)
{
	uint64_t n = 0;

	(void)unused;
	for (size_t i = 0; i < e->n; i++)
		n += e->of[i]->icmp;
	return n ? plural(e, n, "message") : NULL;
}

/* close */

static const char *causes(struct sonde_evidence *e, size_t unused)
{
	struct census c = { 0 };

	(void)unused;
	for (size_t i = 0; i < e->n; i++)
		count(&c, sonde_cause_name(e->of[i]->cause));
	return result(e, &c);
}

static const char *end_seen(struct sonde_evidence *e, size_t unused)
{
	uint64_t n = 0;

	(void)unused;
	for (size_t i = 0; i < e->n; i++)
		n += was_in(&e->of[i]->app, SONDE_STATE_PEER_EOF) ||
		     was_in(&e->of[i]->app, SONDE_STATE_DRAINED);
	if (n)
		return sonde_arena_print(e->arena, "by a read of 0, at %s", plural(e, n, "end"));
	for (size_t i = 0; i < e->flows; i++) {
		const struct sonde_endpoint *from = end_of(e, e->flow[i]->sender);
		const struct sonde_endpoint *to = end_of(e, e->flow[i]->receiver);

		if (from && to && from->closed && (!to->closed || from->closed < to->closed))
			return "nothing told the receiver";
	}
	return NULL;
}

static const char *in_state(struct sonde_evidence *e, size_t state)
{
	uint64_t n = sonde_evidence_in_state(e, (unsigned)state);

	return n ? plural(e, n, "end") : NULL;
}

static const char *unread(struct sonde_evidence *e, size_t unused)
{
	uint64_t n = 0;

	(void)unused;
	for (size_t i = 0; i < e->n; i++)
		n += known(e->of[i]->unread);
	return !n ? NULL
	       : sonde_kind_is_datagram(e->kind) || e->kind == SONDE_KIND_UNIX_SEQPACKET
		       ? plural(e, n, "message")
		       : text(e, n, sonde_words_size);
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
	return !n ? NULL : time ? (took ? text(e, took, sonde_words_span) : NULL) : text(e, n, sonde_put_dec);
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
	for (size_t i = 0; i < e->flows; i++) {
		n += e->flow[i]->fragments;
		*ret_bytes += e->flow[i]->wire_bytes;
		if (e->flow[i]->on_wire == e->flow[i]->sent)
			*ret_payload += e->flow[i]->sent_bytes;
		else
			*ret_payload = 0; /* of which packets is not known */
	}
	return n;
}

static const char *packets(struct sonde_evidence *e, size_t overhead)
{
	uint64_t byte, payload, n = wire(e, &byte, &payload);

	if (!n || sonde_kind_is_unix(e->kind))
		return NULL;
	if (!overhead)
		return text(e, n, sonde_put_dec);
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
	return quantiles(e, n);
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
		return n ? text(e, sum, sonde_words_span) : NULL;
	return sonde_arena_print(e->arena, "%s / %s / %s (%llu)",
				 text(e, least, sonde_words_span), text(e, sum / n, sonde_words_span),
				 text(e, most, sonde_words_span), (ull)n);
}

#define TIMING(member) timing, offsetof(struct sonde_timing, member)

const struct sonde_evidence_row sonde_evidence_rows[] = {
	{ "setup", "calls before the first byte", before_data, 0 },
	{ "setup", "packets before the first byte", before_data, 1 },
	{ "setup", "first call to first byte", TIMING(setup) },
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
	{ "timing", "handshake", TIMING(handshake) },
	{ "timing", "wait in the accept queue", TIMING(accept_wait) },
	{ "timing", "connected to first byte received", TIMING(first_byte) },
	{ "timing", "first byte received to answer", TIMING(think) },
	{ "timing", "send to read: least / mean / most", transit, 0 },
	{ "timing", "longest pause", TIMING(idle_max) },
	{ "timing", "life", life_time, 0 },
};
const size_t sonde_evidence_rows_n = sizeof sonde_evidence_rows / sizeof *sonde_evidence_rows;
