#include "probe/ping.h"

#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "probe/words.h"

enum { TOLD = 2 * SONDE_PING_ARRIVALS }; /* outcomes that wait to be told */
#define FLOOD_GAP (10 * SONDE_MILLISECOND)
#define STORM_GAP (50 * SONDE_MILLISECOND)
#define SOON	  SONDE_MILLISECOND /* below this timers are late, and bursts make up for it */

enum clock { CLOCK_KERNEL, CLOCK_KERNEL_RX, CLOCK_KERNEL_TX, CLOCK_USER, CLOCKS };
static const char *const clock_words[] = { "kernel", "kernel-rx", "kernel-tx", "user" };

enum status { REPLY, LOST, LATE, DUPLICATE, ERROR, LOCAL, CORRUPTED, SPOOFED, FORGOTTEN };
static const char *const status_words[] = { "reply", "lost",	  "late",    "duplicate", "error",
					    "local", "corrupted", "spoofed", "forgotten" };

struct sonde_ping_outcome {
	struct sonde_probe probe; /* as it was then */
	struct sonde_address from;
	sonde_ns rtt, uncertainty, wake;
	uint32_t bytes, mtu;
	int error, ttl;
	uint8_t status, clock, answer, type, code, auth_bits;
	bool rewritten, timed, sure, has_mac;
	uint8_t mac[6];
	uint8_t route[4 * SONDE_PING_ROUTE], route_len;
};

/* ---- begin and end ---- */

/* The answers that may still come are remembered for as long again as their time. */
static uint64_t room_for(const struct sonde_ping_plan *plan, uint32_t n, sonde_ns gap)
{
	uint64_t at_once = gap ? 2 * plan->timeout / gap : UINT64_MAX;
	uint64_t all = plan->count && plan->count < UINT64_MAX / n ? plan->count * n : UINT64_MAX;
	uint64_t room = at_once < all ? at_once : all;

	room = room < 2 * (uint64_t)n ? 2 * (uint64_t)n : room;
	return room < 1 << 17 || gap ? room : 1 << 17;
}

static uint32_t longest_packet(const struct sonde_ping_plan *plan)
{
	uint32_t a = plan->look[0].size, b = plan->look[1].size;

	return (a > b ? a : b) + 128; /* headers of IP, TCP and its options */
}

void sonde_ping_open(struct sonde_ping *p, const struct sonde_ping_plan *plan,
		     const struct sonde_ping_given *given, uint32_t n, sonde_ns now, sonde_ns real)
{
	sonde_ns gap = plan->flood ? FLOOD_GAP : plan->sweep ? 0 : plan->interval / n;
	uint64_t burst;

	*p = (struct sonde_ping){ .plan = *plan, .n = n, .began = now, .round_began = now };
	gap = gap < plan->gap ? plan->gap : gap;
	burst = gap && gap < SOON ? SOON / gap + 1 : 1;
	sonde_pace_init(&p->pace, gap, burst > plan->preload ? burst : plan->preload, now);
	sonde_pace_init(&p->storm, STORM_GAP, SONDE_SECOND / STORM_GAP, now);
	sonde_wall_read(&p->wall, now, real);
	sonde_flight_init(&p->flight, &p->arena, &plan->secret, room_for(plan, n, gap));
	p->to = sonde_arena_take(&p->arena, n * sizeof *p->to);
	p->host = sonde_arena_take(&p->arena, n * sizeof *p->host);
	p->told = sonde_arena_take(&p->arena, TOLD * sizeof *p->told);
	p->packet_cap = longest_packet(plan);
	p->packet = sonde_arena_take(&p->arena, p->packet_cap);
	for (uint32_t i = 0; i < n; i++) {
		p->to[i] = given[i].to;
		p->host[i].name = given[i].name;
		p->host[i].from = given[i].from;
	}
}

void sonde_ping_end(struct sonde_ping *p)
{
	p->ending = true;
}

void sonde_ping_close(struct sonde_ping *p)
{
	sonde_arena_done(&p->arena);
}

/* ---- outcomes ---- */

static struct sonde_ping_outcome *tell(struct sonde_ping *p)
{
	return p->told_n < TOLD ? &p->told[(p->told_at + p->told_n++) % TOLD] : NULL;
}

