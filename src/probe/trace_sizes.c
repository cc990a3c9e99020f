/* The search for the MTU of a path (trace_mtu.h) inside of a trace, once the path is known. Its
 * probes count for no hop. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "probe/trace.h"

enum { SEGMENT = 32 }; /* bytes in a small segment of TCP */

/* Bytes of headers. A search by TCP sends bare ACKs with data: 20 bytes, no options. */
static uint32_t headers(const struct sonde_trace *p, uint32_t host)
{
	uint32_t ip = p->survey.to[host].family == AF_INET6 ? 40 : 20;

	return ip + (sonde_method_is_tcp(p->survey.look[0].method) ? 20 : 8);
}

/* To the end of the path, else as far as it is known. */
static void begin(struct sonde_trace *p, uint32_t host, sonde_ns now)
{
	struct sonde_trace_host *h = &p->host[host];
	bool six = p->survey.to[host].family == AF_INET6;
	uint32_t small = sonde_method_size(&p->survey.look[six]);
	uint64_t answering = 0;
	unsigned end = 0;

	for (unsigned ttl = 1; ttl <= (h->end ? h->end : p->plan.most); ttl++)
		if (h->hop[ttl - 1].n_who) {
			answering |= 1ull << (ttl - 1);
			end = ttl;
		}
	h->sizes = sonde_arena_take(&p->arena, (end + 1) * sizeof *h->sizes);
	sonde_trace_mtu_begin(&h->mtu, h->sizes, end, answering,
			      headers(p, host) + (small ? small : SEGMENT), six, now);
}

static struct sonde_step send_sized(struct sonde_trace *p, uint32_t host,
				    const struct sonde_trace_mtu_ask *ask, sonde_ns now)
{
	struct sonde_probe *probe = sonde_survey_probe(&p->survey, host, now);
	struct sonde_step step;

	probe->sized = true;
	probe->ttl = ask->ttl;
	probe->seq = p->host[host].mtu.probes - 1;
	probe->is.size = ask->size - headers(p, host);
	p->check = 0;
	sonde_pace_take(&p->pace, now);
	step = sonde_survey_send(&p->survey, probe);
	step.label = sonde_trace_label(p, probe);
	return step;
}

bool sonde_trace_sizes_step(struct sonde_trace *p, sonde_ns now, struct sonde_step *ret,
			    sonde_ns *until)
{
	sonde_ns free = sonde_pace_when(&p->pace);

	if (free > now) {
		*until = free;
		return false;
	}
	p->searching = 0;
	for (uint32_t i = 0; i < p->survey.n; i++) {
		struct sonde_trace_host *h = &p->host[i];
		struct sonde_trace_mtu_ask ask;

		if (!h->sizes && !h->out)
			begin(p, i, now);
		p->searching += !h->sizes || !h->mtu.done;
		if (!h->sizes || h->mtu.done || !sonde_flight_has_room(&p->survey.flight))
			continue;
		ask = sonde_trace_mtu_next(&h->mtu, now);
		if (ask.size) {
			*ret = send_sized(p, i, &ask, now);
			return true;
		}
		p->searching -= h->mtu.done;
		*until = ask.until < *until ? ask.until : *until;
	}
	return false;
}

void sonde_trace_sizes_lose(struct sonde_trace *p, const struct sonde_probe *probe, sonde_ns now)
{
	sonde_trace_mtu_lost(&p->host[probe->target].mtu, now);
}

/* ---- answers ---- */

/* The first hop that has this address; 0: none. */
static unsigned hop_of(const struct sonde_trace_host *h, const struct sonde_address *from)
{
	for (unsigned ttl = 1; ttl <= h->mtu.end; ttl++)
		for (unsigned i = 0; i < h->hop[ttl - 1].n_who; i++)
			if (!memcmp(h->hop[ttl - 1].who[i].address.ip, from->ip, sizeof from->ip))
				return ttl;
	return 0;
}

