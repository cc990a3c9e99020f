#include "life/pen.h"

#include "base/name.h"
#include "life/argument.h"
#include "life/words.h"
#include "packet/summary.h"

/* Columns of a line: when, sid and who end here, the words begin. */
enum { STAMP = 11, SID = 18, WHO = 36 };

/* At least one space, up to the column; at: where the line stands. Returns where it stands then. */
static unsigned pad_to(struct sonde_pen *p, unsigned at, unsigned column)
{
	do
		sonde_text_bytes(p->t, " ", 1);
	while (++at < column);
	return at;
}

/* A name that is too long for the column is cut; its number stays. Returns the columns it took. */
static unsigned put_who(struct sonde_pen *p, const char comm[16], uint32_t pid)
{
	enum { MOST = WHO - SID - 1 };
	struct sonde_phrase name;
	struct sonde_text *t = sonde_phrase_begin(&name);
	unsigned columns;
	size_t number, keep;

	sonde_text_escape(t, comm, strnlen(comm, 16));
	number = t->len;
	if (pid)
		sonde_text_print(t, "[%u]", pid);
	columns = (unsigned)sonde_text_columns(t->at, t->len);
	if (columns <= MOST) {
		sonde_text_bytes(p->t, t->at, t->len);
		return columns;
	}
	keep = MOST - 2 - (t->len - number);
	while (keep && (t->at[keep] & 0xc0) == 0x80) /* not within a character */
		keep--;
	sonde_text_bytes(p->t, t->at, keep);
	sonde_text_str(p->t, "..");
	sonde_text_bytes(p->t, t->at + number, t->len - number);
	return (unsigned)(sonde_text_columns(t->at, keep) + 2 + (t->len - number));
}

void sonde_pen_begin(struct sonde_pen *p, sonde_ns when, uint32_t sid, const char comm[16],
		     uint32_t pid)
{
	sonde_ns began = p->line->life->began;
	char stamp[64], *end = sonde_words_stamp(stamp, (int64_t)(when - began));
	unsigned at = (unsigned)(end - stamp);

	sonde_text_room(p->t, SONDE_SUMMARY_MAX + 2048);
	paint(p, SONDE_PAINT_FAINT);
	for (; at < STAMP; at++)
		sonde_text_bytes(p->t, " ", 1);
	sonde_text_bytes(p->t, stamp, (size_t)(end - stamp));
	paint(p, SONDE_PAINT_PLAIN);
	sonde_text_str(p->t, "  ");
	paint(p, SONDE_PAINT_WHO);
	at += 2;
	if (sid) {
		end = sonde_put_dec(stamp, sid);
		sonde_text_str(p->t, "#");
		sonde_text_bytes(p->t, stamp, (size_t)(end - stamp));
		at += 1 + (unsigned)(end - stamp);
	}
	at = pad_to(p, at, SID);
	pad_to(p, at + put_who(p, comm, pid), WHO);
	paint(p, SONDE_PAINT_PLAIN);
}

void sonde_pen_end(struct sonde_pen *p)
{
	sonde_text_bytes(p->t, "\n", 1);
}

static void span(struct sonde_pen *p, uint64_t ns)
{
	sonde_text_end(p->t, sonde_words_span(sonde_text_room(p->t, 32), ns));
}

static void means(struct sonde_pen *p, const char *lead, const char *what)
{
	if (!what)
		return;
	paint(p, SONDE_PAINT_FAINT);
	put(p, lead);
	put(p, what);
	paint(p, SONDE_PAINT_PLAIN);
}

static void error(struct sonde_pen *p, int e)
{
	paint(p, SONDE_PAINT_BAD);
	sonde_words_errno(p->t, e);
	paint(p, SONDE_PAINT_PLAIN);
	means(p, ": ", sonde_words_errno_means(e));
}