static void tell_bare(struct sonde_ping *p, const struct sonde_probe *probe, enum status status,
		      int error)
{
	struct sonde_ping_outcome *o = p->plan.quiet ? NULL : tell(p);

	if (o)
		*o = (struct sonde_ping_outcome){
			.probe = *probe, .status = (uint8_t)status, .error = error, .ttl = -1
		};
}

static const char *answer_words(const struct sonde_ping_outcome *o, uint16_t family)
{
	switch (o->answer) {
	case SONDE_ANSWER_ECHO: return "echo-reply";
	case SONDE_ANSWER_DATA: return "data";
	case SONDE_ANSWER_SYN_ACK: return "syn-ack";
	case SONDE_ANSWER_RST: return "rst";
	case SONDE_ANSWER_NEIGHBOUR: return "neighbour";
	case SONDE_ANSWER_ERROR: return sonde_words_of_error(family, o->type, o->code);
	default: return o->error ? strerrordesc_np(o->error) : NULL;
	}
}

static const char *put_host(char text[static 64], const struct sonde_address *a)
{
	char *o = a->family == AF_INET ? sonde_put_ip4(text, a->ip) : sonde_put_ip6(text, a->ip);

	if (a->scope) {
		*o++ = '%';
		o = sonde_put_dec(o, a->scope);
	}
	*o = 0;
	return a->family ? text : NULL;
}

static void put_route(struct sonde_ping *p, const struct sonde_ping_outcome *o)
{
	for (unsigned i = 0; i < o->route_len / 4; i++) {
		*sonde_put_ip4(p->route_text[i], o->route + 4 * i) = 0;
		p->route[i] = p->route_text[i];
	}
	if (o->route_len)
		p->record.route = (struct sonde_list){ p->route, o->route_len / 4 };
}

static void make_record(struct sonde_ping *p, const struct sonde_ping_outcome *o)
{
	struct sonde_probe_record *r = &p->record;
	const struct sonde_probe *probe = &o->probe;
	uint16_t family = p->to[probe->target].family;

	sonde_record_clear(&sonde_probe_schema, r);
	r->target = put_host(p->target_text, &p->to[probe->target]);
	r->name = p->host[probe->target].name;
	r->seq = probe->seq + 1;
	r->status = status_words[o->status];
	r->answer = answer_words(o, family);
	r->asked_ns = probe->asked - p->began;
	if (probe->sent)
		r->stack_ns = probe->sent - probe->asked;
	if (o->timed) {
		r->rtt_ns = o->rtt;
		r->clock = clock_words[o->clock];
		r->uncertainty_ns = o->sure ? o->uncertainty : SONDE_ABSENT;
		r->wake_ns = o->wake;
	}
	r->from = put_host(p->from_text, &o->from);
	if (!o->answer)
		return;
	r->bytes = o->bytes;
	r->auth_bits = o->auth_bits;
	r->rewritten = o->rewritten;
	put_route(p, o);
	if (o->has_mac) {
		*sonde_put_mac(p->mac_text, o->mac) = 0;
		r->mac = p->mac_text;
	}
	if (o->ttl >= 0)
		r->ttl = (uint64_t)o->ttl;
	if (o->answer == SONDE_ANSWER_ERROR) {
		r->type = o->type;
		r->code = o->code;
		r->mtu = o->mtu ? o->mtu : SONDE_ABSENT;
	}
}

/* ---- steps ---- */

/* Whether this target needs no more probes. */
static bool is_enough(const struct sonde_ping *p, const struct sonde_ping_host *h)
{
	if (p->plan.sweep)
		return h->stats.n;
	return p->plan.deadline && p->plan.count && h->stats.n >= p->plan.count;
}

/* The fate of the oldest probes, as far as it is known: in the order of sending. */
static void decide(struct sonde_ping *p, sonde_ns now)
{
	struct sonde_probe *probe;

	while ((probe = sonde_flight_oldest(&p->flight)) && p->told_n < TOLD) {
		struct sonde_ping_host *h = &p->host[probe->target];
		bool open = probe->state == SONDE_PROBE_OUT;

		if (open && now < probe->asked + p->plan.timeout)
			return;
		if (probe->state != SONDE_PROBE_REFUSED)
			sonde_stats_fate(&h->stats, probe->state == SONDE_PROBE_ANSWERED);
		if (open) {
			probe->state = SONDE_PROBE_LOST;
			tell_bare(p, probe, LOST, 0);
		}
		sonde_flight_decide(&p->flight);
	}
}

