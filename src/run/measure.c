#include "run/measure.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe/block.h"
#include "run/measure_report.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "sys/resolve.h"
#include "sys/sleep.h"

enum { V4, V6, VERSIONS, FILE_MOST = 64 << 20 };
#define GLANCE_EVERY (SONDE_SECOND / 2)

struct sonde_measure {
	struct sonde_measure_plan plan;
	struct sonde_prober *prober[VERSIONS];
	struct sonde_arena words;
	struct sonde_ping_given *given;
	uint32_t n, room;
	struct sonde_ping ping;
	struct sonde_report report;
	int junit, file;   /* descriptors, or -1 */
	bool begun, heard; /* heard: something, since that was last set to false */
};

/* ---- opening ---- */

static int fail(struct sonde_measure_end *end, int code, const char *doing)
{
	snprintf(end->doing, sizeof end->doing, "%s", doing);
	return code;
}

static int open_one(struct sonde_measure *m, int version, uint16_t ident)
{
	struct sonde_prober_plan p = m->plan.sockets;
	struct sonde_method_look *look = &m->plan.ping.look[version];
	int r;

	p.family = version == V6 ? AF_INET6 : AF_INET;
	p.ident = ident;
	p.most = look->size;
	p.stamps = true;
	r = sonde_prober_open(&m->prober[version], &p);
	if (!r)
		look->ident = sonde_prober_ident(m->prober[version]);
	if (!r)
		memcpy(look->mac, sonde_prober_mac(m->prober[version]), sizeof look->mac);
	return r;
}

static bool wants(const struct sonde_measure_plan *plan, int version)
{
	uint16_t family = version == V6 ? AF_INET6 : AF_INET;

	return (!plan->family || plan->family == family) &&
	       (!plan->sockets.source.family || plan->sockets.source.family == family);
}

static int random_bytes(void *at, size_t len)
{
	return getrandom(at, len, 0) == (ssize_t)len ? 0 : -EIO;
}

/* A folder of somebody else is closed to us once we have no privileges, root though we are. */
static int open_files(struct sonde_measure *m, struct sonde_measure_end *end)
{
	if (m->plan.file && (m->file = sonde_file_open(m->plan.file)) < 0)
		return fail(end, m->file, m->plan.file);
	if (m->plan.junit && (m->junit = sonde_file_make(m->plan.junit)) < 0)
		return fail(end, m->junit, m->plan.junit);
	return 0;
}

int sonde_measure_open(struct sonde_measure **ret, const struct sonde_measure_plan *plan,
		       struct sonde_measure_end *end)
{
	struct sonde_measure *m = calloc(1, sizeof *m);
	uint16_t ident[VERSIONS];
	int r, first = -EAFNOSUPPORT;
	bool any = false;

	*end = (struct sonde_measure_end){ 0 };
	if (!m)
		return -ENOMEM;
	m->plan = *plan;
	m->junit = m->file = -1;
	if ((r = open_files(m, end))) {
		sonde_measure_close(m);
		return r;
	}
	r = random_bytes(&m->plan.ping.secret, sizeof m->plan.ping.secret);
	if (!r)
		r = random_bytes(ident, sizeof ident);
	for (int v = V4; !r && v < VERSIONS; v++)
		if (wants(plan, v)) {
			int failed = open_one(m, v, ident[v]);

			first = any || first != -EAFNOSUPPORT ? first : failed;
			any = any || !failed;
		}
	sonde_privilege_drop(-1);
	if (!r && !any)
		r = first;
	if (r) {
		sonde_measure_close(m);
		return fail(end, r, "opening a socket");
	}
	*ret = m;
	return 0;
}

struct sonde_measure *sonde_measure_close(struct sonde_measure *m)
{
	if (!m)
		return NULL;
	for (int v = V4; v < VERSIONS; v++)
		sonde_prober_close(m->prober[v]);
	if (m->begun)
		sonde_ping_close(&m->ping);
	sonde_report_done(&m->report);
	if (m->junit >= 0)
		close(m->junit);
	if (m->file >= 0)
		close(m->file);
	sonde_arena_done(&m->words);
	free(m->given);
	free(m);
	return NULL;
}

/* ---- targets ---- */

static int version_of(const struct sonde_address *a)
{
	return a->family == AF_INET6 ? V6 : V4;
}

