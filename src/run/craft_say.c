#include "run/craft_say.h"

#include <stdlib.h>

#include "out/json.h"
#include "packet/dump.h"
#include "packet/layers.h"
#include "packet/summary.h"
#include "packet/tree.h"
#include "probe/say_value.h"
#include "sys/file.h"

enum { ROOM = 256 << 10, PACKET_ROOM = 1 << 20 };

/* clang-format off */
static const struct sonde_column craft_columns[] = { SONDE_CRAFT_COLUMNS(SONDE_MEMBER_COLUMN, sonde_craft_record) };
static const struct sonde_column packet_columns[] = { SONDE_CRAFT_PACKET_COLUMNS(SONDE_MEMBER_COLUMN, sonde_craft_packet_record) };
static const struct sonde_column end_columns[] = { SONDE_CRAFT_END_COLUMNS(SONDE_MEMBER_COLUMN, sonde_craft_end_record) };
/* clang-format on */
#define ALL(columns) columns, sizeof(columns) / sizeof *(columns)
const struct sonde_schema sonde_craft_schema = { "craft", ALL(craft_columns) },
			  sonde_craft_sent_schema = { "sent", ALL(packet_columns) },
			  sonde_craft_came_schema = { "came", ALL(packet_columns) },
			  sonde_craft_lost_schema = { "lost", ALL(packet_columns) },
			  sonde_crafted_schema = { "crafted", ALL(end_columns) };

static bool is_json(const struct sonde_craft_say *s)
{
	return s->plan->form == SONDE_CRAFT_JSON;
}

void sonde_craft_say_init(struct sonde_craft_say *s, const struct sonde_craft_plan *plan)
{
	*s = (struct sonde_craft_say){ .plan = plan, .fd = plan->out };
	s->room = malloc(ROOM);
	if (!s->room)
		abort();
	sonde_text_init(&s->out, s->room, ROOM, sonde_file_sink, &s->fd);
	sonde_record_clear(&sonde_crafted_schema, &s->end);
	s->end.sent = s->end.refused = s->end.bytes = 0;
	if (!plan->write && !plan->flood && plan->listen)
		s->end.answered = s->end.lost = s->end.replies = s->end.resets = s->end.errors =
			s->end.again = 0;
}

static void paint(struct sonde_craft_say *s, enum sonde_paint p)
{
	if (s->plan->palette)
		sonde_text_str(&s->out, s->plan->palette[p]);
}

static void say_rate(struct sonde_text *t, sonde_ns gap)
{
	if (!gap)
		sonde_text_str(t, ", as fast as can be");
	else if (gap > SONDE_SECOND / 2)
		sonde_text_print(t, ", one every %g s", (double)gap / 1e9);
	else
		sonde_text_print(t, ", %g a second", 1e9 / (double)gap);
}

void sonde_craft_say_plan(struct sonde_craft_say *s, const struct sonde_craft_record *r)
{
	const char *verb = s->plan->write ? "writes" : s->plan->dry ? "would send" : "sends";
	struct sonde_text *t = &s->out;

	s->numbered = r->count != 1;
	for (uint64_t n = r->count == SONDE_ABSENT ? 99999 : r->count; n; n /= 10)
		s->digits++;
	if (is_json(s)) {
		sonde_json_record(t, &sonde_craft_schema, r);
		return;
	}
	if (r->count == SONDE_ABSENT)
		sonde_text_print(t, "%s packets of %llu bytes", verb, (unsigned long long)r->bytes);
	else
		sonde_text_print(t, "%s %llu packet%s of %llu bytes", verb,
				 (unsigned long long)r->count, r->count == 1 ? "" : "s",
				 (unsigned long long)r->bytes);
	if (s->plan->write) {
		sonde_text_str(t, " to ");
		sonde_say_name(t, s->plan->write);
	} else {
		sonde_text_print(t, " by %s on ", r->by);
		sonde_say_name(t, r->interface);
		if (r->destination)
			sonde_text_print(t, " to %s", r->destination);
		if (r->source)
			sonde_text_print(t, ", as %s", r->source);
	}
	if (r->count != 1)
		say_rate(t, r->gap_ns);
	if (r->why)
		sonde_text_print(t, " (%s)", r->why);
	sonde_text_str(t, "\n");
	if (r->deaf == 1)
		sonde_text_str(t, "this machine takes no IPv4 that comes to it so, unless sysctl "
				  "net.ipv4.conf.lo.accept_local and .route_localnet are 1\n");
	if (r->guarded)
		sonde_text_print(t, "keeps back what this kernel would reset from %s\n",
				 r->guarded);
	sonde_text_flush(t);
}

