#include "base/random.h"
#include "packet/summary.h"
#include "probe/script_inside.h"

static const struct sonde_column point_columns[] = { SONDE_SCRIPT_POINT_COLUMNS(
	SONDE_MEMBER_COLUMN, sonde_script_point) };
static const struct sonde_column script_columns[] = { SONDE_SCRIPT_COLUMNS(SONDE_MEMBER_COLUMN,
									   sonde_script_record) };

const struct sonde_schema sonde_script_point_schema = {
	"point", point_columns, sizeof point_columns / sizeof *point_columns
};
const struct sonde_schema sonde_script_schema = { "script", script_columns,
						  sizeof script_columns / sizeof *script_columns };

/* ---- points ---- */

static const char *kind(const struct sonde_script_line *l)
{
	switch (l->is) {
	case SONDE_SCRIPT_SENDS: return "send";
	case SONDE_SCRIPT_EXPECT: return "expect";
	case SONDE_SCRIPT_NOTHING: return "expect nothing";
	case SONDE_SCRIPT_CHECK: return "check";
	default: return NULL;
	}
}

/* The first words of a point; what is not said of it is absent. */
static void begin_point(struct sonde_script *s)
{
	const struct sonde_script_line *l = &s->line[s->at];
	uint64_t n = s->ok + s->bad + s->unreached + 1;

	sonde_record_clear(&sonde_script_point_schema, &s->point);
	s->point.n = n;
	s->point.line = l->number;
	s->point.kind = kind(l);
	s->point.text = l->text;
}

static void end_point(struct sonde_script *s, bool ok)
{
	s->point.status = ok ? "ok" : "not ok";
	*(ok ? &s->ok : &s->bad) += 1;
	s->failed = !ok;
	s->entered = false;
	s->at++;
}

/* A text that becomes words[i]. */
static struct sonde_text begin_words(struct sonde_script *s, unsigned i)
{
	struct sonde_text t;

	sonde_text_init(&t, s->words[i], SONDE_SCRIPT_WORDS, NULL, NULL);
	return t;
}

static const char *end_words(struct sonde_text *t)
{
	t->at[t->len] = 0; /* the slack has room */
	return t->at;
}

static const char *summary(struct sonde_script *s, unsigned i, const struct sonde_packet *p)
{
	struct sonde_text t = begin_words(s, i);

	sonde_text_end(&t, sonde_summary(sonde_text_room(&t, SONDE_SUMMARY_MAX), p));
	return end_words(&t);
}

/* ---- send ---- */

static const char *why_not_made(int r)
{
	return r == SONDE_TOO_WIDE ? "a name in it is too wide for its field"
				   : sonde_reason_text(r);
}

/* The next packet. Returns whether it is to be sent. */
static bool make(struct sonde_script *s, struct sonde_script_line *l)
{
	struct sonde_craft_turn turn = {
		.n = l->turns++,
		.seed = s->seed + l->number * SONDE_RANDOM_STEP,
		.vars = &s->vars,
	};
	struct sonde_packet p;
	int r;

	s->made++;
	sonde_draft_init(&s->draft, s->buffer, SONDE_SCRIPT_PACKET);
	r = sonde_craft_encode(l->craft, &turn, &s->draft);
	if (r < 0) { /* nor would the next one */
		sonde_script_sent(s, why_not_made(r));
		s->made = l->times;
		return false;
	}
	sonde_decode(&p, s->draft.p.byte, s->draft.p.len, s->draft.p.len,
		     sonde_craft_layer(l->craft, 0));
	s->point.packet = summary(s, 0, &p);
	sonde_script_remember(s, l->craft);
	return true;
}

static void begin_send(struct sonde_script *s, sonde_ns now)
{
	s->made = 0;
	s->next = now;
	s->point.sent = s->point.refused = 0;
	if (!s->answered)
		return;
	s->answered = false;
	s->exchange = now;
	s->overflow = s->passed = 0;
	sonde_script_forget(s);
}

void sonde_script_sent(struct sonde_script *s, const char *why)
{
	struct sonde_text t;

	if (!why) {
		s->point.sent++;
		s->sent++;
		return;
	}
	if (!s->point.refused++) {
		t = begin_words(s, 2);
		sonde_text_str(&t, why);
		s->point.why = end_words(&t);
	}
}

static struct sonde_script_step send_step(struct sonde_script *s, struct sonde_script_line *l,
					  sonde_ns now)
{
	while (s->made < l->times) {
		if (now < s->next)
			return (struct sonde_script_step){ .is = SONDE_STEP_WAIT,
							   .until = s->next };
		s->next += l->time;
		s->last = now;
		if (make(s, l))
			return (struct sonde_script_step){ .is = SONDE_STEP_SEND,
							   .packet = &s->draft,
							   .craft = l->craft };
	}
	s->point.took_ns = now - s->start;
	end_point(s, !s->point.refused);
	return (struct sonde_script_step){ .is = SONDE_STEP_TELL, .point = &s->point };
}