/* "127.0.0.1:5000 <- 127.0.0.1:41714" behind lead, as far as known; where neither is, nothing. */
static void ends(struct sonde_pen *p, const struct sonde_endpoint *e, const char *lead,
		 const char *arrow)
{
	size_t begin = p->t->len, before;

	put(p, lead);
	sonde_words_local(p->t, e);
	before = p->t->len;
	put(p, arrow);
	sonde_words_remote(p->t, e);
	if (p->t->len == before + strlen(arrow))
		p->t->len = before == begin + strlen(lead) ? begin : before;
}

static const char *const shut_how[] = { "receiving", "sending", "both directions" };

static void say_accept(struct sonde_pen *p, const struct sonde_event *e,
		       const struct sonde_heard *h)
{
	const struct sonde_endpoint *child = sonde_life_endpoint(p->line->life, h->sid2);

	say(p, "%s = %lld", sonde_call_name(e->call), (long long)e->ret);
	if (!child)
		return;
	ends(p, child, ": ", " <- ");
	say(p, ", from listener #%u", h->sid);
	if (child->timing.accept_wait != SONDE_ABSENT) {
		put(p, ", waited ");
		span(p, child->timing.accept_wait);
		put(p, " in the queue");
	}
}

static void say_moved(struct sonde_pen *p, const struct sonde_event *e, const char *lead)
{
	char *o;

	if (e->kind == SONDE_EVENT_CALL)
		say(p, "%s: %s ", lead, sonde_call_name(e->call));
	else
		say(p, "%s: ", lead);
	o = sonde_text_room(p->t, 32);
	sonde_text_end(p->t, sonde_words_size(o, e->kind == SONDE_EVENT_CALL ? e->bytes
									     : (uint64_t)e->ret));
	if (e->kind != SONDE_EVENT_CALL)
		put(p, e->fd < 0 ? " by io_uring" : " by splice");
}

static void say_target(struct sonde_pen *p, const struct sonde_event *e,
		       const struct sonde_endpoint *s)
{
	size_t before = p->t->len + 1;

	put(p, " ");
	sonde_words_sockaddr(p->t, e->address);
	if (p->t->len == before && s)
		sonde_words_remote(p->t, s);
	if (p->t->len == before)
		p->t->len--;
}

/* What is known of the end as the last reference goes. Of TCP that is the FIN, if it was sent: how
 * the connection ended shows when the kernel's socket ends. */
void sonde_pen_released(struct sonde_pen *p, const struct sonde_endpoint *s, sonde_ns when)
{
	const char *by = sonde_words_release(s->release);

	paint(p, SONDE_PAINT_CALL);
	put(p, "closed");
	if (by)
		say(p, " (%s)", by);
	if (s->release_inferred)
		put(p, " (inferred)");
	if (s->opened && when > s->opened) {
		put(p, " after ");
		span(p, when - s->opened);
	}
	if (s->cause && s->cause != SONDE_CAUSE_OPEN && s->cause != SONDE_CAUSE_CLOSED) {
		means(p, ", ", sonde_cause_name(s->cause));
		means(p, ": ", s->detail);
	} else if (!s->cause && s->state >= SONDE_STATE_FIN_WAIT1 &&
		   s->state < SONDE_STATE_LISTEN && s->state != SONDE_STATE_CLOSE_WAIT &&
		   s->state != SONDE_STATE_CLOSE) {
		means(p, ", ", "its FIN is sent");
	}
	paint(p, SONDE_PAINT_PLAIN);
}

static void say_made(struct sonde_pen *p, const struct sonde_event *e, const struct sonde_heard *h,
		     const struct sonde_endpoint *s)
{
	const char *kind = s ? sonde_kind_name(s->kind) : "socket";

	if (e->fd2 >= 0)
		say(p, "socketpair = %d and %d: %s, other end #%u", e->fd, e->fd2, kind, h->sid2);
	else
		say(p, "%s = %lld: %s", sonde_call_name(e->call), (long long)e->ret, kind);
}

