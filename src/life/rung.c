#include "life/rung.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "life/words.h"
#include "packet/tuple.h"

static void add(struct sonde_rungs *d, sonde_ns when, unsigned place, enum sonde_paint paint,
		const char *text, const char *brief)
{
	if (d->marks == d->room) {
		size_t more = d->room ? d->room : 64;

		d->mark = sonde_arena_grow(d->arena, d->mark, d->marks, more, sizeof *d->mark);
		d->room += more;
	}
	d->mark[d->marks] = (struct sonde_rung){
		.when = when,
		.order = d->marks,
		.cell = { .text = text, .brief = brief, .paint = (uint8_t)paint },
		.place = (uint8_t)place,
	};
	d->marks++;
}

static void add_arrow(struct sonde_rungs *d, sonde_ns when, bool right, bool lost,
		      enum sonde_paint paint, const char *text, const char *brief)
{
	struct sonde_rung *m;

	add(d, when, SONDE_RUNG_WIRE, lost ? SONDE_PAINT_BAD : paint, text, brief);
	m = &d->mark[d->marks - 1];
	m->arrow = true;
	m->right = right;
	m->cell.shape = lost ? (right ? SONDE_CELL_RIGHT_LOST : SONDE_CELL_LEFT_LOST)
			     : (right ? SONDE_CELL_RIGHT : SONDE_CELL_LEFT);
}

/* In brief without the variant: "recv" for recvfrom and recvmsg. What only looks at the bytes, or
 * takes what is none of them, is not called by the name of a read. */
static const char *step_name(const struct sonde_story_step *s, bool brief)
{
	if (s->flags & MSG_PEEK)
		return "peek";
	if (s->flags & MSG_ERRQUEUE)
		return "errqueue";
	if (s->call == SONDE_CALL_GETSOCKOPT)
		return "SO_ERROR";
	switch (brief ? s->call : SONDE_CALL_NONE) {
	case SONDE_CALL_SENDTO:
	case SONDE_CALL_SENDMSG:
	case SONDE_CALL_SENDMMSG: return "send";
	case SONDE_CALL_RECVFROM:
	case SONDE_CALL_RECVMSG:
	case SONDE_CALL_RECVMMSG: return "recv";
	case SONDE_CALL_ACCEPT4: return "accept";
	default: return sonde_call_name(s->call);
	}
}

/* The flow of this ladder that the step is of, or NULL. */
static const struct sonde_flow *flow_of(const struct sonde_rungs *d,
					const struct sonde_story_step *s)
{
	const struct sonde_ladder *l = d->what;

	return l->flow && s->flow == l->flow->id   ? l->flow
	       : l->back && s->flow == l->back->id ? l->back
						   : NULL;
}

/* What became of message n of the flow, if it was not read whole; or NULL. */
static const struct sonde_loss *loss_of(const struct sonde_flow *f, uint64_t n)
{
	for (uint32_t i = 0; f && n && i < f->losses; i++)
		if (f->loss[i].first <= n && n <= f->loss[i].last &&
		    f->loss[i].fate != SONDE_FATE_DISCARDED)
			return &f->loss[i];
	return NULL;
}

static bool was_cut(const struct sonde_rungs *d, const struct sonde_story_step *s)
{
	const struct sonde_loss *loss = loss_of(flow_of(d, s), s->message);

	return loss && loss->fate == SONDE_FATE_TRUNCATED;
}

