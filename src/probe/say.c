#include "probe/say.h"

#include <string.h>
#include <sys/socket.h>

#include "probe/say_value.h"

static const char *method_word(const struct sonde_method_look *look)
{
	return look->method == SONDE_METHOD_NEIGHBOUR ? " on the link"
	       : look->method == SONDE_METHOD_UDP     ? " over udp"
	       : sonde_method_is_tcp(look->method)    ? " over tcp"
						      : "";
}

void sonde_say_head(struct sonde_text *t, const struct sonde_ping *p)
{
	bool six = p->survey.to[0].family == AF_INET6;
	const struct sonde_method_look *look = &p->plan.look[six];
	struct sonde_target_record r;
	char address[64];

	sonde_ping_target(p, 0, &r, address);
	sonde_text_str(t, "PING ");
	sonde_say_name(t, r.name);
	if (p->survey.n > 1)
		sonde_text_print(t, " and %u more", p->survey.n - 1);
	else
		sonde_text_print(t, " (%s)", r.target);
	sonde_text_str(t, method_word(look));
	if (look->port)
		sonde_text_print(t, " port %u", look->port);
	if (look->method == SONDE_METHOD_NEIGHBOUR)
		sonde_text_str(t, six ? ", neighbour solicitation.\n" : ", ARP.\n");
	else if (sonde_method_is_tcp(look->method))
		sonde_text_str(t, look->method == SONDE_METHOD_ACK ? ", ACK.\n" : ", SYN.\n");
	else if (six)
		sonde_text_print(t, " %u data bytes\n", look->size);
	else
		sonde_text_print(t, " %u(%u) bytes of data.\n", look->size, look->size + 28);
}

static void say_stamp(struct sonde_text *t, const struct sonde_probe_record *r,
		      const struct sonde_say_look *look)
{
	sonde_ns at =
		(sonde_ns)look->wall + r->asked_ns + (r->rtt_ns == SONDE_ABSENT ? 0 : r->rtt_ns);

	sonde_text_print(t, "[%llu.%06llu] ", (unsigned long long)(at / SONDE_SECOND),
			 (unsigned long long)(at % SONDE_SECOND / 1000));
}

static void paint(struct sonde_text *t, const struct sonde_say_look *look, enum sonde_paint p)
{
	if (look->palette)
		sonde_text_str(t, look->palette[p]);
}

static void say_time(struct sonde_text *t, const struct sonde_probe_record *r)
{
	if (r->ttl != SONDE_ABSENT)
		sonde_text_print(t, " ttl=%llu", (unsigned long long)r->ttl);
	if (r->rtt_ns != SONDE_ABSENT) {
		sonde_text_str(t, " time=");
		sonde_say_ms(t, r->rtt_ns);
		sonde_text_str(t, " ms");
	}
}

/* Where a probe's time went, but for the wire. */
static void say_split(struct sonde_text *t, const struct sonde_probe_record *r)
{
	static const char *const words[] = { "kernel", "queue", "wake" };
	sonde_ns part[] = { SONDE_ABSENT, r->queue_ns, r->wake_ns };
	const char *between = " (";

	if (r->stack_ns != SONDE_ABSENT)
		part[0] = r->stack_ns - (r->queue_ns == SONDE_ABSENT ? 0 : r->queue_ns);
	for (unsigned i = 0; i < sizeof part / sizeof *part; i++) {
		if (part[i] == SONDE_ABSENT)
			continue;
		sonde_text_print(t, "%s%s ", between, words[i]);
		sonde_say_ms(t, part[i]);
		between = ", ";
	}
	if (*between == ',')
		sonde_text_str(t, ")");
}

/* Its address; before it its name, where it is who was asked by one. */
static void say_from(struct sonde_text *t, const struct sonde_probe_record *r,
		     const struct sonde_say_look *look)
{
	bool named = !look->numeric && !look->several && strcmp(r->name, r->target) &&
		     !strcmp(r->from, r->target);

	if (named)
		sonde_say_name(t, r->name);
	sonde_text_print(t, named ? " (%s)" : "%s", r->from);
}

