/* A network that answers a trace as it likes: true errors and answers, late, twice and in any
 * order, with other quotes, from anybody, with anything behind them; probes that do not leave, and
 * clocks that are set. Whatever comes, each probe has one fate, an answer that was not changed is
 * known, the run ends in bounded time, and what is told of it is in its bounds and harmless.
 *
 *   three bytes choose the plan; then events: what, which probe, who, and what each needs */
#include <sys/socket.h>

#include "probe/say_trace.h"
#include "probe/words.h"
#include "tests/fuzz/fuzz.h"

enum { SENT = 64, ROOM = 512, TARGETS = 2, EVENTS = 64, STEPS = 20000 };

struct sent {
	uint8_t byte[ROOM];
	uint32_t len, token;
	struct sonde_address to;
};

static struct run {
	struct sonde_trace p;
	struct sonde_trace_plan plan;
	struct sent sent[SENT];
	unsigned n, steps;
	uint64_t arrivals;
	sonde_ns began, now, real;
	bool six, done, stopped;
} run;

static struct sonde_address address(bool six, uint8_t a, uint8_t b)
{
	if (six)
		return (struct sonde_address){ .family = AF_INET6, .ip = { 0x20, 1, a, [15] = b } };
	return (struct sonde_address){ .family = AF_INET, .ip = { 10, a, 0, b } };
}

/* ---- the run ---- */

static void look_at(const struct sonde_probe_record *r)
{
	stop_unless(r->status && r->target && r->seq);
	stop_unless(r->hops >= run.plan.first && r->hops <= run.plan.most);
	if (!strcmp(r->status, "reply"))
		stop_unless(r->from && r->answer && r->rtt_ns <= run.now - run.began);
}

static void keep(const struct sonde_step *s)
{
	struct sent *e = &run.sent[run.n++ % SENT];

	stop_unless(s->byte.len <= ROOM && s->ttl >= run.plan.first && s->ttl <= run.plan.most);
	memcpy(e->byte, s->byte.at, s->byte.len);
	e->len = (uint32_t)s->byte.len;
	e->token = s->token;
	e->to = *s->to;
}

/* Until it waits or is done; returns when it wants to be asked again. */
static sonde_ns step(void)
{
	for (;;) {
		struct sonde_step s = sonde_trace_step(&run.p, run.now);

		stop_unless(++run.steps < STEPS);
		if (s.is == SONDE_STEP_TELL)
			look_at(s.record);
		else if (s.is == SONDE_STEP_SEND)
			keep(&s);
		run.done = s.is == SONDE_STEP_DONE;
		if (run.done || s.is == SONDE_STEP_WAIT)
			return s.until;
	}
}

static void begin(struct steps *in)
{
	static const uint32_t sizes[] = { 32, 18, 32, 300 };
	unsigned a = next_byte(in), b = next_byte(in), c = next_byte(in), n = 1 + c % 4 / 3;
	struct sonde_given given[TARGETS];

	run.n = run.steps = 0;
	run.arrivals = 0;
	run.done = run.stopped = false;
	run.six = a & 4;
	run.began = run.now = 1000 * SONDE_SECOND;
	run.real = run.now + 1700000000 * SONDE_SECOND;
	run.plan = (struct sonde_trace_plan){
		.secret = { { 1, 2 } },
		.first = (uint8_t)(1 + (b & 1)),
		.most = (uint8_t)(2 + (b >> 1) % 4),
		.ahead = (uint8_t)(1 + (b >> 3) % 4),
		.queries = (uint8_t)(1 + (a >> 3) % 2),
		.here = 3,
		.near = 3,
		.rounds = 1 + (a >> 4 & 1) + (a >> 5 & 1),
		.interval = (c >> 2 & 3) * 20 * SONDE_MILLISECOND,
		.gap = (c >> 4 & 1) * SONDE_MILLISECOND,
		.burst = 4,
		.timeout = 100 * SONDE_MILLISECOND,
		.quiet = c >> 5 & 1,
	};
	for (unsigned v = 0; v < 2; v++)
		run.plan.look[v] = (struct sonde_method_look){ .method = a & 3,
							       .ident = 0x1234,
							       .port = 33434,
							       .sum = 0x5555,
							       .size = sizes[c >> 6] };
	for (unsigned i = 0; i < n; i++)
		given[i] = (struct sonde_given){ "target\x1b[2J", address(run.six, (uint8_t)i, 99),
						 address(run.six, 77, 1) };
	sonde_trace_open(&run.p, &run.plan, given, n, run.now, run.real);
	step();
}