/* "sent   1  " */
static void say_head(struct sonde_craft_say *s, enum sonde_paint p, const char *word,
		     uint64_t number)
{
	paint(s, p);
	sonde_text_print(&s->out, "%-5s", word);
	paint(s, SONDE_PAINT_PLAIN);
	if (s->numbered)
		sonde_text_print(&s->out, " %*llu", (int)s->digits, (unsigned long long)number + 1);
	sonde_text_str(&s->out, "  ");
}

static void say_line(struct sonde_text *t, const struct sonde_packet *p)
{
	sonde_text_end(t, sonde_summary(sonde_text_room(t, SONDE_SUMMARY_MAX), p));
}

/* What is asked for below a line. */
static void say_below(struct sonde_craft_say *s, const struct sonde_packet *p)
{
	struct sonde_verdict v;

	if (s->plan->tree) {
		sonde_judge(p, SONDE_JUDGE_SUMS, &v);
		sonde_tree(&s->out, p, &v, s->plan->palette);
	}
	if (s->plan->hex)
		sonde_dump(&s->out, SONDE_DUMP_HEX, (struct sonde_bytes){ p->byte, p->len });
}

/* In memory of the moment. */
static struct sonde_text begin(struct sonde_craft_say *s, size_t room)
{
	struct sonde_text t;

	sonde_text_init(&t, sonde_arena_take(&s->aside, room), room, NULL, NULL);
	return t;
}

static void put_json(struct sonde_craft_say *s, const struct sonde_schema *schema,
		     struct sonde_craft_packet_record *r, const struct sonde_packet *p)
{
	struct sonde_text line = begin(s, SONDE_SUMMARY_MAX + 2 * SONDE_TEXT_SLACK);
	struct sonde_text hex = begin(s, 2 * (size_t)p->len + 2 * SONDE_TEXT_SLACK);
	struct sonde_text packet = begin(s, PACKET_ROOM);
	struct sonde_verdict v;

	say_line(&line, p);
	sonde_text_bytes(&line, "", 1);
	for (uint32_t i = 0; i < p->len; i++)
		sonde_text_bytes(&hex, &sonde_text_tables.hex2[2 * p->byte[i]], 2);
	sonde_text_bytes(&hex, "", 1);
	sonde_judge(p, SONDE_JUDGE_SUMS, &v);
	sonde_text_str(&packet, "{");
	sonde_layers_json(&packet, p, &v);
	sonde_text_bytes(&packet, "}", 2);
	r->bytes = p->len;
	r->line = line.error ? NULL : line.at;
	r->hex = hex.error ? NULL : hex.at;
	r->packet = packet.error ? NULL : packet.at;
	sonde_json_record(&s->out, schema, r);
	sonde_arena_rewind(&s->aside);
}

void sonde_craft_say_sent(struct sonde_craft_say *s, uint64_t number, sonde_ns at,
			  const struct sonde_packet *p)
{
	struct sonde_craft_packet_record r;

	if (s->plan->quiet)
		return;
	if (is_json(s)) {
		sonde_record_clear(&sonde_craft_sent_schema, &r);
		r.number = number + 1;
		r.at_ns = at;
		put_json(s, &sonde_craft_sent_schema, &r, p);
		return;
	}
	say_head(s, SONDE_PAINT_CALL, s->plan->dry ? "would" : "sent", number);
	say_line(&s->out, p);
	sonde_text_str(&s->out, "\n");
	say_below(s, p);
}

static void count(struct sonde_craft_say *s, const struct sonde_answers_hit *hit, sonde_ns rtt)
{
	s->end.answered += !hit->again;
	s->end.again += hit->again;
	s->end.replies += hit->kind == SONDE_ANSWERS_REPLY;
	s->end.resets += hit->kind == SONDE_ANSWERS_RESET;
	s->end.errors += hit->kind == SONDE_ANSWERS_ERROR;
	if (!hit->again && rtt != UINT64_MAX)
		sonde_stats_answer(&s->stats, &s->arena, hit->number, rtt);
}