/* "64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.041 ms" */
static void say_answer(struct sonde_text *t, const struct sonde_probe_record *r,
		       const struct sonde_say_look *look)
{
	bool echo = r->answer && !strcmp(r->answer, "echo-reply");

	if (echo || !r->answer || !strcmp(r->answer, "data"))
		sonde_text_print(t, "%llu bytes from ", (unsigned long long)r->bytes);
	else
		sonde_text_print(t, "%s from ", r->mac ? "reply" : r->answer);
	say_from(t, r, look);
	if (r->mac)
		sonde_text_print(t, " [%s]", r->mac);
	sonde_text_print(t, ": %s=%llu", echo ? "icmp_seq" : "seq", (unsigned long long)r->seq);
	say_time(t, r);
	if (look->split)
		say_split(t, r);
	if (r->rewritten == 1)
		sonde_text_str(t, strcmp(r->from, r->target) ? " (DIFFERENT ADDRESS!)"
							     : " (REWRITTEN!)");
}

/* As ping has it, below the line of the answer. */
static void say_route(struct sonde_text *t, const struct sonde_probe_record *r)
{
	for (size_t i = 0; r->route.at && i < r->route.n; i++)
		sonde_text_print(t, "\n%s\t%s", i ? "" : "RR: ", r->route.at[i]);
}

static void say_error(struct sonde_text *t, const struct sonde_probe_record *r)
{
	sonde_text_print(t, "From %s icmp_seq=%llu %s", r->from, (unsigned long long)r->seq,
			 r->answer);
	if (r->mtu != SONDE_ABSENT)
		sonde_text_print(t, " (mtu = %llu)", (unsigned long long)r->mtu);
}

/* The status in words behind an answer that is no plain reply. */
static const char *behind(const char *status)
{
	static const char *const words[][2] = {
		{ "duplicate", " (DUP!)" },
		{ "late", " (LATE!)" },
		{ "corrupted", " (CORRUPTED: not what was sent!)" },
		{ "spoofed", " (NOT OURS: without the secret of this run!)" },
	};

	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(words[i][0], status))
			return words[i][1];
	return "";
}

void sonde_say_probe(struct sonde_text *t, const struct sonde_probe_record *r,
		     const struct sonde_say_look *look, bool told_lost)
{
	bool lost = !strcmp(r->status, "lost");
	bool bad = strcmp(r->status, "reply");

	if (lost && !told_lost)
		return;
	if (look->stamp)
		say_stamp(t, r, look);
	if (bad)
		paint(t, look,
		      lost || !strcmp(r->status, "error") ? SONDE_PAINT_BAD : SONDE_PAINT_WARN);
	if (look->several) {
		sonde_say_name(t, r->name);
		sonde_text_str(t, ": ");
	}
	if (lost) {
		sonde_text_print(t, "no answer for icmp_seq=%llu in time",
				 (unsigned long long)r->seq);
	} else if (!strcmp(r->status, "local")) {
		sonde_text_print(t, "icmp_seq=%llu did not leave this machine: %s",
				 (unsigned long long)r->seq, r->answer);
	} else if (r->type != SONDE_ABSENT && strcmp(r->status, "reply")) {
		say_error(t, r);
		if (strcmp(r->status, "error"))
			sonde_text_str(t, behind(r->status));
	} else {
		say_answer(t, r, look);
		sonde_text_str(t, behind(r->status));
		say_route(t, r);
	}
	if (bad)
		paint(t, look, SONDE_PAINT_PLAIN);
	sonde_text_str(t, "\n");
}

/* ", 3 late", where there are any. */
static void say_some(struct sonde_text *t, uint64_t n, const char *before, const char *word)
{
	if (n)
		sonde_text_print(t, "%s%llu %s", before, (unsigned long long)n, word);
}

static void say_counts(struct sonde_text *t, const struct sonde_target_record *r, sonde_ns took)
{
	sonde_text_print(t, "%llu packets transmitted, %llu received", (unsigned long long)r->sent,
			 (unsigned long long)r->received);
	say_some(t, r->duplicates, ", +", "duplicates");
	say_some(t, r->corrupted, ", +", "corrupted");
	say_some(t, r->errors, ", +", "errors");
	if (r->loss_ppm != SONDE_ABSENT) {
		sonde_text_str(t, ", ");
		sonde_say_percent(t, r->loss_ppm);
		sonde_text_str(t, " packet loss");
	}
	sonde_text_print(t, ", time %llums\n", (unsigned long long)(took / SONDE_MILLISECOND));
}