/* ---- what comes ---- */

static void hear(struct sonde_arrival *a, const uint8_t *at, size_t len)
{
	uint8_t *flush = malloc(len ? len : 1); /* to the byte, so that ASan guards the end */

	stop_unless(flush);
	memcpy(flush, at, len);
	a->byte = (struct sonde_bytes){ flush, len };
	a->now = run.now;
	a->real = run.real;
	sonde_trace_hear(&run.p, a);
	run.arrivals++;
	free(flush);
}

/* From its ICMP header on, with so many bytes of what was sent behind its IP header. */
static size_t make_error(const struct sent *e, unsigned type, unsigned code, unsigned quote,
			 uint8_t *o)
{
	static const uint8_t protocols[] = { 1, 17, 6, 6 };
	uint8_t method = run.plan.look[0].method, *ip = o + 8;
	size_t head = run.six ? 40 : 20, n = quote < e->len ? quote : e->len;
	struct sonde_address here = address(run.six, 77, 1);

	memset(o, 0, 8 + head);
	o[0] = (uint8_t)type;
	o[1] = (uint8_t)code;
	if (run.six) {
		ip[0] = 0x60;
		sonde_store(ip + 4, 2, e->len);
		ip[6] = method ? protocols[method] : 58;
		ip[7] = 1;
		memcpy(ip + 8, here.ip, 16);
		memcpy(ip + 24, e->to.ip, 16);
	} else {
		ip[0] = 0x45;
		sonde_store(ip + 2, 2, 20 + e->len);
		ip[8] = 1;
		ip[9] = protocols[method];
		memcpy(ip + 12, here.ip, 4);
		memcpy(ip + 16, e->to.ip, 4);
	}
	memcpy(ip + head, e->byte, n);
	return 8 + head + n;
}

/* What the target says to it, from the header behind that of IP on. */
static size_t make_answer(const struct sent *e, struct sonde_arrival *a, uint8_t *o)
{
	uint8_t method = run.plan.look[0].method;

	a->from = e->to;
	a->begins = SONDE_BEGINS_ICMP;
	if (method == SONDE_METHOD_UDP)
		return make_error(e, run.six ? 1 : 3, run.six ? 4 : 3, 8, o);
	memcpy(o, e->byte, e->len);
	if (method == SONDE_METHOD_ICMP) {
		o[0] = run.six ? 129 : 0;
		return e->len;
	}
	a->begins = SONDE_BEGINS_TCP;
	memcpy(o, e->byte + 2, 2);
	memcpy(o + 2, e->byte, 2);
	if (method == SONDE_METHOD_TCP)
		sonde_store(o + 8, 4, sonde_load(e->byte + 4, 4) + 1);
	o[12] = 0x50;
	o[13] = 0x14; /* RST, ACK */
	return 20;
}

static void change(struct steps *in, uint8_t *at, size_t *len)
{
	for (unsigned changes = next_byte(in) % 8; changes && *len; changes--) {
		size_t place = next_byte(in) % *len;

		at[place] ^= (uint8_t)next_byte(in);
	}
	for (unsigned more = next_byte(in) % 64; more && *len < ROOM; more--)
		at[(*len)++] = (uint8_t)next_byte(in);
}