/* "sendto 14 B", "connect = 0", "bind EADDRINUSE". */
static const char *call_text(struct sonde_rungs *d, const struct sonde_story_step *s, bool brief,
			     const struct sonde_rung_side *side)
{
	static const char *const how[] = { "receive", "send", "both" };
	enum sonde_call_class class = sonde_call_class(s->call);
	struct sonde_phrase p;
	struct sonde_text *t = sonde_phrase_begin(&p);

	sonde_text_print(t, "%s%s", side->lead, step_name(s, brief));
	if (s->ret == -EINPROGRESS) {
		sonde_text_str(t, " under way");
	} else if (s->ret < 0) {
		sonde_text_str(t, " ");
		sonde_words_errno(t, (int)-s->ret);
	} else if (s->call == SONDE_CALL_SHUTDOWN) {
		sonde_text_print(t, " %s", s->arg >= 0 && s->arg < 3 ? how[s->arg] : "?");
	} else if (class == SONDE_CALL_SEND ||
		   (class == SONDE_CALL_RECV && (s->bytes || d->datagram))) {
		sonde_text_print(t, brief ? " %llu" : " %llu B", (unsigned long long)s->bytes);
	} else if (class == SONDE_CALL_RECV) {
		sonde_text_str(t, brief ? " 0" : " = 0, end");
	} else if (brief) {
		;
	} else if (s->call == SONDE_CALL_SOCKET || s->call == SONDE_CALL_ACCEPT ||
		   s->call == SONDE_CALL_ACCEPT4 || s->call == SONDE_CALL_SOCKETPAIR) {
		sonde_text_print(t, " = %lld", (long long)s->ret);
	} else if (s->call == SONDE_CALL_CONNECT || s->call == SONDE_CALL_GETSOCKOPT) {
		sonde_text_str(t, " = 0");
	}
	if (class == SONDE_CALL_RECV && was_cut(d, s))
		sonde_text_str(t, ", cut");
	if (side->listener)
		sonde_text_str(t, brief ? "" : " *");
	return sonde_phrase_end(&p, d->arena);
}

/* Whether something else happened while the call lasted, so that its waiting is worth a row. */
static bool waited(const struct sonde_story_step *s, const struct sonde_rung *mark, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (mark[i].when > s->when && mark[i].when < s->until)
			return true;
	return false;
}

static bool at_return(const struct sonde_story_step *s)
{
	return sonde_call_class(s->call) == SONDE_CALL_RECV || s->call == SONDE_CALL_CONNECT ||
	       s->call == SONDE_CALL_ACCEPT || s->call == SONDE_CALL_ACCEPT4;
}

static unsigned app_place(const struct sonde_rung_side *side)
{
	return side->far ? SONDE_RUNG_FAR_APP : SONDE_RUNG_APP;
}

static unsigned kernel_place(const struct sonde_rung_side *side)
{
	return side->far ? SONDE_RUNG_FAR_KERNEL : SONDE_RUNG_KERNEL;
}

/* What a Unix socket hands over has no packet: its sending is the arrow. */
static void draw_handover(struct sonde_rungs *d, const struct sonde_story_step *s,
			  const struct sonde_rung_side *side)
{
	const char *what = side->of->kind == SONDE_KIND_UNIX_SEQPACKET ? "message " : "";

	add_arrow(d, s->when, !side->far, false, SONDE_PAINT_WIRE,
		  sonde_arena_print(d->arena, "%s%llu B", what, (unsigned long long)s->bytes),
		  NULL);
}

static void draw_call(struct sonde_rungs *d, const struct sonde_story_step *s,
		      const struct sonde_rung_side *side)
{
	add(d, at_return(s) ? s->until : s->when, app_place(side),
	    s->ret < 0 && s->ret != -EINPROGRESS ? SONDE_PAINT_BAD : SONDE_PAINT_CALL,
	    call_text(d, s, false, side), call_text(d, s, true, side));
	if (d->is_unix && s->ret > 0 && sonde_call_class(s->call) == SONDE_CALL_SEND)
		draw_handover(d, s, side);
}

static void draw_moved(struct sonde_rungs *d, const struct sonde_story_step *s,
		       const struct sonde_rung_side *side)
{
	const char *by = s->call ? sonde_call_name(s->call) : "io_uring";
	const char *verb = s->call		 ? ""
			   : s->arg		 ? " send"
			   : s->flags & MSG_PEEK ? " peek"
						 : " recv";

	add(d, s->when, app_place(side), SONDE_PAINT_CALL,
	    sonde_arena_print(d->arena, "%s%s%s %llu B", side->lead, by, verb,
			      (unsigned long long)s->bytes),
	    sonde_arena_print(d->arena, "%s%s %llu", side->lead, s->call ? by : "uring",
			      (unsigned long long)s->bytes));
	if (d->is_unix && s->arg)
		draw_handover(d, s, side);
}

static void draw_waiting(struct sonde_rungs *d, const struct sonde_story_step *s, size_t n,
			 const struct sonde_rung_side *side)
{
	if (s->what != SONDE_STORY_CALL || !at_return(s) || !waited(s, d->mark, n))
		return;
	add(d, s->when, app_place(side), SONDE_PAINT_FAINT,
	    sonde_arena_print(d->arena, "%s%s …", side->lead, step_name(s, false)),
	    sonde_arena_print(d->arena, "%s%s …", side->lead, step_name(s, true)));
}