static void say_connected(struct sonde_pen *p, const struct sonde_event *e,
			  const struct sonde_endpoint *s)
{
	sonde_ns late = 0; /* for a program that did not wait */

	for (uint32_t i = 0; s && i < s->kernel.n; i++)
		if (s->kernel.at[i].state == SONDE_STATE_ESTABLISHED)
			late = s->kernel.at[i].when;
	put(p, e->call == SONDE_CALL_CONNECT ? "connect" : "connected");
	say_target(p, e, s);
	if (s && s->timing.connect != SONDE_ABSENT) {
		put(p, ", took ");
		span(p, s->timing.connect);
		if (late && late + SONDE_MILLISECOND < e->when) {
			put(p, ", noticed ");
			span(p, e->when - late);
			put(p, " later");
		}
	}
}

static void say_failed(struct sonde_pen *p, const struct sonde_event *e,
		       const struct sonde_endpoint *s)
{
	bool asked = e->call == SONDE_CALL_GETSOCKOPT && e->ret >= 0; /* what a connect came to */

	put(p, asked ? "SO_ERROR" : sonde_call_name(e->call));
	if (e->call == SONDE_CALL_CONNECT || e->call == SONDE_CALL_BIND ||
	    sonde_call_class(e->call) == SONDE_CALL_SEND)
		say_target(p, e, s);
	put(p, " = ");
	error(p, (int)(asked ? e->arg[2] : -e->ret));
	if (e->call == SONDE_CALL_CONNECT && e->took >= SONDE_MILLISECOND) {
		put(p, ", after ");
		span(p, e->took);
	}
}

void sonde_pen_app(struct sonde_pen *p, const struct sonde_event *e, const struct sonde_heard *h,
		   const struct sonde_endpoint *s)
{
	const char *call =
		e->kind == SONDE_EVENT_CALL ? sonde_call_name(e->call) : sonde_event_name(e->kind);

	paint(p, SONDE_PAINT_CALL);
	switch (h->milestone) {
	case SONDE_MILESTONE_MADE: say_made(p, e, h, s); break;
	case SONDE_MILESTONE_NAMED:
		put(p, call);
		say_target(p, e, NULL);
		break;
	case SONDE_MILESTONE_LISTENING:
		say(p, "%s, backlog %lld", call, (long long)e->arg[0]);
		break;
	case SONDE_MILESTONE_CONNECTING:
		put(p, call);
		say_target(p, e, s);
		put(p, ": under way");
		break;
	case SONDE_MILESTONE_CONNECTED: say_connected(p, e, s); break;
	case SONDE_MILESTONE_ACCEPTED: say_accept(p, e, h); break;
	case SONDE_MILESTONE_FIRST_SENT: say_moved(p, e, "first bytes sent"); break;
	case SONDE_MILESTONE_FIRST_RECEIVED:
		say_moved(p, e, "first bytes received");
		if (s && s->timing.first_byte != SONDE_ABSENT && sonde_kind_is_stream(s->kind)) {
			put(p, ", ");
			span(p, s->timing.first_byte);
			put(p, " after connecting");
		}
		break;
	case SONDE_MILESTONE_SHUT:
		say(p, "%s: %s ends", call,
		    e->arg[0] >= 0 && e->arg[0] < 3 ? shut_how[e->arg[0]] : "?");
		break;
	case SONDE_MILESTONE_END_OF_STREAM:
		say(p, "%s = 0: end of stream, the peer sends no more", call);
		break;
	case SONDE_MILESTONE_FAILED: say_failed(p, e, s); break;
	case SONDE_MILESTONE_PASSED: say(p, "descriptor %d passed into a message", e->fd); break;
	case SONDE_MILESTONE_TAKEN: say(p, "descriptor %d taken out of a message", e->fd); break;
	case SONDE_MILESTONE_SEEDED:
		say(p, "was there before: %s", s ? sonde_kind_name(s->kind) : "socket");
		if (e->fd >= 0)
			sonde_text_print(p->t, ", descriptor %d", e->fd);
		else
			put(p, ", not accepted yet");
		if (s)
			ends(p, s, ", ", " -> ");
		break;
	case SONDE_MILESTONE_RELEASED:
		if (s)
			sonde_pen_released(p, s, e->when);
		break;
	default: put(p, call);
	}
	paint(p, SONDE_PAINT_PLAIN);
}