static void say_times(struct sonde_text *t, const char *head, const sonde_ns *v, unsigned n)
{
	sonde_text_str(t, head);
	for (unsigned i = 0; i < n; i++) {
		if (i)
			sonde_text_str(t, "/");
		sonde_say_ms(t, v[i]);
	}
	sonde_text_str(t, " ms");
}

/* What is rare, one line each, only where it happened. */
static void say_rare(struct sonde_text *t, const struct sonde_target_record *r)
{
	if (r->lost)
		sonde_text_print(t, "loss: %llu in %llu bursts, %llu of one, longest %llu\n",
				 (unsigned long long)r->lost, (unsigned long long)r->loss_bursts,
				 (unsigned long long)r->loss_single,
				 (unsigned long long)r->loss_longest);
	say_some(t, r->late, "late: ", "of the lost were answered after their time\n");
	say_some(t, r->reordered, "reordered: ", "answers came behind one of a later probe\n");
	say_some(t, r->pending, "pending: ", "still out at the end, neither received nor lost\n");
	say_some(t, r->local_errors,
		 "local: ", "did not leave this machine, and are not counted above\n");
	say_some(t, r->spoofed, "not ours: ", "answers without the secret of this run, ignored\n");
	say_some(t, r->rewritten, "rewritten: ", "answers with another address or identifier\n");
}

void sonde_say_target(struct sonde_text *t, const struct sonde_target_record *r, sonde_ns took)
{
	sonde_ns rtt[] = { r->rtt_min_ns, r->rtt_mean_ns, r->rtt_max_ns, r->rtt_deviation_ns };
	sonde_ns part[] = { r->rtt_p50_ns, r->rtt_p90_ns, r->rtt_p95_ns, r->rtt_p99_ns,
			    r->rtt_p999_ns };

	sonde_text_str(t, "\n--- ");
	sonde_say_name(t, r->name);
	sonde_text_str(t, " ping statistics ---\n");
	say_counts(t, r, took);
	say_rare(t, r);
	if (!r->received)
		return;
	say_times(t, "rtt min/avg/max/mdev = ", rtt, 4);
	say_times(t, "\nrtt p50/p90/p95/p99/p99.9 = ", part, 5);
	if (r->jitter_ns != SONDE_ABSENT) {
		sonde_ns jitter[] = { r->jitter_ns, r->jitter_rfc3550_ns };

		say_times(t, "\njitter consecutive/rfc3550 = ", jitter, 2);
	}
	sonde_text_print(t, "\nclock: %s\n", r->clock);
}

void sonde_say_glance(struct sonde_text *t, const struct sonde_target_record *r)
{
	sonde_ns rtt[] = { r->rtt_min_ns, r->rtt_mean_ns, r->rtt_max_ns };

	sonde_say_name(t, r->name);
	sonde_text_print(t, ": %llu/%llu packets", (unsigned long long)r->received,
			 (unsigned long long)r->sent);
	if (r->loss_ppm != SONDE_ABSENT) {
		sonde_text_str(t, ", ");
		sonde_say_percent(t, r->loss_ppm);
		sonde_text_str(t, " loss");
	}
	if (r->received)
		say_times(t, ", min/avg/max = ", rtt, 3);
	sonde_text_str(t, "\n");
}

/* ---- the table ---- */