/* Whether there is a probe to be sent, now or later; p->turn is its target then. */
static bool has_next(struct sonde_ping *p)
{
	bool bounded = p->plan.count && !(p->plan.deadline && !p->plan.sweep);

	if (p->ending || p->satisfied == p->n)
		return false;
	for (uint32_t looked = 0; looked <= p->n; looked++) {
		if (p->turn == p->n) {
			p->turn = 0;
			p->round++;
			p->round_began += p->plan.interval;
		}
		if (bounded && p->round >= p->plan.count)
			return false;
		if (!is_enough(p, &p->host[p->turn]))
			return true;
		p->turn++;
	}
	return false;
}

/* When it may go. */
static sonde_ns when(const struct sonde_ping *p)
{
	sonde_ns t = sonde_pace_when(&p->pace);

	/* A sweep goes around at once, and then gives the answers their time. */
	return p->plan.sweep && t < p->round_began ? p->round_began : t;
}

static struct sonde_step send_next(struct sonde_ping *p, sonde_ns now)
{
	uint32_t at = p->turn++;
	struct sonde_ping_host *h = &p->host[at];
	struct sonde_probe *probe = sonde_flight_send(&p->flight, at, &p->to[at], now);
	int len;

	probe->seq = h->seq++;
	sonde_pace_take(&p->pace, now);
	len = sonde_method_make(&p->plan.look[p->to[at].family == AF_INET6], &probe->is, &h->from,
				&p->to[at], p->packet, p->packet_cap, &probe->sum);
	return (struct sonde_step){ .is = SONDE_STEP_SEND,
				    .token = (uint32_t)probe->is.serial,
				    .to = &p->to[at],
				    .byte = { p->packet, (size_t)len } };
}

static bool is_over(const struct sonde_ping *p, sonde_ns now)
{
	return p->ending || (p->plan.deadline && now - p->began >= p->plan.deadline);
}

struct sonde_step sonde_ping_step(struct sonde_ping *p, sonde_ns now)
{
	const struct sonde_probe *oldest;
	sonde_ns until = UINT64_MAX, t;
	bool more;

	decide(p, now);
	if (p->told_n) {
		make_record(p, &p->told[p->told_at]);
		p->told_at = (p->told_at + 1) % TOLD;
		p->told_n--;
		return (struct sonde_step){ .is = SONDE_STEP_TELL, .record = &p->record };
	}
	oldest = sonde_flight_oldest(&p->flight);
	more = has_next(p);
	if (is_over(p, now) || (!more && !oldest))
		return (struct sonde_step){ .is = SONDE_STEP_DONE };
	if (more && sonde_flight_has_room(&p->flight)) {
		t = when(p);
		if (t <= now)
			return send_next(p, now);
		until = t;
	}
	if (oldest && oldest->asked + p->plan.timeout < until)
		until = oldest->asked + p->plan.timeout;
	if (p->plan.deadline && p->began + p->plan.deadline < until)
		until = p->began + p->plan.deadline;
	return (struct sonde_step){ .is = SONDE_STEP_WAIT, .until = until };
}

/* ---- arrivals ---- */

static void hear_refusal(struct sonde_ping *p, const struct sonde_arrival *a)
{
	struct sonde_probe *probe = sonde_flight_token(&p->flight, a->token);
	struct sonde_ping_host *h;

	if (!probe || probe->state != SONDE_PROBE_OUT)
		return;
	h = &p->host[probe->target];
	probe->state = SONDE_PROBE_REFUSED;
	h->refused++;
	h->error = strerrordesc_np(a->error);
	tell_bare(p, probe, LOCAL, a->error);
}

/* The round trip, and the best clock that both ends of it have. */
static void measure(struct sonde_ping *p, const struct sonde_arrival *a,
		    struct sonde_ping_outcome *o)
{
	const struct sonde_probe *probe = &o->probe;
	sonde_ns begin = probe->sent ? probe->sent : probe->asked;
	sonde_ns came = sonde_wall_map(&p->wall, a->stamp, begin, a->now);
	sonde_ns end = came ? came : a->now;