void sonde_pen_kernel(struct sonde_pen *p, const struct sonde_event *e, const struct sonde_heard *h,
		      const struct sonde_endpoint *s)
{
	const struct sonde_step *step;
	unsigned now;

	paint(p, SONDE_PAINT_STATE);
	switch (h->milestone) {
	case SONDE_MILESTONE_STATE:
		step = sonde_words_step(s, e->when);
		now = step ? step->state : e->to;
		say(p, "%s -> %s", sonde_name_tcp_state(e->from), sonde_state_name(now));
		if (now != e->to)
			put(p, " (inferred)");
		if (step || now != SONDE_STATE_CLOSE || e->from != SONDE_STATE_FIN_WAIT2)
			means(p, "  ", sonde_words_state_means(now));
		else
			means(p, "  ", "the socket goes before the peer's FIN has come");
		break;
	case SONDE_MILESTONE_ERROR:
		put(p, "error left on the socket: ");
		error(p, (int)-e->ret);
		break;
	case SONDE_MILESTONE_RESET:
		paint(p, SONDE_PAINT_BAD);
		if (e->kind == SONDE_EVENT_RESET_OUT) {
			char name[64];
			const char *why = sonde_words_reset_means(terminated(name, e->text), s);

			put(p, "reset sent");
			if (why || e->text.len)
				put(p, ": ");
			if (why)
				put(p, why);
			else
				sonde_text_escape(p->t, e->text.at, e->text.len);
		} else {
			put(p, "reset received");
		}
		break;
	case SONDE_MILESTONE_RETRANSMIT:
		paint(p, SONDE_PAINT_WARN);
		put(p, "segment sent again: no acknowledgement came in time");
		break;
	case SONDE_MILESTONE_GONE:
		put(p, "the kernel's socket ends");
		if (s && !s->cause && s->state == SONDE_STATE_FIN_WAIT2)
			put(p, "; the peer's FIN has not come");
		if (s && s->cause && s->cause != SONDE_CAUSE_OPEN) {
			say(p, ": %s", sonde_cause_name(s->cause));
			if (s->cause_inferred)
				put(p, " (inferred)");
			means(p, ", ", s->detail);
		}
		break;
	default: put(p, sonde_event_name(e->kind));
	}
	paint(p, SONDE_PAINT_PLAIN);
}

/* name(arguments) = result <duration> */
void sonde_pen_call(struct sonde_pen *p, const struct sonde_event *e, const struct sonde_heard *h)
{
	const struct sonde_endpoint *child;

	paint(p, SONDE_PAINT_CALL);
	say(p, "%s(", sonde_call_name(e->call));
	sonde_argument_print(p->t, e);
	put(p, ")");
	if (e->flags & SONDE_FLAG_ENTERED) {
		put(p, " ...");
	} else {
		put(p, " = ");
		if (e->ret < 0)
			paint(p, SONDE_PAINT_BAD);
		sonde_argument_result(p->t, e);
	}
	paint(p, SONDE_PAINT_PLAIN);
	if (!(e->flags & (SONDE_FLAG_ENTERED | SONDE_FLAG_BLOCKED))) {
		paint(p, SONDE_PAINT_FAINT);
		put(p, " <");
		span(p, e->took);
		put(p, ">");
		paint(p, SONDE_PAINT_PLAIN);
	}
	child = h->milestone == SONDE_MILESTONE_ACCEPTED
			? sonde_life_endpoint(p->line->life, h->sid2)
			: NULL;
	if (child) {
		say(p, " #%u", child->sid);
		ends(p, child, " ", " <- ");
	}
}