static void arrive(struct steps *in)
{
	unsigned what = next_byte(in), which = next_byte(in), who = next_byte(in);
	unsigned known = run.n < SENT ? run.n : SENT;
	const struct sent *e = &run.sent[known ? which % known : 0];
	uint8_t error = run.six ? 3 : 11, buf[ROOM + 64] = { 0 };
	struct sonde_arrival a = { .is = SONDE_ARRIVAL_PACKET,
				   .begins = SONDE_BEGINS_ICMP,
				   .checked = !(what & 64),
				   .ttl = (int16_t)(who - 1),
				   .token = e->token,
				   .stamp = what & 128 ? run.real : 0,
				   .from = address(run.six, (uint8_t)(who >> 5), (uint8_t)who) };
	const struct sonde_probe *probe = sonde_flight_token(&run.p.survey.flight, e->token);
	bool out = probe && probe->state == SONDE_PROBE_OUT, right = false;
	size_t len = 0;

	if (!known)
		return;
	switch (what % 8) {
	case 0: /* as a router should */
	case 1:
		a.checked = right = true;
		len = make_error(e, error, 0, 8, buf);
		break;
	case 2:
		a.checked = right = true;
		len = make_answer(e, &a, buf);
		break;
	case 3: len = make_error(e, next_byte(in), next_byte(in), next_byte(in), buf); break;
	case 4:
		len = what & 8 ? make_answer(e, &a, buf)
			       : make_error(e, error, what >> 4 & 1, what & 32 ? ROOM : 8, buf);
		change(in, buf, &len);
		break;
	case 5:
		a.is = what & 8	   ? SONDE_ARRIVAL_REFUSED
		       : what & 16 ? SONDE_ARRIVAL_SENT
				   : SONDE_ARRIVAL_QUEUED;
		a.error = (int)who;
		a.stamp = run.real - next_short(in) * 1000;
		break;
	case 6: /* of an error queue */
		a.is = SONDE_ARRIVAL_ERROR;
		a.type = what & 8 ? (uint8_t)next_byte(in) : error;
		a.code = what & 8 ? (uint8_t)next_byte(in) : 0;
		a.to = e->to;
		a.mtu = next_short(in);
		len = e->len;
		memcpy(buf, e->byte, len);
		if (run.plan.look[0].method == SONDE_METHOD_UDP) {
			a.begins = SONDE_BEGINS_BODY;
			memmove(buf, buf + 8, len -= 8);
		}
		change(in, buf, &len);
		break;
	default:
		a.begins = what & 8 ? SONDE_BEGINS_IP : (uint8_t)(what >> 4 & 3);
		len = make_error(e, error, 0, 8, buf);
		change(in, buf, &len);
	}
	hear(&a, buf, len);
	stop_unless(!out || !right || probe->state != SONDE_PROBE_OUT);
	if (what & 32 && right)
		hear(&a, buf, len);
	step();
}

/* ---- what is known of it ---- */

static void look_at_hop(uint32_t host, unsigned ttl, const struct sonde_trace_verdict *v)
{
	static struct sonde_trace_texts texts;
	struct sonde_hop_record r;
	uint64_t met = 0;

	sonde_trace_hop(&run.p, host, ttl, v, &r, &texts);
	stop_unless(r.status && r.target && r.ttl == ttl);
	stop_unless(r.sent == r.received + r.lost + r.pending && (run.stopped || !r.pending));
	stop_unless(r.sent + r.local_errors <= run.plan.queries * run.plan.rounds);
	stop_unless(r.late <= r.lost);
	stop_unless(r.received + r.late + r.duplicates + r.corrupted + r.spoofed + r.local_errors <=
		    run.arrivals);
	stop_unless(r.loss_ppm == SONDE_ABSENT || r.loss_ppm <= 1000000);
	stop_unless((r.rtt_ns != SONDE_ABSENT) == (r.received > 0));
	if (r.received)
		stop_unless(r.rtt_min_ns <= r.rtt_p50_ns && r.rtt_p50_ns <= r.rtt_p90_ns &&
			    r.rtt_p90_ns <= r.rtt_p99_ns && r.rtt_p99_ns <= r.rtt_max_ns &&
			    r.rtt_max_ns <= run.now - run.began && r.rtt_mean_ns >= r.rtt_min_ns &&
			    r.rtt_mean_ns <= r.rtt_max_ns && r.clock);
	stop_unless(r.addresses.n <= SONDE_TRACE_WHO && (r.addresses.n > 0) == (r.from != NULL));
	for (unsigned i = 0; i < r.addresses.n; i++)
		met += run.p.host[host].hop[ttl - 1].who[i].n;
	stop_unless(met == r.received + r.late ||
		    (run.p.host[host].hop[ttl - 1].more_who && met < r.received + r.late));
	stop_unless(!r.from || r.answer);
	stop_unless(!r.mark || strlen(r.mark) < SONDE_WORDS_MARK);
	stop_unless(!r.local_errors || r.last_error);
	stop_unless(!r.extensions || strlen(r.extensions) < SONDE_TRACE_TEXT);
}