void sonde_craft_say_came(struct sonde_craft_say *s, const struct sonde_answers_hit *hit,
			  sonde_ns at, sonde_ns rtt, const struct sonde_packet *p)
{
	static const char *const kinds[] = { NULL, "reply", "reset", "error" };
	static const uint8_t paints[] = { 0, SONDE_PAINT_WIRE, SONDE_PAINT_WARN, SONDE_PAINT_BAD };
	struct sonde_craft_packet_record r;

	count(s, hit, rtt);
	if (s->plan->quiet)
		return;
	if (is_json(s)) {
		sonde_record_clear(&sonde_craft_came_schema, &r);
		r.number = hit->number + 1;
		r.at_ns = at;
		r.kind = kinds[hit->kind];
		r.rtt_ns = rtt;
		r.again = hit->again;
		r.alike = hit->alike;
		put_json(s, &sonde_craft_came_schema, &r, p);
		return;
	}
	say_head(s, paints[hit->kind], kinds[hit->kind], hit->number);
	say_line(&s->out, p);
	if (rtt != UINT64_MAX) {
		sonde_text_str(&s->out, ", ");
		sonde_say_ms(&s->out, rtt);
		sonde_text_str(&s->out, " ms");
	}
	sonde_text_str(&s->out, hit->again ? ", again" : "");
	if (hit->alike)
		sonde_text_print(&s->out, ", or to one of %u more that are alike", hit->alike);
	sonde_text_str(&s->out, "\n");
	say_below(s, p);
	sonde_text_flush(&s->out);
}

void sonde_craft_say_lost(struct sonde_craft_say *s, uint64_t number, sonde_ns timeout)
{
	struct sonde_craft_packet_record r;

	s->end.lost++;
	if (s->plan->quiet)
		return;
	if (is_json(s)) {
		sonde_record_clear(&sonde_craft_lost_schema, &r);
		r.number = number + 1;
		sonde_json_record(&s->out, &sonde_craft_lost_schema, &r);
		return;
	}
	say_head(s, SONDE_PAINT_BAD, "lost", number);
	sonde_text_print(&s->out, "no answer within %g s\n", (double)timeout / 1e9);
}

static void say_answers(struct sonde_craft_say *s)
{
	const struct {
		uint64_t n;
		const char *one, *many;
	} kind[] = { { s->end.replies, "reply", "replies" },
		     { s->end.resets, "reset", "resets" },
		     { s->end.errors, "error", "errors" } };
	const char *before = ": ";

	sonde_text_print(&s->out, ", %llu answered", (unsigned long long)s->end.answered);
	for (unsigned i = 0; i < 3; i++)
		if (kind[i].n) {
			sonde_text_print(&s->out, "%s%llu %s", before,
					 (unsigned long long)kind[i].n,
					 kind[i].n == 1 ? kind[i].one : kind[i].many);
			before = ", ";
		}
	if (s->end.again)
		sonde_text_print(&s->out, ", %llu of them again", (unsigned long long)s->end.again);
	if (!s->stats.n)
		return;
	sonde_text_str(&s->out, "; round trip min/avg/max ");
	sonde_say_ms(&s->out, s->end.rtt_min_ns);
	sonde_text_str(&s->out, "/");
	sonde_say_ms(&s->out, s->end.rtt_mean_ns);
	sonde_text_str(&s->out, "/");
	sonde_say_ms(&s->out, s->end.rtt_max_ns);
	sonde_text_str(&s->out, " ms");
}

void sonde_craft_say_end(struct sonde_craft_say *s, sonde_ns took)
{
	const char *did = s->plan->write ? "written" : "sent";
	struct sonde_craft_end_record *e = &s->end;

	e->duration_ns = took;
	if (s->stats.n) {
		e->rtt_min_ns = s->stats.min;
		e->rtt_mean_ns = sonde_stats_mean(&s->stats);
		e->rtt_max_ns = s->stats.max;
	}
	if (is_json(s)) {
		sonde_json_record(&s->out, &sonde_crafted_schema, e);
		return;
	}
	sonde_text_print(&s->out, "%llu packet%s %s", (unsigned long long)e->sent,
			 e->sent == 1 ? "" : "s", did);
	if (s->plan->write || (s->plan->quiet && e->answered == SONDE_ABSENT))
		sonde_text_print(&s->out, ", %llu bytes, in %.3f s: %.0f a second",
				 (unsigned long long)e->bytes, (double)took / 1e9,
				 took ? (double)e->sent * 1e9 / (double)took : 0.0);
	if (e->refused) {
		sonde_text_print(&s->out, ", %llu refused", (unsigned long long)e->refused);
		sonde_text_print(&s->out, ", the first one by: %s", e->refusal);
	}
	if (e->answered != SONDE_ABSENT)
		say_answers(s);
	if (e->dropped != SONDE_ABSENT && e->dropped)
		sonde_text_print(&s->out, "; %llu packets lost at the tap",
				 (unsigned long long)e->dropped);
	sonde_text_str(&s->out, "\n");
}

int sonde_craft_say_done(struct sonde_craft_say *s)
{
	int r = sonde_text_flush(&s->out);

	sonde_arena_done(&s->aside);
	sonde_arena_done(&s->arena);
	free(s->room);
	return r;
}
