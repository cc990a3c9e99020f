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
#include "run/measure_save.h"
#include "run/probepacket.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "sys/resolve.h"
#include "sys/sleep.h"

enum { V4, V6, VERSIONS, FILE_MOST = 64 << 20 };
#define FLUSH_FROM (10 * SONDE_MILLISECOND) /* the shortest pause that the file is worth */

#define CATCH_UP_EVERY (2 * SONDE_MILLISECOND)

struct sonde_measure {
	struct sonde_measure_plan plan;
	struct sonde_prober *prober[VERSIONS];
	struct sonde_arena words;
	struct sonde_ping_given *given;
	uint32_t n, room;
	struct sonde_ping ping;
	sonde_ns caught_up; /* when the sockets were read until nothing was left */
	struct sonde_report report;
	struct sonde_measure_save *save; /* NULL: nothing is kept */
	int junit, file;		 /* descriptors, or -1 */
	bool begun;
	bool news; /* something was heard since the last step, which is out of date then */
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
	int r;

	if (m->plan.file && (m->file = sonde_file_open(m->plan.file)) < 0)
		return fail(end, m->file, m->plan.file);
	if (m->plan.junit && (m->junit = sonde_file_make(m->plan.junit)) < 0)
		return fail(end, m->junit, m->plan.junit);
	if (m->plan.save && (r = sonde_measure_save_open(&m->save, m->plan.save)) < 0)
		return fail(end, r, m->plan.save);
	return 0;
}

int sonde_measure_open(struct sonde_measure **ret, const struct sonde_measure_plan *plan,
		       struct sonde_measure_end *end)
{
	struct sonde_measure *m = calloc(1, sizeof *m);
	uint16_t ident[VERSIONS], sum;
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
	if (!r)
		r = random_bytes(&sum, sizeof sum);
	if (!r)
		m->plan.ping.look[V4].sum = m->plan.ping.look[V6].sum = sum;
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
	sonde_measure_save_close(m->save);
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

	m->news = true;
	sonde_measure_save_hear(m->save, &m->ping, a);
}

static bool recv_all(struct sonde_measure *m)
{
	bool more = false;

	for (int v = V4; v < VERSIONS; v++)
		if (m->prober[v])
			more |= sonde_prober_recv(m->prober[v], hear, m);
	return more;
}

/* No probe is given up for lost while its answer may wait in a socket: not after we were stopped,
 * nor behind a slow reader of ours. Except that more comes than anybody could take. */
static void catch_up(struct sonde_measure *m, sonde_ns now)
{
	enum { READINGS = 1024 }; /* a socket holds less */

	if (now < m->caught_up + CATCH_UP_EVERY)
		return;
	m->caught_up = now;
	for (unsigned i = 0; i < READINGS && recv_all(m);)
		i++;
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
	if (until > now + FLUSH_FROM)
		sonde_measure_save_pause(m->save);
	if (until > now)
		sonde_sleep_for(fds, n, until - now);
}

/* What was asked for by signals, and what is to be drawn from time to time. Returns when to look
 * again. */
static sonde_ns look_up(struct sonde_measure *m, sonde_ns now)
{
	if (sonde_sleep_signal())
		sonde_measure_save_stop(m->save, &m->ping, now);
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

		catch_up(m, now);
		s = sonde_ping_step(&m->ping, now);
		sonde_measure_save_step(m->save, now, &s);
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
			m->news = false;
			flush_all(m);
			until = look_up(m, sonde_clock_now());
			if (!recv_all(m) && !m->news && !m->ping.ending) {
				sonde_report_pause(&m->report);
				wait_until(m, s.until < until ? s.until : until);
				recv_all(m);
			}
		}
		if (sonde_sleep_signal() || m->report.text.error)
			sonde_measure_save_stop(m->save, &m->ping, now);
	}
}

/* Where its probes come from as far as can be known; the ping is told only what it needs. */
static struct sonde_address source_of(const struct sonde_measure *m,
				      const struct sonde_ping_given *g)
{
	int v = version_of(&g->to);
	struct sonde_address to = sonde_probepacket_goes(&m->plan.ping.look[v], &g->to);
	struct sonde_address ret = g->from;

	if (!ret.family || !sonde_address_equal(&to, &g->to))
		sonde_prober_source(m->prober[v], &to, &ret);
	return ret;
}

/* What is measured begins at this moment; the file tells where each probe comes from. */
static void begin(struct sonde_measure *m, sonde_ns now, sonde_ns real, const char *mode)
{
	struct sonde_measure_save_begin b = { .given = m->given,
					      .mode = mode,
					      .now = now,
					      .real = real,
					      .hops = m->plan.sockets.ttl,
					      .tos = m->plan.sockets.tos };
	struct sonde_address *local;

	sonde_measure_settle(&m->plan, m->n);
	if (m->save) {
		m->plan.ping.quiet = false; /* the file tells all */
		b.local = local = sonde_arena_take(&m->words, m->n * sizeof *local);
		for (uint32_t i = 0; i < m->n; i++)
			local[i] = source_of(m, &m->given[i]);
	}
	sonde_ping_open(&m->ping, &m->plan.ping, m->given, m->n, now, real);
	m->begun = true;
	sonde_measure_save_begin(m->save, &m->ping, &b);
}

int sonde_measure_run(struct sonde_measure *m, struct sonde_measure_end *end)
{
	const struct sonde_prober *p = m->prober[V4] ? m->prober[V4] : m->prober[V6];
	int64_t wall = sonde_clock_offset();
	sonde_ns now = sonde_clock_now();
	uint64_t dropped = 0;
	int r;

	begin(m, now, now + (uint64_t)wall, sonde_prober_mode(p));
	r = sonde_report_open(&m->report, &m->plan, &m->ping, sonde_prober_mode(p),
			      (int64_t)now + wall, m->junit);
	if (r)
		return fail(end, r, "the report");
	sonde_sleep_init();
	sonde_sleep_count(SIGQUIT);
	r = loop(m);
	for (int v = V4; v < VERSIONS; v++)
		dropped += m->prober[v] ? sonde_prober_dropped(m->prober[v]) : 0;
	now = sonde_clock_now();
	sonde_measure_save_end(m->save, now, dropped);
	end->saved = sonde_measure_save_close(m->save);
	m->save = NULL;
	if (!r)
		r = sonde_report_end(&m->report, now, dropped, &end->met);
	sonde_sleep_done();
	return r ? fail(end, r, "the report") : 0;
}