static const char *bad_name(void *arg, const struct sonde_address *a)
{
	(void)arg;
	return a->ip[1] & 1 ? "x\x1b]0;y\x07\xc2\x9b\n" : NULL;
}

static void look_at_path(uint32_t host)
{
	static char buf[1 << 16];
	struct sonde_say_path_look look = { .name = bad_name };
	const struct sonde_trace_host *h = &run.p.host[host];
	unsigned hops = sonde_trace_hops(&run.p, host);
	struct sonde_trace_verdict v[SONDE_TRACE_MOST] = { 0 };
	struct sonde_trace_texts texts;
	struct sonde_path_record path;
	struct sonde_text t;

	stop_unless(hops <= run.plan.most);
	stop_unless(!h->end || (h->end >= run.plan.first && h->end <= run.plan.most));
	stop_unless(!h->reached || h->end);
	sonde_trace_judge(&run.p, host, v);
	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_say_path_head(&t, &run.p, host);
	for (unsigned ttl = run.plan.first; ttl <= run.plan.most; ttl++) {
		look_at_hop(host, ttl, ttl <= hops ? &v[ttl - 1] : NULL);
		sonde_say_path_hop(&t, &run.p, host, ttl, &look);
		sonde_say_path_rest(&t, &run.p, host, ttl);
	}
	sonde_say_path_notes(&t, &run.p, host, v);
	stop_unless(!t.error);
	stop_unless_harmless(buf, t.len, true);
	stop_unless(!memmem(buf, t.len, "(null)", 6));
	sonde_trace_path(&run.p, host, &path, &texts);
	stop_unless(path.target && path.reached == h->reached &&
		    (path.hops == SONDE_ABSENT) == !h->end);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct steps in = { at, len };
	sonde_ns limit;

	begin(&in);
	for (unsigned i = 0; in.len && !run.done && i < EVENTS; i++) {
		unsigned past = next_byte(&in);

		run.now += (past & 63) * SONDE_MILLISECOND;
		run.real += (past & 63) * SONDE_MILLISECOND;
		if (past >> 6 == 3)
			run.real += (past & 1 ? 3600 : -3600ull) * SONDE_SECOND;
		step();
		if (!run.done)
			arrive(&in);
	}
	if (len % 8 == 7)
		run.p.survey.ending = run.stopped = true;
	/* Rounds, and in the last one what answers and then all the rest. */
	limit = run.now + run.plan.rounds * (run.plan.interval + 3 * run.plan.timeout) +
		SONDE_SECOND;
	while (!run.done) {
		sonde_ns until = step();

		stop_unless(run.done || until > run.now);
		run.now = run.done ? run.now : until;
		stop_unless(run.now < limit);
	}
	for (uint32_t i = 0; i < run.p.survey.n; i++)
		look_at_path(i);
	sonde_trace_close(&run.p);
	return 0;
}