static int add(struct sonde_measure *m, const char *name, const struct sonde_address *to,
	       struct sonde_measure_end *end)
{
	struct sonde_ping_given g = { .name = name, .to = *to };
	int v = version_of(to);

	if (!m->prober[v]) {
		snprintf(end->why, sizeof end->why, "it is an %s address, and %s",
			 v == V6 ? "IPv6" : "IPv4",
			 m->plan.family ? "the other version of IP was asked for"
					: "there is no socket for that here");
		return fail(end, -EINVAL, name);
	}
	if (m->n == SONDE_BLOCK_MOST) {
		snprintf(end->why, sizeof end->why, "more than %d targets", SONDE_BLOCK_MOST);
		return fail(end, -EINVAL, name);
	}
	if (m->n == m->room) {
		m->room = m->room ? 2 * m->room : 16;
		m->given = realloc(m->given, m->room * sizeof *m->given);
		if (!m->given)
			abort();
	}
	g.to.port = m->plan.ping.look[v].port;
	/* Their checksum covers where they come from. No route: sending will say so. */
	if (v == V6 || m->plan.ping.look[v].method != SONDE_METHOD_ICMP) {
		g.from.family = to->family;
		sonde_prober_source(m->prober[v], to, &g.from);
	}
	m->given[m->n++] = g;
	return 0;
}

static int add_block(struct sonde_measure *m, const struct sonde_block *b,
		     struct sonde_measure_end *end)
{
	struct sonde_address a;
	char text[64];
	int r = 0;

	for (uint64_t i = 0; i < b->n && !r; i++) {
		a = sonde_block_at(b, i);
		*(a.family == AF_INET ? sonde_put_ip4(text, a.ip) : sonde_put_ip6(text, a.ip)) = 0;
		r = add(m, sonde_arena_string(&m->words, text, strlen(text)), &a, end);
	}
	return r;
}

int sonde_measure_add(struct sonde_measure *m, const char *word, struct sonde_measure_end *end)
{
	struct sonde_address a;
	struct sonde_block b;
	const char *why;
	int r = sonde_block_parse(word, &b);

	if (r == 1)
		return add_block(m, &b, end);
	if (r) {
		if (r == -E2BIG)
			snprintf(end->why, sizeof end->why, "that is more than %d addresses",
				 SONDE_BLOCK_MOST);
		else
			snprintf(end->why, sizeof end->why,
				 "neither a prefix such as 192.0.2.0/24 nor a range such as "
				 "192.0.2.5-192.0.2.9");
		return fail(end, -EINVAL, word);
	}
	why = sonde_resolve(word, m->plan.family, &a);
	if (why) {
		snprintf(end->why, sizeof end->why, "%s", why);
		return fail(end, -EINVAL, word);
	}
	/* Where both would do, the version there is a socket for. */
	if (!m->prober[version_of(&a)] && !m->plan.family) {
		struct sonde_address other;

		if (!sonde_resolve(word, a.family == AF_INET ? AF_INET6 : AF_INET, &other))
			a = other;
	}
	if (m->prober[version_of(&a)] &&
	    sonde_prober_lacks_broadcast(m->prober[version_of(&a)], &a)) {
		snprintf(end->why, sizeof end->why,
			 "it is the address of a whole network; -b pings it");
		return fail(end, -EINVAL, word);
	}
	return add(m, word, &a, end);
}

static int add_words(struct sonde_measure *m, char *at, struct sonde_measure_end *end)
{
	int r = 0;

	while (*at && !r) {
		char *word = at += strspn(at, " \t\r\n");

		if (*at == '#') {
			at += strcspn(at, "\n");
			continue;
		}
		at += strcspn(at, " \t\r\n");
		if (*at)
			*at++ = 0;
		if (*word)
			r = sonde_measure_add(m, word, end);
	}
	return r;
}

int sonde_measure_add_file(struct sonde_measure *m, struct sonde_measure_end *end)
{
	const char *name = m->plan.file;
	size_t len = 0, cap = 1 << 16;
	char *text = sonde_arena_take(&m->words, cap);
	ssize_t n;

	while ((n = sonde_file_pull(&m->file, text + len, cap - 1 - len)) > 0) {
		len += (size_t)n;
		if (len == cap - 1) {
			text = sonde_arena_grow(&m->words, text, cap, cap, 1);
			cap *= 2;
		}
		if (cap > FILE_MOST) {
			n = -EFBIG;
			break;
		}
	}
	if (n < 0)
		return fail(end, (int)n, name);
	if (memchr(text, 0, len)) {
		snprintf(end->why, sizeof end->why, "it is no text");
		return fail(end, -EINVAL, name);
	}
	text[len] = 0;
	return add_words(m, text, end);
}

