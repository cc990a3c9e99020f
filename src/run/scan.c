#include "run/scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "out/csv.h"
#include "probe/harmless.h"
#include "run/drive.h"
#include "run/scan_report.h"
#include "run/stamp.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "sys/sleep.h"

enum { BUFFER = 1 << 17 };
#define LONG (100 * SONDE_MILLISECOND)

struct scan {
	const struct sonde_scan_plan *plan;
	struct sonde_portscan_plan ports_plan;
	struct sonde_sockets sockets;
	struct sonde_targets targets;
	struct sonde_portscan ports;
	struct sonde_names names;
	struct sonde_text out;
	char *buf;
	int fd;
};

/* ---- what the loop asks for: nothing is said before the end ---- */

static void sent(void *arg)
{
	(void)arg;
}

static void told(void *arg, const void *record)
{
	(void)arg, (void)record;
}

static sonde_ns look(void *arg, sonde_ns now)
{
	(void)arg;
	return now + LONG;
}

static int failed(void *arg)
{
	struct scan *s = arg;

	return s->out.error;
}

/* ---- the run ---- */

static int add_targets(struct scan *s, struct sonde_measure_end *end)
{
	int r = 0;

	for (char *const *word = s->plan->target; *word && !r; word++)
		r = sonde_targets_add(&s->targets, *word, end);
	for (uint32_t i = 0; i < s->targets.n && !r && !s->plan->meant; i++) {
		if (sonde_address_is_local(&s->targets.given[i].to))
			continue;
		snprintf(end->why, sizeof end->why,
			 "it is neither local nor private: to ask its ports takes --i-mean-it");
		r = sonde_measure_fail(end, -EINVAL, s->targets.given[i].name);
	}
	return r;
}

static void report(struct scan *s, const char *started, uint64_t dropped, sonde_ns took)
{
	struct sonde_scan_report r = { s->plan, &s->ports, s->plan->numeric ? NULL : &s->names,
				       &s->out };
	struct sonde_scanned_record e;

	if (s->plan->form == SONDE_SCAN_CSV)
		sonde_csv_head(&s->out, &sonde_port_schema);
	for (uint32_t i = 0; i < s->targets.n; i++)
		sonde_scan_report_target(&r, i);
	sonde_record_clear(&sonde_scanned_schema, &e);
	e.started = started;
	e.mode = sonde_sockets_mode(&s->sockets);
	e.targets = s->targets.n;
	e.sent = s->ports.sent;
	e.repeated = s->ports.repeated;
	e.losses = s->ports.losses;
	e.refused = s->ports.refused;
	e.dropped = dropped;
	e.took_ns = took;
	sonde_scan_report_end(&r, &e);
}

static int scan(struct scan *s, struct sonde_measure_end *end)
{
	sonde_ns now = sonde_clock_now();
	struct sonde_drive l = { .sockets = &s->sockets,
				 .arg = s,
				 .sent = sent,
				 .told = told,
				 .pause = sent,
				 .look = look,
				 .failed = failed };
	char started[SONDE_STAMP_MAX];
	struct sonde_stamp stamp = { 0 };
	int r;

	*sonde_stamp_put_rfc3339(&stamp, started, sonde_clock_real()) = 0;
	sonde_portscan_open(&s->ports, &s->ports_plan, s->targets.given, s->targets.n, now,
			    now + (uint64_t)sonde_clock_offset());
	l.engine = sonde_portscan_engine(&s->ports);
	sonde_sleep_init();
	r = sonde_drive_run(&l);
	report(s, started, sonde_sockets_dropped(&s->sockets), sonde_clock_now() - now);
	sonde_sleep_done();
	end->met = s->ports.open;
	sonde_portscan_close(&s->ports);
	if (!r)
		r = sonde_text_flush(&s->out);
	return r ? sonde_measure_fail(end, r, "the report") : 0;
}

static int open_all(struct scan *s, struct sonde_measure_end *end)
{
	int r = sonde_sockets_open(&s->sockets, &s->plan->sockets, s->plan->family,
				   s->ports_plan.look, &s->ports_plan.secret);

	sonde_privilege_drop(-1);
	if (r)
		return sonde_measure_fail(end, r, "opening a socket");
	sonde_prober_await_stamps();
	if (!s->plan->numeric)
		sonde_names_init(&s->names);
	s->targets = (struct sonde_targets){ .sockets = &s->sockets,
					     .look = s->ports_plan.look,
					     .family = s->plan->family };
	return add_targets(s, end);
}

int sonde_scan_run(const struct sonde_scan_plan *plan, struct sonde_measure_end *end)
{
	struct scan *s = calloc(1, sizeof *s);
	int r;

	*end = (struct sonde_measure_end){ 0 };
	if (!s || !(s->buf = malloc(BUFFER)))
		abort();
	s->plan = plan;
	s->ports_plan = plan->ports;
	s->fd = plan->out;
	sonde_text_init(&s->out, s->buf, BUFFER, sonde_file_sink, &s->fd);
	r = open_all(s, end);
	if (!r)
		r = scan(s, end);
	sonde_sockets_close(&s->sockets);
	sonde_targets_done(&s->targets);
	sonde_names_done(&s->names);
	free(s->buf);
	free(s);
	return r;
}

/* ---- which ports ---- */

static const char *read_port(const char *at, unsigned long *ret)
{
	char *end;

	if (*at < '0' || *at > '9')
		return NULL;
	*ret = strtoul(at, &end, 10);
	return *ret && *ret <= UINT16_MAX ? end : NULL;
}

int sonde_scan_ports(const char *text, uint16_t ret[static 65535], size_t *ret_at)
{
	static const size_t bits = 8 * sizeof(unsigned long);
	unsigned long seen[65536 / (8 * sizeof(unsigned long))] = { 0 }, from, to;
	const char *at = text;
	int n = 0;

	for (;; at++) {
		const char *end = read_port(at, &from);

		to = from;
		*ret_at = (size_t)(at - text);
		if (end && *end == '-') {
			*ret_at = (size_t)(end + 1 - text);
			end = read_port(end + 1, &to);
		}
		if (!end || to < from)
			return -EINVAL;
		for (unsigned long p = from; p <= to; p++) {
			if (!(seen[p / bits] >> p % bits & 1))
				ret[n++] = (uint16_t)p;
			seen[p / bits] |= 1UL << p % bits;
		}
		*ret_at = (size_t)(end - text);
		if (!*end)
			return n;
		if (*end != ',')
			return -EINVAL;
		at = end;
	}
}
