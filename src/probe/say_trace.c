#include "probe/say_trace.h"

#include <string.h>
#include <sys/socket.h>

#include "probe/rewrite.h"
#include "probe/say_value.h"
#include "probe/words.h"

/* Bytes of a whole probe, as traceroute(8) counts them. */
static unsigned packet_size(const struct sonde_method_look *look, bool six)
{
	unsigned head = sonde_method_is_tcp(look->method) ? 20 : 8;

	return (six ? 40 : 20) + head + sonde_method_size(look);
}

void sonde_say_path_head(struct sonde_text *t, const struct sonde_trace *p, uint32_t host)
{
	const struct sonde_survey *s = &p->survey;
	bool six = s->to[host].family == AF_INET6;
	char text[64];

	sonde_text_str(t, "traceroute to ");
	sonde_say_name(t, s->name[host]);
	sonde_text_print(t, " (%s), %u hops max, %u byte packets\n",
			 sonde_survey_put_host(text, &s->to[host]), p->plan.most,
			 packet_size(&s->look[six], six));
}

void sonde_say_path_who(struct sonde_text *t, const struct sonde_address *a,
			const struct sonde_say_path_look *look)
{
	const char *name = look->name ? look->name(look->arg, a) : NULL, *as;
	char text[64];

	if (name)
		sonde_say_name(t, name);
	sonde_text_print(t, name ? " (%s)" : "%s", sonde_survey_put_host(text, a));
	as = look->as ? look->as(look->arg, a) : NULL;
	if (as)
		sonde_text_print(t, " [%s]", as);
}

static void say_query(struct sonde_text *t, const struct sonde_trace_hop *hop, unsigned query,
		      uint16_t family)
{
	const struct sonde_trace_answer *a = &hop->last[query];
	char mark[SONDE_WORDS_MARK];

	if (a->status != SONDE_TRACE_ANSWERED && a->status != SONDE_TRACE_LATE) {
		sonde_text_str(t, a->status == SONDE_TRACE_REFUSED ? " !" : " *");
		return;
	}
	sonde_text_str(t, "  ");
	sonde_say_ms(t, a->rtt);
	sonde_text_str(t, " ms");
	if (a->is == SONDE_ANSWER_ERROR) {
		sonde_words_mark(family, a->type, a->code, hop->mtu, mark);
		sonde_text_print(t, *mark ? " %s" : "%s", mark);
	}
	if (a->status == SONDE_TRACE_LATE)
		sonde_text_str(t, " (late)");
}

void sonde_say_path_hop(struct sonde_text *t, const struct sonde_trace *p, uint32_t host,
			unsigned ttl, const struct sonde_say_path_look *look)
{
	const struct sonde_trace_hop *hop = &p->host[host].hop[ttl - 1];
	unsigned who = SONDE_TRACE_WHO + 1;

	sonde_text_print(t, "%2u ", ttl);
	for (unsigned q = 0; q < hop->queried; q++) {
		const struct sonde_trace_answer *a = &hop->last[q];

		if ((a->status == SONDE_TRACE_ANSWERED || a->status == SONDE_TRACE_LATE) &&
		    a->who != who && a->who < hop->n_who) {
			who = a->who;
			sonde_text_str(t, " ");
			sonde_say_path_who(t, &hop->who[who].address, look);
		}
		say_query(t, hop, q, p->survey.to[host].family);
	}
	sonde_text_str(t, "\n");
}

void sonde_say_path_rest(struct sonde_text *t, const struct sonde_trace *p, uint32_t host,
			 unsigned ttl)
{
	const struct sonde_trace_hop *hop = &p->host[host].hop[ttl - 1];

	if (!hop->sent && hop->refused)
		sonde_text_print(t, "%2u  nothing left this machine: %s\n", ttl, hop->error);
	else if (ttl < p->plan.most)
		sonde_text_print(t, "%2u  * nothing answers from here on, up to hop %u\n", ttl,
				 p->plan.most);
	else
		sonde_text_print(t, "%2u  *\n", ttl);
}

/* ---- notes ---- */

static void say_hop(struct sonde_text *t, unsigned ttl)
{
	sonde_text_print(t, "  hop %u: ", ttl);
}

/* What is missing, and is no loss on the way, or is. */
static void note_loss(struct sonde_text *t, unsigned ttl, const struct sonde_trace_verdict *v)
{
	const struct sonde_blame_hop *b = &v->blame;

	if (b->verdict == SONDE_BLAME_LIMITED) {
		say_hop(t, ttl);
		sonde_text_print(t, "answers %.3g times a second at most", v->limit.rate);
		if (v->limit.burst)
			sonde_text_print(t, ", %u at once", v->limit.burst);
		sonde_text_str(t, "; that is no loss\n");
	} else if (b->verdict == SONDE_BLAME_ANSWERS && b->sure) {
		say_hop(t, ttl);
		sonde_text_print(t,
				 "%u of %u answers of its own are missing; later hops lose less\n",
				 b->lost, b->sent);
	} else if (b->verdict >= SONDE_BLAME_WAY && b->begins) {
		say_hop(t, ttl);
		sonde_text_print(t, "loss begins before it, %u of %u; later hops share it\n",
				 b->lost, b->sent);
	}
}

static bool had_before(const struct sonde_trace_host *h, unsigned ttl, const char *text)
{
	for (unsigned i = 0; i + 1 < ttl; i++)
		for (unsigned k = 0; k < h->hop[i].n_change; k++)
			if (!strcmp(h->hop[i].change[k].text, text))
				return true;
	return false;
}