	p->unlikely += a->stamp && !came;
	o->clock = came		 ? probe->sent ? CLOCK_KERNEL : CLOCK_KERNEL_RX
		   : probe->sent ? CLOCK_KERNEL_TX
				 : CLOCK_USER;
	o->rtt = end > begin ? end - begin : 0;
	o->wake = came ? a->now - came : SONDE_ABSENT;
	o->timed = true;
	if (o->clock == CLOCK_KERNEL) {
		o->sure = true;
		o->uncertainty = probe->steps == (uint8_t)p->wall.steps ? 0 : SONDE_WALL_NOISE;
	} else if (o->clock == CLOCK_KERNEL_RX && probe->left) {
		o->sure = true;
		o->uncertainty = SONDE_WALL_NOISE + (probe->left - probe->asked);
	}
}

/* An ICMP error is an answer to UDP where it comes from the port that was asked. */
static bool is_reply(const struct sonde_ping *p, const struct sonde_answer *n,
		     const struct sonde_probe *probe)
{
	const struct sonde_address *to = &p->to[probe->target];
	bool six = to->family == AF_INET6;

	if (n->is != SONDE_ANSWER_ERROR)
		return true;
	return p->plan.look[six].method == SONDE_METHOD_UDP && n->type == (six ? 1 : 3) &&
	       n->code_of_type == (six ? 4 : 3) && !memcmp(n->from.ip, to->ip, 16);
}

static void count_first(struct sonde_ping *p, struct sonde_ping_host *h,
			const struct sonde_ping_outcome *o)
{
	bool before = is_enough(p, h);

	sonde_stats_answer(&h->stats, &p->arena, o->probe.seq, o->rtt);
	h->clocks |= (uint8_t)(1u << o->clock);
	p->satisfied += !before && is_enough(p, h);
}

static enum status count(struct sonde_ping *p, const struct sonde_flight_verdict *v, bool reply,
			 const struct sonde_ping_outcome *o)
{
	struct sonde_ping_host *h = &p->host[v->probe->target];

	h->rewritten += v->rewritten;
	switch (v->match) {
	case SONDE_MATCH_FIRST:
		if (!reply) {
			h->errors++;
			h->error = answer_words(o, p->to[v->probe->target].family);
			return ERROR;
		}
		v->probe->state = SONDE_PROBE_ANSWERED;
		count_first(p, h, o);
		return REPLY;
	case SONDE_MATCH_LATE: h->late += reply; return reply ? LATE : ERROR;
	case SONDE_MATCH_DUPLICATE: h->duplicates++; return DUPLICATE;
	case SONDE_MATCH_CORRUPTED: h->corrupted++; return CORRUPTED;
	default: h->spoofed++; return SPOOFED;
	}
}

/* The next one need not wait any longer. */
static void hurry(struct sonde_ping *p, const struct sonde_probe *probe, sonde_ns now)
{
	if ((p->plan.flood || p->plan.adaptive) && probe->is.serial + 1 == p->flight.next &&
	    p->pace.next > now + p->plan.gap)
		p->pace.next = now + p->plan.gap;
}

/* Whether more of these came than anybody wants to read: then they are counted alone. */
static bool is_storm(struct sonde_ping *p, enum status status, sonde_ns now)
{
	if (status != DUPLICATE && status != CORRUPTED && status != SPOOFED)
		return false;
	if (sonde_pace_when(&p->storm) > now)
		return true;
	sonde_pace_take(&p->storm, now);
	return false;
}