/* ---- the loop ---- */

static void hear(void *arg, const struct sonde_arrival *a)
{
	struct sonde_measure *m = arg;

	m->heard = true;
	sonde_ping_hear(&m->ping, a);
}

static bool recv_all(struct sonde_measure *m)
{
	bool more = false;

	for (int v = V4; v < VERSIONS; v++)
		if (m->prober[v])
			more |= sonde_prober_recv(m->prober[v], hear, m);
	return more;
}

static void flush_all(struct sonde_measure *m)
{
	for (int v = V4; v < VERSIONS; v++)
		if (m->prober[v])
			sonde_prober_flush(m->prober[v], hear, m);
}

/* Until this time, or something came. */
static void wait_until(struct sonde_measure *m, sonde_ns until)
{
	struct pollfd fds[VERSIONS * SONDE_PROBER_FDS];
	sonde_ns now = sonde_clock_now();
	unsigned n = 0;

	for (int v = V4; v < VERSIONS; v++)
		if (m->prober[v])
			n += sonde_prober_fds(m->prober[v], fds + n);
	if (until > now)
		sonde_sleep_for(fds, n, until - now);
}

/* What was asked for by signals, and what is to be drawn from time to time. Returns when to look
 * again. */
static sonde_ns look_up(struct sonde_measure *m, sonde_ns now)
{
	if (sonde_sleep_signal())
		sonde_ping_end(&m->ping);
	if (sonde_sleep_counted())
		sonde_report_glance(&m->report, now);
	return sonde_report_redraw(&m->report, now);
}

static int loop(struct sonde_measure *m)
{
	struct sonde_step s;
	unsigned sent = 0;

	for (;;) {
		sonde_ns now = sonde_clock_now(), until;

		s = sonde_ping_step(&m->ping, now);
		if (s.is == SONDE_STEP_SEND) {
			sonde_report_sent(&m->report);
			sonde_prober_put(m->prober[version_of(s.to)], &s, hear, m);
			if (++sent % SONDE_PROBER_BATCH)
				continue;
			recv_all(m); /* so that answers to a long burst find room */
		} else if (s.is == SONDE_STEP_TELL) {
			sonde_report_probe(&m->report, s.record);
		} else if (s.is == SONDE_STEP_DONE) {
			return m->report.text.error;
		} else {
			m->heard = false;
			flush_all(m);
			if (recv_all(m) || m->heard)
				continue; /* what it wants now may be something else */
			until = look_up(m, sonde_clock_now());
			if (m->ping.ending)
				continue;
			sonde_report_pause(&m->report);
			wait_until(m, s.until < until ? s.until : until);
			recv_all(m);
		}
		if (sonde_sleep_signal() || m->report.text.error)
			sonde_ping_end(&m->ping);
	}
}

int sonde_measure_run(struct sonde_measure *m, struct sonde_measure_end *end)
{
	const struct sonde_prober *p = m->prober[V4] ? m->prober[V4] : m->prober[V6];
	int64_t wall = sonde_clock_offset();
	sonde_ns now = sonde_clock_now();
	uint64_t dropped = 0;
	int r;

	sonde_ping_open(&m->ping, &m->plan.ping, m->given, m->n, now, now + (uint64_t)wall);
	m->begun = true;
	if (m->plan.form == SONDE_MEASURE_USUAL)
		m->plan.form = m->n > 1 ? SONDE_MEASURE_TABLE : SONDE_MEASURE_LINES;
	r = sonde_report_open(&m->report, &m->plan, &m->ping, sonde_prober_mode(p),
			      (int64_t)now + wall, m->junit);
	if (r)
		return fail(end, r, "the report");
	sonde_sleep_init();
	sonde_sleep_count(SIGQUIT);
	r = loop(m);
	for (int v = V4; v < VERSIONS; v++)
		dropped += m->prober[v] ? sonde_prober_dropped(m->prober[v]) : 0;
	if (!r)
		r = sonde_report_end(&m->report, sonde_clock_now(), dropped, &end->met);
	sonde_sleep_done();
	return r ? fail(end, r, "the report") : 0;
}