/* Changes where they are seen first. */
static void note_changes(struct sonde_text *t, const struct sonde_trace_host *h, unsigned ttl)
{
	const struct sonde_trace_hop *hop = &h->hop[ttl - 1];

	for (unsigned k = 0; k < hop->n_change; k++) {
		if (had_before(h, ttl, hop->change[k].text))
			continue;
		say_hop(t, ttl);
		sonde_text_print(t, "the probe has been changed before it: %s\n",
				 hop->change[k].text);
	}
}

static void note_self(struct sonde_text *t, const struct sonde_trace_hop *hop, unsigned ttl,
		      uint16_t family)
{
	uint8_t exceeded = family == AF_INET6 ? 3 : 11;
	const char *odd;

	if (hop->extension) {
		say_hop(t, ttl);
		sonde_text_str(t, hop->extension);
		sonde_text_str(t, "\n");
	}
	odd = hop->is == SONDE_ANSWER_ERROR && hop->type == exceeded
		      ? sonde_rewrite_ttl_text(hop->quoted_ttl)
		      : NULL;
	if (odd) {
		say_hop(t, ttl);
		sonde_text_print(t, "%s\n", odd);
	}
}

void sonde_say_path_notes(struct sonde_text *t, const struct sonde_trace *p, uint32_t host,
			  const struct sonde_trace_verdict *v)
{
	const struct sonde_trace_host *h = &p->host[host];

	for (unsigned ttl = p->plan.first; ttl <= sonde_trace_hops(p, host); ttl++) {
		note_loss(t, ttl, &v[ttl - 1]);
		note_changes(t, h, ttl);
		note_self(t, &h->hop[ttl - 1], ttl, p->survey.to[host].family);
	}
}

/* ---- the table ---- */

void sonde_say_path_table(struct sonde_grid *g, struct sonde_arena *a)
{
	/* clang-format off */
	static const struct sonde_grid_column columns[] = {
		{ .title = "HOP", .align = SONDE_ALIGN_RIGHT, .least = 3 },
		{ .title = "HOST", .align = SONDE_ALIGN_LEFT, .least = 15, .good = 24, .weight = 1 },
		{ .title = "LOSS", .align = SONDE_ALIGN_RIGHT, .least = 4 },
		{ .title = "SENT", .align = SONDE_ALIGN_RIGHT, .least = 4, .rank = 3 },
		{ .title = "LAST ms", .brief = "LAST", .align = SONDE_ALIGN_RIGHT, .least = 5, .rank = 2 },
		{ .title = "AVG ms", .brief = "AVG", .align = SONDE_ALIGN_RIGHT, .least = 5 },
		{ .title = "BEST ms", .brief = "BEST", .align = SONDE_ALIGN_RIGHT, .least = 5, .rank = 1 },
		{ .title = "WORST ms", .brief = "WORST", .align = SONDE_ALIGN_RIGHT, .least = 5, .rank = 1 },
		{ .title = "STDEV ms", .brief = "STDEV", .align = SONDE_ALIGN_RIGHT, .least = 5, .rank = 3 },
		{ .title = "P99 ms", .brief = "P99", .align = SONDE_ALIGN_RIGHT, .least = 5, .rank = 4 },
		{ .title = "JITTER ms", .brief = "JITTER", .align = SONDE_ALIGN_RIGHT, .least = 6, .rank = 5 },
	};
	/* clang-format on */

	sonde_grid_init(g, a, columns, sizeof columns / sizeof *columns);
	g->head_first = true;
}

const char *sonde_say_path_host(struct sonde_arena *a, const struct sonde_hop_record *r,
				const char *name)
{
	char buf[400];
	struct sonde_text t;

	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	if (name) {
		sonde_text_escape(&t, name, strnlen(name, 64));
		sonde_text_print(&t, " (%s)", r->from);
	} else {
		sonde_text_str(&t, r->from ? r->from : "*");
	}
	if (r->as != SONDE_ABSENT)
		sonde_text_print(&t, " [AS%llu]", (unsigned long long)r->as);
	if (r->addresses.n > 1)
		sonde_text_print(&t, " and %u more", (unsigned)r->addresses.n - 1);
	return sonde_arena_string(a, t.at, t.len);
}

void sonde_say_path_row(struct sonde_grid *g, const struct sonde_hop_record *r, const char *name)
{
	struct sonde_cell *c = sonde_grid_row(g);
	uint64_t ms[] = { r->rtt_ns,	       r->rtt_mean_ns, r->rtt_min_ns, r->rtt_max_ns,
			  r->rtt_deviation_ns, r->rtt_p99_ns,  r->jitter_ns };

	sonde_say_cell(g, &c[0], r->ttl, SONDE_PAINT_PLAIN, sonde_say_dec);
	c[1] = (struct sonde_cell){ .text = sonde_say_path_host(g->arena, r, name),
				    .paint = r->from ? SONDE_PAINT_PLAIN : SONDE_PAINT_FAINT };
	sonde_say_cell(g, &c[2], r->loss_ppm, r->lost ? SONDE_PAINT_BAD : SONDE_PAINT_PLAIN,
		       sonde_say_percent);
	sonde_say_cell(g, &c[3], r->sent, SONDE_PAINT_PLAIN, sonde_say_dec);
	for (unsigned i = 0; i < sizeof ms / sizeof *ms; i++)
		sonde_say_cell(g, &c[4 + i], ms[i], SONDE_PAINT_PLAIN, sonde_say_ms);
}