static void hear_answer(struct sonde_ping *p, const struct sonde_arrival *a)
{
	uint16_t family = a->is == SONDE_ARRIVAL_ERROR ? a->to.family : a->from.family;
	const struct sonde_method_look *look = &p->plan.look[family == AF_INET6];
	struct sonde_flight_verdict v;
	struct sonde_ping_outcome o, *keep;
	struct sonde_answer n;

	sonde_method_read(look, a, &n);
	v = (struct sonde_flight_verdict){ 0 };
	if (n.is)
		v = sonde_flight_match(&p->flight, look, &n, p->to);
	p->forgotten += v.match == SONDE_MATCH_FORGOTTEN;
	p->foreign += !v.probe && v.match != SONDE_MATCH_FORGOTTEN;
	if (!v.probe)
		return;
	o = (struct sonde_ping_outcome){ .probe = *v.probe,
					 .from = n.from,
					 .bytes = n.bytes,
					 .mtu = n.mtu,
					 .ttl = n.ttl,
					 .answer = n.is,
					 .type = n.type,
					 .code = n.code_of_type,
					 .auth_bits = v.auth_bits,
					 .rewritten = v.rewritten };
	o.has_mac = n.has_mac;
	memcpy(o.mac, n.mac, sizeof o.mac);
	o.route_len = (uint8_t)(n.route.len < sizeof o.route ? n.route.len : sizeof o.route);
	if (o.route_len)
		memcpy(o.route, n.route.at, o.route_len);
	if (v.match != SONDE_MATCH_CORRUPTED && v.match != SONDE_MATCH_SPOOFED)
		measure(p, a, &o);
	o.status = (uint8_t)count(p, &v, is_reply(p, &n, v.probe), &o);
	if (v.match == SONDE_MATCH_FIRST)
		hurry(p, v.probe, a->now);
	keep = p->plan.quiet || is_storm(p, o.status, a->now) ? NULL : tell(p);
	if (keep)
		*keep = o;
}

void sonde_ping_hear(struct sonde_ping *p, const struct sonde_arrival *a)
{
	sonde_wall_read(&p->wall, a->now, a->real);
	switch (a->is) {
	case SONDE_ARRIVAL_SENT:
		p->unlikely += !sonde_flight_sent(&p->flight, &p->wall, a->token, a->stamp, a->now);
		break;
	case SONDE_ARRIVAL_REFUSED: hear_refusal(p, a); break;
	default: hear_answer(p, a);
	}
}

/* ---- statistics ---- */

uint32_t sonde_ping_answered(const struct sonde_ping *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n; i++)
		n += p->host[i].stats.n > 0;
	return n;
}

static const char *clock_of(uint8_t clocks)
{
	if (!clocks)
		return NULL;
	return clocks & (clocks - 1) ? "mixed" : clock_words[__builtin_ctz(clocks)];
}

void sonde_ping_target(const struct sonde_ping *p, uint32_t i, struct sonde_target_record *ret,
		       char *address_text)
{
	const struct sonde_ping_host *h = &p->host[i];
	const struct sonde_stats *s = &h->stats;
	uint64_t decided = s->n + s->lost;

	sonde_record_clear(&sonde_target_schema, ret);
	ret->target = put_host(address_text, &p->to[i]);
	ret->name = h->name;
	ret->sent = h->seq - h->refused;
	ret->lost = s->lost;
	ret->received = s->n;
	ret->pending = ret->sent - s->n - s->lost;
	ret->late = h->late;
	ret->duplicates = h->duplicates;
	ret->errors = h->errors;
	ret->local_errors = h->refused;
	ret->corrupted = h->corrupted;
	ret->spoofed = h->spoofed;
	ret->rewritten = h->rewritten;
	ret->reordered = s->reordered;
	if (decided)
		ret->loss_ppm = s->lost * 1000000 / decided;
	ret->loss_bursts = s->bursts;
	ret->loss_single = s->single;
	ret->loss_longest = s->longest;
	ret->last_error = h->error;
	ret->clock = clock_of(h->clocks);
	if (!s->n)
		return;
	ret->rtt_min_ns = s->min;
	ret->rtt_mean_ns = sonde_stats_mean(s);
	ret->rtt_max_ns = s->max;
	ret->rtt_deviation_ns = sonde_stats_deviation(s);
	ret->rtt_p50_ns = sonde_stats_quantile(s, 500, 1000);
	ret->rtt_p90_ns = sonde_stats_quantile(s, 900, 1000);
	ret->rtt_p95_ns = sonde_stats_quantile(s, 950, 1000);
	ret->rtt_p99_ns = sonde_stats_quantile(s, 990, 1000);
	ret->rtt_p999_ns = sonde_stats_quantile(s, 999, 1000);
	if (s->n > 1)
		ret->jitter_rfc3550_ns = s->jitter16 / 16;
	if (s->changes)
		ret->jitter_ns = (s->change_sum + s->changes / 2) / s->changes;
}