static bool is_too_big(const struct sonde_answer *a, uint16_t family)
{
	if (a->is != SONDE_ANSWER_ERROR)
		return false;
	return family == AF_INET6 ? a->type == 2 : a->type == 3 && a->code_of_type == 4;
}

static void hear_answer(struct sonde_trace *p, const struct sonde_heard *heard)
{
	const struct sonde_probe *probe = heard->probe;
	struct sonde_trace_host *h = &p->host[probe->target];
	uint32_t size = probe->is.size + headers(p, probe->target);
	bool first = heard->match == SONDE_MATCH_FIRST;
	const struct sonde_outcome *o = &heard->outcome;

	if (is_too_big(&heard->answer, p->survey.to[probe->target].family))
		sonde_trace_mtu_stopped(&h->mtu, probe->ttl, size, first, hop_of(h, &o->from),
					&o->from, o->mtu);
	else
		sonde_trace_mtu_reached(&h->mtu, probe->ttl, size, first);
}

void sonde_trace_sizes_hear(struct sonde_trace *p, struct sonde_heard *heard, sonde_ns now)
{
	static const uint8_t status[] = {
		[SONDE_MATCH_NOTHING] = SONDE_OUTCOME_LOCAL,
		[SONDE_MATCH_FIRST] = SONDE_OUTCOME_REPLY,
		[SONDE_MATCH_LATE] = SONDE_OUTCOME_LATE,
		[SONDE_MATCH_DUPLICATE] = SONDE_OUTCOME_DUPLICATE,
		[SONDE_MATCH_CORRUPTED] = SONDE_OUTCOME_CORRUPTED,
		[SONDE_MATCH_SPOOFED] = SONDE_OUTCOME_SPOOFED,
	};
	struct sonde_trace_mtu *m = &p->host[heard->probe->target].mtu;

	heard->outcome.status = status[heard->match];
	if (heard->match == SONDE_MATCH_FIRST || heard->match == SONDE_MATCH_LATE)
		hear_answer(p, heard);
	else if (heard->match == SONDE_MATCH_NOTHING && heard->outcome.error == EMSGSIZE)
		sonde_trace_mtu_refused(m, heard->outcome.mtu);
	else if (heard->match == SONDE_MATCH_NOTHING)
		sonde_trace_mtu_lost(m, now);
}

/* ---- what was found ---- */

void sonde_trace_sizes_hop(const struct sonde_trace *p, uint32_t host, unsigned ttl,
			   struct sonde_hop_record *ret)
{
	const struct sonde_trace_mtu *m = &p->host[host].mtu;
	const struct sonde_trace_mtu_hop *h;

	if (!m->hop || ttl > m->end)
		return;
	h = &m->hop[ttl];
	if (h->passed >= m->base)
		ret->pmtu = h->passed;
	if (!h->tells)
		return;
	ret->mtu = h->told;
	ret->mtu_doubt = sonde_trace_mtu_doubt(h->doubt);
}

void sonde_trace_sizes_path(const struct sonde_trace *p, uint32_t host,
			    struct sonde_path_record *ret, struct sonde_trace_texts *texts)
{
	const struct sonde_trace_host *h = &p->host[host];
	const struct sonde_trace_mtu *m = &h->mtu;
	const struct sonde_trace_mtu_hop *end;
	unsigned before;

	if (!m->hop || !sonde_trace_mtu_path(m))
		return;
	end = &m->hop[m->end];
	if (h->reached) {
		ret->mtu = end->passed;
		ret->mtu_confirmed = sonde_trace_mtu_is_confirmed(m);
	}
	if (end->why == SONDE_TRACE_MTU_TOLD && m->hop[end->teller].tells) {
		ret->mtu_from = sonde_survey_put_host(texts->teller, &m->hop[end->teller].from);
		if (end->teller)
			ret->mtu_from_ttl = end->teller;
	}
	for (unsigned ttl = m->end; ttl && ret->black_hole_after == SONDE_ABSENT; ttl--) {
		int behind = sonde_trace_mtu_hole(m, ttl, &before);

		if (behind >= 0)
			ret->black_hole_after = (uint64_t)behind;
	}
}