/* ---- expect ---- */

static void begin_expect(struct sonde_script *s)
{
	s->answered = true;
	s->looked = s->taken;
	s->best = 0;
	s->point.passed = 0;
}

/* The first difference is told of the nearest alone. */
static void judge_near(struct sonde_script *s, const struct sonde_script_line *l,
		       const struct sonde_packet *p)
{
	unsigned near = sonde_script_nearness(l->craft, p);
	struct sonde_text t;

	if (near <= s->best)
		return;
	s->best = near;
	s->point.nearest = summary(s, 1, p);
	t = begin_words(s, 2);
	sonde_craft_match(l->craft, p, &s->vars, &t);
	s->point.why = end_words(&t);
}

static bool looks_as_said(struct sonde_script *s, const struct sonde_script_line *l,
			  const struct sonde_script_seen *seen)
{
	bool nothing = l->is == SONDE_SCRIPT_NOTHING;
	struct sonde_packet p;

	if (seen->when > s->start + l->time || (nothing && seen->when < s->exchange))
		return false;
	sonde_decode_link(&p, seen->byte, seen->len, seen->wire, seen->link);
	if (sonde_craft_match(l->craft, &p, &s->vars, NULL)) {
		s->point.packet = summary(s, 0, &p);
		return true;
	}
	s->point.passed++;
	if (!nothing)
		judge_near(s, l, &p);
	return false;
}

/* Nothing as said came in its time, as far as was looked at. */
static void end_expect(struct sonde_script *s, const struct sonde_script_line *l)
{
	bool nothing = l->is == SONDE_SCRIPT_NOTHING;
	uint64_t unseen = s->overflow + (nothing ? s->passed : 0);
	struct sonde_text t;

	s->point.took_ns = l->time;
	if (unseen) {
		t = begin_words(s, 2);
		sonde_text_print(&t, "there was no room to look at %llu of the packets that came",
				 (unsigned long long)unseen);
		s->point.why = end_words(&t);
	} else if (!nothing && !s->point.why) {
		s->point.why = s->point.passed ? "nothing alike came" : "nothing came";
	}
	end_point(s, !s->point.why);
}

static struct sonde_script_step expect_step(struct sonde_script *s, struct sonde_script_line *l,
					    sonde_ns now)
{
	bool nothing = l->is == SONDE_SCRIPT_NOTHING, found = false;

	while (s->looked < s->seens && !found)
		found = looks_as_said(s, l, &s->seen[s->looked++]);
	if (!found && now < s->start + l->time)
		return (struct sonde_script_step){ .is = SONDE_STEP_WAIT,
						   .listens = true,
						   .until = s->start + l->time };
	if (found) {
		sonde_ns came = s->seen[s->looked - 1].when;

		if (s->last && came >= s->last)
			s->point.took_ns = came - s->last;
		if (!nothing)
			s->taken = s->looked;
		s->point.why = nothing ? "this came" : NULL;
		s->point.nearest = NULL;
		end_point(s, !nothing);
	} else {
		end_expect(s, l);
	}
	return (struct sonde_script_step){ .is = SONDE_STEP_TELL, .point = &s->point };
}

/* ---- all else ---- */

static bool compare(enum sonde_script_op op, sonde_wide a, sonde_wide b)
{
	switch (op) {
	case SONDE_SCRIPT_EQ: return a == b;
	case SONDE_SCRIPT_NE: return a != b;
	case SONDE_SCRIPT_LE: return a <= b;
	case SONDE_SCRIPT_GE: return a >= b;
	case SONDE_SCRIPT_LT: return a < b;
	default: return a > b;
	}
}

static void print_number(struct sonde_text *t, sonde_wide v)
{
	if (v >> 64)
		sonde_text_print(t, "0x%llx%016llx", (unsigned long long)(v >> 64),
				 (unsigned long long)v);
	else
		sonde_text_print(t, "%llu", (unsigned long long)v);
}

static void check(struct sonde_script *s, const struct sonde_script_line *l)
{
	sonde_wide a = sonde_script_sum(&l->sum[0], &s->vars);
	sonde_wide b = sonde_script_sum(&l->sum[1], &s->vars);
	struct sonde_text t = begin_words(s, 2);

	s->point.took_ns = 0;
	if (!compare(l->op, a, b)) {
		sonde_text_str(&t, "the left side is ");
		print_number(&t, a);
		sonde_text_str(&t, ", the right side ");
		print_number(&t, b);
		s->point.why = end_words(&t);
	}
	end_point(s, !s->point.why);
}

static void set(struct sonde_script *s, struct sonde_script_line *l)
{
	struct sonde_craft_var *v = &s->vars.of[l->var];

	if (!s->origin[l->var].given)
		v->value = sonde_script_set(l, &s->vars, s->seed);
	v->known = true;
}