static bool is_icmp(const struct sonde_story_step *s)
{
	return s->protocol == IPPROTO_ICMP || s->protocol == IPPROTO_ICMPV6;
}

static const char *icmp_type(const struct sonde_story_step *s)
{
	bool four = s->protocol == IPPROTO_ICMP;

	switch (s->type) {
	case 0: return four ? " echo reply" : "";
	case 1: return four ? "" : " unreachable";
	case 2: return four ? "" : " packet too big";
	case 3: return four ? " unreachable" : " time exceeded";
	case 8: return four ? " echo" : "";
	case 11: return four ? " time exceeded" : "";
	case 128: return four ? "" : " echo";
	case 129: return four ? "" : " echo reply";
	default: return "";
	}
}

/* "PSH ACK 14 B", in brief as tcpdump has it: "P. 14". */
static void packet_text(struct sonde_rungs *d, const struct sonde_story_step *s,
			const char **ret_text, const char **ret_brief)
{
	static const struct {
		uint16_t bit;
		char letter;
	} letters[] = { { 2, 'S' }, { 1, 'F' }, { 4, 'R' }, { 8, 'P' }, { 16, '.' } };
	char text[96], brief[64], *o = text, *b = brief;

	if (s->protocol == IPPROTO_TCP) {
		o = sonde_words_flags(o, s->flags);
		for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
			if (s->flags & letters[i].bit)
				*b++ = letters[i].letter;
	} else if (is_icmp(s)) {
		o = sonde_put_str(sonde_put_str(o, "ICMP"), icmp_type(s));
		b = sonde_put_str(b, "ICMP");
	} else {
		o = sonde_put_str(o, s->protocol == IPPROTO_UDP ? "UDP" : "IP");
	}
	if ((s->bytes && !is_icmp(s)) || s->protocol == IPPROTO_UDP) {
		if (b != brief)
			*b++ = ' ';
		b = sonde_put_dec(b, s->bytes);
		o = sonde_words_size(sonde_put_str(o, " "), s->bytes);
	}
	if (s->until > s->when + SONDE_MILLISECOND) {
		o = sonde_words_span(sonde_put_str(o, ", "), s->until - s->when);
		o = sonde_put_str(o, " on the way");
	}
	if (s->inferred)
		o = sonde_put_str(o, " ?");
	d->inferred |= s->inferred;
	*ret_text = sonde_arena_string(d->arena, text, (size_t)(o - text));
	*ret_brief = sonde_arena_string(d->arena, brief, (size_t)(b - brief));
}

static const char *short_reason(const char *name)
{
	if (name && !strncmp(name, "SKB_DROP_REASON_", 16))
		name += 16;
	return name && !strcmp(name, "SOCKET_RCVBUFF") ? "queue full" : name;
}

static void draw_packet(struct sonde_rungs *d, const struct sonde_story_step *s, bool right)
{
	const struct sonde_loss *loss = is_icmp(s) ? NULL : loss_of(flow_of(d, s), s->message);
	const char *text, *brief;
	enum sonde_paint paint = s->flags & SONDE_TCP_RST ? SONDE_PAINT_BAD : SONDE_PAINT_WIRE;

	if (loss && loss->fate == SONDE_FATE_TRUNCATED)
		loss = NULL; /* it arrived */
	packet_text(d, s, &text, &brief);
	add_arrow(d, s->when, right, loss != NULL, paint, text, brief);
	if (loss) {
		const char *why =
			loss->fate == SONDE_FATE_REFUSED ? "refused" : short_reason(loss->name);

		add(d, s->when, right ? SONDE_RUNG_FAR_KERNEL : SONDE_RUNG_KERNEL, SONDE_PAINT_BAD,
		    sonde_arena_print(d->arena, "× %s", why ? why : "dropped"), NULL);
	}
}

/* The states as the engine has them, also those that it concluded. */
static void draw_states(struct sonde_rungs *d, const struct sonde_rung_side *side)
{
	const struct sonde_steps *steps = &side->of->kernel;

	for (uint32_t i = 0; i < steps->n; i++) {
		const struct sonde_step *step = &steps->at[i];
		const char *brief = sonde_words_state_brief(step->state);

		if (step->state == SONDE_STATE_NEW_SYN_RECV ||
		    (side->listener && step->state != SONDE_STATE_LISTEN))
			continue;
		d->inferred |= step->inferred;
		add(d, step->when, kernel_place(side), SONDE_PAINT_STATE,
		    sonde_arena_print(d->arena, "%s%s%s", sonde_state_name(step->state),
				      step->inferred ? "?" : "", side->listener ? " *" : ""),
		    brief ? sonde_arena_print(d->arena, "%s%s", brief, step->inferred ? "?" : "")
			  : NULL);
	}
}