void sonde_say_table(struct sonde_grid *g, struct sonde_arena *a)
{
	/* clang-format off */
	static const struct sonde_grid_column columns[] = {
		{ .title = "TARGET", .align = SONDE_ALIGN_LEFT, .least = 10, .good = 10, .weight = 1 },
		{ .title = "SENT", .align = SONDE_ALIGN_RIGHT, .least = 4, .rank = 4 },
		{ .title = "RCVD", .align = SONDE_ALIGN_RIGHT, .least = 4 },
		{ .title = "LOSS", .align = SONDE_ALIGN_RIGHT, .least = 4 },
		{ .title = "MIN ms", .brief = "MIN", .align = SONDE_ALIGN_RIGHT, .least = 5, .rank = 3 },
		{ .title = "AVG ms", .brief = "AVG", .align = SONDE_ALIGN_RIGHT, .least = 5 },
		{ .title = "P50 ms", .brief = "P50", .align = SONDE_ALIGN_RIGHT, .least = 5, .rank = 2 },
		{ .title = "P99 ms", .brief = "P99", .align = SONDE_ALIGN_RIGHT, .least = 5, .rank = 1 },
		{ .title = "MAX ms", .brief = "MAX", .align = SONDE_ALIGN_RIGHT, .least = 5, .rank = 2 },
		{ .title = "JITTER ms", .brief = "JITTER", .align = SONDE_ALIGN_RIGHT, .least = 6, .rank = 4 },
		{ .title = "LAST ERROR", .align = SONDE_ALIGN_LEFT, .least = 10, .good = 28, .weight = 1, .rank = 5 },
	};
	/* clang-format on */

	sonde_grid_init(g, a, columns, sizeof columns / sizeof *columns);
	g->head_first = true;
}

void sonde_say_row(struct sonde_grid *g, const struct sonde_target_record *r)
{
	struct sonde_cell *c = sonde_grid_row(g);
	uint64_t ms[] = { r->rtt_min_ns, r->rtt_mean_ns, r->rtt_p50_ns,
			  r->rtt_p99_ns, r->rtt_max_ns,	 r->jitter_ns };
	char buf[400];
	struct sonde_text t;

	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_text_escape(&t, r->name, strnlen(r->name, 64));
	if (strcmp(r->name, r->target))
		sonde_text_print(&t, " (%s)", r->target);
	c[0] = (struct sonde_cell){ .text = sonde_arena_string(g->arena, t.at, t.len),
				    .brief = sonde_arena_string(g->arena, r->target,
								strlen(r->target)),
				    .paint = r->received ? SONDE_PAINT_PLAIN : SONDE_PAINT_BAD };
	sonde_say_cell(g, &c[1], r->sent, SONDE_PAINT_PLAIN, sonde_say_dec);
	sonde_say_cell(g, &c[2], r->received, SONDE_PAINT_PLAIN, sonde_say_dec);
	sonde_say_cell(g, &c[3], r->loss_ppm, r->lost ? SONDE_PAINT_BAD : SONDE_PAINT_PLAIN,
		       sonde_say_percent);
	for (unsigned i = 0; i < sizeof ms / sizeof *ms; i++)
		sonde_say_cell(g, &c[4 + i], ms[i], SONDE_PAINT_PLAIN, sonde_say_ms);
	c[10] = (struct sonde_cell){ .text = r->last_error, .paint = SONDE_PAINT_WARN };
}

/* ---- the histogram ---- */

void sonde_say_histogram(struct sonde_text *t, const struct sonde_stats *s, unsigned rows,
			 unsigned width)
{
	sonde_ns step = rows ? (s->max - s->min) / rows + 1 : 0;
	uint64_t most = 1, n;
	unsigned bar = width > 40 ? width - 32 : 8;

	if (!s->n || !rows)
		return;
	step = step < SONDE_MICROSECOND ? SONDE_MICROSECOND : step; /* as the figures show it */
	for (unsigned i = 0; i < rows; i++) {
		n = sonde_stats_between(s, s->min + i * step, s->min + (i + 1) * step);
		most = n > most ? n : most;
	}
	for (unsigned i = 0; i < rows; i++) {
		sonde_ns from = s->min + i * step;
		unsigned full;

		if (from > s->max)
			break;
		n = sonde_stats_between(s, from, from + step);
		full = (unsigned)((n * bar + most - 1) / most);
		sonde_text_print(t, "%10llu.%03llu ms %8llu ", (unsigned long long)(from / 1000000),
				 (unsigned long long)(from / 1000 % 1000), (unsigned long long)n);
		for (unsigned k = 0; k < full; k++)
			sonde_text_str(t, "#");
		sonde_text_str(t, "\n");
	}
}