/* Another round, or on behind the end. */
static void turn_round(struct sonde_script *s, const struct sonde_script_line *l)
{
	if (!--s->left[s->depth - 1]) {
		s->depth--;
		s->at++;
		return;
	}
	for (unsigned i = 0; i < s->vars.n; i++) {
		const struct sonde_script_origin *o = &s->origin[i];

		if (o->learned && o->learner > l->other && o->learner < s->at)
			s->vars.of[i].known = false;
	}
	s->at = l->other + 1;
}

/* A line that takes no time. */
static bool pass(struct sonde_script *s, struct sonde_script_line *l)
{
	switch (l->is) {
	case SONDE_SCRIPT_SET: set(s, l); break;
	case SONDE_SCRIPT_REPEAT: s->left[s->depth++] = l->times; break;
	case SONDE_SCRIPT_END: turn_round(s, l); return true;
	default: return false;
	}
	s->at++;
	return true;
}

/* The points behind the one that failed, each once. */
static struct sonde_script_step unreached(struct sonde_script *s)
{
	while (s->at < s->lines && !kind(&s->line[s->at]))
		s->at++;
	if (s->at == s->lines)
		return (struct sonde_script_step){ .is = SONDE_STEP_DONE };
	begin_point(s);
	s->point.status = "not reached";
	s->unreached++;
	s->at++;
	return (struct sonde_script_step){ .is = SONDE_STEP_TELL, .point = &s->point };
}

static void begin_run(struct sonde_script *s, sonde_ns now)
{
	s->began = s->exchange = now;
	s->buffer = sonde_arena_take(s->arena, SONDE_SCRIPT_PACKET);
	s->seen = sonde_arena_take(s->arena, SONDE_SCRIPT_HEARD * sizeof *s->seen);
	for (unsigned i = 0; i < 3; i++)
		s->words[i] = sonde_arena_take(s->arena, SONDE_SCRIPT_WORDS);
}

static void enter(struct sonde_script *s, const struct sonde_script_line *l, sonde_ns now)
{
	s->entered = true;
	s->start = now;
	begin_point(s);
	s->point.start_ns = now - s->began;
	if (l->is == SONDE_SCRIPT_SENDS)
		begin_send(s, now);
	else if (l->is == SONDE_SCRIPT_EXPECT || l->is == SONDE_SCRIPT_NOTHING)
		begin_expect(s);
}

struct sonde_script_step sonde_script_step(struct sonde_script *s, sonde_ns now)
{
	if (s->began == UINT64_MAX)
		begin_run(s, now);
	if (s->stopped) {
		s->stopped = false;
		return (struct sonde_script_step){ .is = SONDE_STEP_TELL, .point = &s->point };
	}
	while (s->at < s->lines && !s->failed) {
		struct sonde_script_line *l = &s->line[s->at];

		if (pass(s, l))
			continue;
		if (!s->entered)
			enter(s, l, now);
		switch (l->is) {
		case SONDE_SCRIPT_SENDS: return send_step(s, l, now);
		case SONDE_SCRIPT_EXPECT:
		case SONDE_SCRIPT_NOTHING: return expect_step(s, l, now);
		case SONDE_SCRIPT_CHECK:
			check(s, l);
			return (struct sonde_script_step){ .is = SONDE_STEP_TELL,
							   .point = &s->point };
		default: break;
		}
		if (now < s->start + l->time)
			return (struct sonde_script_step){ .is = SONDE_STEP_WAIT,
							   .until = s->start + l->time };
		s->entered = false;
		s->at++;
	}
	return s->failed ? unreached(s) : (struct sonde_script_step){ .is = SONDE_STEP_DONE };
}

void sonde_script_stop(struct sonde_script *s, sonde_ns now, const char *why)
{
	const struct sonde_script_line *l = &s->line[s->at];

	if (s->failed || s->at == s->lines || s->began == UINT64_MAX)
		return;
	s->failed = true;
	if (!kind(l))
		return;
	if (!s->entered)
		enter(s, l, now);
	s->point.why = why;
	s->point.took_ns = now - s->start;
	s->stopped = true;
	end_point(s, false);
}

void sonde_script_told(const struct sonde_script *s, sonde_ns now, struct sonde_script_record *ret)
{
	sonde_record_clear(&sonde_script_schema, ret);
	ret->points = s->ok + s->bad + s->unreached;
	ret->ok = s->ok;
	ret->failed = s->bad;
	ret->unreached = s->unreached;
	ret->sent = s->sent;
	ret->heard = s->heard;
	ret->took_ns = s->began == UINT64_MAX ? 0 : now - s->began;
}

void sonde_script_done(struct sonde_script *s)
{
	if (!s)
		return;
	sonde_arena_done(&s->kept[0]);
	sonde_arena_done(&s->kept[1]);
}