static void draw_fault(struct sonde_rungs *d, const struct sonde_story_step *s,
		       const struct sonde_rung_side *side)
{
	const char *text = "reset came", *brief = "reset", *why;
	struct sonde_phrase p;

	switch (s->what) {
	case SONDE_STORY_DROP:
		why = short_reason(s->why);
		text = sonde_arena_print(d->arena, "× %s", why ? why : "dropped");
		brief = NULL;
		break;
	case SONDE_STORY_RESET:
		why = sonde_words_reset_means(s->why, side->of);
		text = why ? sonde_arena_print(d->arena, "reset: %s", why) : "reset";
		break;
	case SONDE_STORY_ERROR:
		sonde_words_errno(sonde_phrase_begin(&p), (int)-s->ret);
		text = sonde_phrase_end(&p, d->arena);
		brief = NULL;
		break;
	}
	add(d, s->when, kernel_place(side), SONDE_PAINT_BAD, text, brief);
}

static void draw_step(struct sonde_rungs *d, const struct sonde_story_step *s,
		      const struct sonde_rung_side *side)
{
	const char *by = sonde_words_release(side->of->release);

	switch (s->what) {
	case SONDE_STORY_CALL: draw_call(d, s, side); break;
	case SONDE_STORY_MOVED: draw_moved(d, s, side); break;
	case SONDE_STORY_PACKET: draw_packet(d, s, !side->far); break;
	case SONDE_STORY_ARRIVAL: draw_packet(d, s, side->far); break;
	case SONDE_STORY_DROP:
		if (d->datagram && s->message)
			break; /* drawn where the message is */
			       /* fall through */
	case SONDE_STORY_RESET:
	case SONDE_STORY_RESET_IN:
	case SONDE_STORY_ERROR: draw_fault(d, s, side); break;
	case SONDE_STORY_PASSED:
		add(d, s->when, app_place(side), SONDE_PAINT_CALL, "passed into a message",
		    "passed");
		break;
	case SONDE_STORY_TAKEN:
		add(d, s->when, app_place(side), SONDE_PAINT_CALL,
		    sonde_arena_print(d->arena, "taken by %s", s->why ? s->why : "?"), "taken");
		break;
	case SONDE_STORY_RELEASED:
		add(d, s->when, app_place(side), SONDE_PAINT_CALL,
		    by ? sonde_arena_print(d->arena, "%sclosed (%s)", side->lead, by) : "closed",
		    by);
		break;
	default: break;
	}
}

/* Whether a step of this endpoint belongs into this ladder: its own conversation's, and what made
 * the socket. */
static bool belongs(const struct sonde_rungs *d, const struct sonde_story_step *s, bool listener)
{
	if (listener)
		return s->what == SONDE_STORY_CALL &&
		       (s->call == SONDE_CALL_SOCKET || s->call == SONDE_CALL_BIND ||
			s->call == SONDE_CALL_LISTEN);
	if (!d->datagram || !s->flow)
		return true;
	return s->flow == d->what->flow->id || (d->what->back && s->flow == d->what->back->id);
}

enum { STEPS = SONDE_STORY_HEAD + SONDE_STORY_TAIL };

/* All logs of one endpoint: its own, and of those that were found to be it. */
void sonde_rungs_collect(struct sonde_rungs *d, const struct sonde_story *story,
			 const struct sonde_rung_side *side, sonde_ns gap[2])
{
	struct sonde_story_step *step = sonde_arena_take(d->arena, STEPS * sizeof *step);

	draw_states(d, side);
	for (size_t i = 0; i < d->life->endpoints; i++) {
		size_t n;

		if (sonde_life_endpoint(d->life, (uint32_t)i + 1) != side->of)
			continue;
		n = sonde_story_read(story, (uint32_t)i + 1, step, STEPS, gap);
		for (size_t k = 0; k < n; k++)
			if (belongs(d, &step[k], side->listener))
				draw_step(d, &step[k], side);
		for (size_t k = 0, now = d->marks; !side->listener && k < n; k++)
			if (belongs(d, &step[k], false))
				draw_waiting(d, &step[k], now, side);
	}
}
