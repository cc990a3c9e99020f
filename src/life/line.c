#include "life/line.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/name.h"
#include "life/words.h"
#include "packet/tuple.h"

enum { STAMP = 11, SID = 5, WHO = 18 }; /* columns before the words begin */

int sonde_line_classes(const char *words, unsigned *ret, const char **ret_bad)
{
	static const struct {
		const char *name;
		unsigned bits;
	} known[] = {
#define L(id, name, what) { name, SONDE_LINE_##id },
		SONDE_LINES(L)
#undef L
		{ "all", SONDE_LINE_ALL }, { "usual", SONDE_LINE_USUAL }, { "none", 0 },
	};
	unsigned bits = 0;

	for (const char *at = words, *end;; at = end + 1) {
		size_t i = 0, n = sizeof known / sizeof *known;

		end = at + strcspn(at, ",");
		while (i < n && (strncmp(known[i].name, at, (size_t)(end - at)) ||
				 known[i].name[end - at]))
			i++;
		if (i == n || end == at) {
			*ret_bad = at;
			return -EINVAL;
		}
		bits |= known[i].bits;
		if (!*end)
			break;
	}
	*ret = bits;
	return 0;
}

/* The line at hand: a line of at most some 4,000 bytes is written without a flush in between. */
struct pen {
	const struct sonde_line *line;
	struct sonde_text *t;
	size_t from; /* of this line, in t */
};

static void paint(struct pen *p, enum sonde_paint what)
{
	if (p->line->palette)
		sonde_text_str(p->t, p->line->palette[what]);
}

static void pad_to(struct pen *p, size_t from, unsigned columns)
{
	size_t n = sonde_text_columns(p->t->at + from, p->t->len - from);

	do
		sonde_text_bytes(p->t, " ", 1);
	while (++n < columns);
}

static void begin(struct pen *p, sonde_ns when, uint32_t sid, const char comm[16], uint32_t pid)
{
	sonde_ns began = p->line->life->began;
	char stamp[64], *end = sonde_words_stamp(stamp, (int64_t)(when - began));
	size_t from;

	sonde_text_room(p->t, 4096);
	paint(p, SONDE_PAINT_FAINT);
	for (long n = end - stamp; n < STAMP; n++)
		sonde_text_bytes(p->t, " ", 1);
	sonde_text_bytes(p->t, stamp, (size_t)(end - stamp));
	paint(p, SONDE_PAINT_PLAIN);
	sonde_text_str(p->t, "  ");
	paint(p, SONDE_PAINT_WHO);
	from = p->t->len;
	if (sid)
		sonde_text_print(p->t, "#%u", sid);
	pad_to(p, from, SID);
	from = p->t->len;
	if (pid || *comm)
		sonde_words_who(p->t, comm, pid);
	pad_to(p, from, WHO);
	paint(p, SONDE_PAINT_PLAIN);
}

static void end(struct pen *p)
{
	sonde_text_bytes(p->t, "\n", 1);
}

#define say(p, ...) sonde_text_print((p)->t, __VA_ARGS__)
#define put(p, s)   sonde_text_str((p)->t, s)

static void span(struct pen *p, uint64_t ns)
{
	sonde_text_end(p->t, sonde_words_span(sonde_text_room(p->t, 32), ns));
}

static void means(struct pen *p, const char *lead, const char *what)
{
	if (!what)
		return;
	paint(p, SONDE_PAINT_FAINT);
	put(p, lead);
	put(p, what);
	paint(p, SONDE_PAINT_PLAIN);
}

static void error(struct pen *p, int e)
{
	paint(p, SONDE_PAINT_BAD);
	sonde_words_errno(p->t, e);
	paint(p, SONDE_PAINT_PLAIN);
	means(p, ": ", sonde_words_errno_means(e));
}

/* " 127.0.0.1:5000 <- 127.0.0.1:41714", as far as known. */
static void ends(struct pen *p, const struct sonde_endpoint *e, const char *arrow)
{
	size_t before;

	put(p, " ");
	sonde_words_local(p->t, e);
	before = p->t->len;
	put(p, arrow);
	sonde_words_remote(p->t, e);
	if (p->t->len == before + strlen(arrow))
		p->t->len = before;
}

static const char *const shut_how[] = { "receiving", "sending", "both directions" };

static void say_accept(struct pen *p, const struct sonde_event *e, const struct sonde_heard *h)
{
	const struct sonde_endpoint *child = sonde_life_endpoint(p->line->life, h->sid2);

	say(p, "%s = %lld", sonde_call_name(e->call), (long long)e->ret);
	if (!child)
		return;
	put(p, ":");
	ends(p, child, " <- ");
	say(p, ", from listener #%u", h->sid);
	if (child->timing.accept_wait != SONDE_ABSENT) {
		put(p, ", waited ");
		span(p, child->timing.accept_wait);
		put(p, " in the queue");
	}
}

static void say_moved(struct pen *p, const struct sonde_event *e, const char *lead)
{
	char *o;

	if (e->kind == SONDE_EVENT_CALL)
		say(p, "%s: %s ", lead, sonde_call_name(e->call));
	else
		say(p, "%s: ", lead);
	o = sonde_text_room(p->t, 32);
	sonde_text_end(p->t, sonde_words_size(o, e->kind == SONDE_EVENT_CALL ? e->bytes
									     : (uint64_t)e->ret));
}

static void say_target(struct pen *p, const struct sonde_event *e, const struct sonde_endpoint *s)
{
	size_t before = p->t->len + 1;

	put(p, " ");
	sonde_words_sockaddr(p->t, e->address);
	if (p->t->len == before && s)
		sonde_words_remote(p->t, s);
	if (p->t->len == before)
		p->t->len--;
}

/* "close", "exit" ... of the reference that went last. */
static void say_released(struct pen *p, const struct sonde_endpoint *s, sonde_ns when)
{
	const char *by = sonde_release_name(s->release);

	say(p, "closed%s%s", by && s->release != SONDE_RELEASE_CLOSE ? " by " : "",
	    by && s->release != SONDE_RELEASE_CLOSE ? by : "");
	if (s->release_inferred)
		put(p, " (inferred)");
	if (s->opened && when > s->opened) {
		put(p, " after ");
		span(p, when - s->opened);
	}
	if (s->cause && s->cause != SONDE_CAUSE_OPEN && s->cause != SONDE_CAUSE_CLOSED) {
		means(p, ", ", sonde_cause_name(s->cause));
		means(p, ": ", s->detail);
	}
}

static void say_app(struct pen *p, const struct sonde_event *e, const struct sonde_heard *h,
		    const struct sonde_endpoint *s)
{
	const char *call = e->kind == SONDE_EVENT_CALL ? sonde_call_name(e->call)
						       : sonde_event_name(e->kind);

	paint(p, SONDE_PAINT_CALL);
	switch (h->milestone) {
	case SONDE_MILESTONE_MADE:
		if (e->fd2 >= 0)
			say(p, "%s = %d and %d: %s, other end #%u", call, e->fd, e->fd2,
			    s ? sonde_kind_name(s->kind) : "socket", h->sid2);
		else
			say(p, "%s = %lld: %s", call, (long long)e->ret,
			    s ? sonde_kind_name(s->kind) : "socket");
		break;
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
	case SONDE_MILESTONE_CONNECTED:
		put(p, e->call == SONDE_CALL_CONNECT ? call : "connected");
		say_target(p, e, s);
		if (s && s->timing.connect != SONDE_ABSENT) {
			put(p, ", took ");
			span(p, s->timing.connect);
		}
		break;
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
		say(p, "%s: %s ends", call, e->arg[0] >= 0 && e->arg[0] < 3 ? shut_how[e->arg[0]] : "?");
		break;
	case SONDE_MILESTONE_END_OF_STREAM:
		say(p, "%s = 0: end of stream, the peer sends no more", call);
		break;
	case SONDE_MILESTONE_FAILED:
		put(p, call);
		if (e->call == SONDE_CALL_CONNECT || e->call == SONDE_CALL_BIND ||
		    sonde_call_class(e->call) == SONDE_CALL_SEND)
			say_target(p, e, s);
		put(p, " = ");
		error(p, (int)-e->ret);
		break;
	case SONDE_MILESTONE_PASSED:
		say(p, "descriptor %d passed into a message", e->fd);
		break;
	case SONDE_MILESTONE_TAKEN:
		say(p, "descriptor %d taken out of a message", e->fd);
		break;
	case SONDE_MILESTONE_SEEDED:
		say(p, "was there before: %s, descriptor %d,", s ? sonde_kind_name(s->kind) : "socket",
		    e->fd);
		if (s)
			ends(p, s, " -> ");
		break;
	case SONDE_MILESTONE_RELEASED:
		if (s)
			say_released(p, s, e->when);
		break;
	default: put(p, call);
	}
	paint(p, SONDE_PAINT_PLAIN);
}

static void say_kernel(struct pen *p, const struct sonde_event *e, const struct sonde_heard *h,
		       const struct sonde_endpoint *s)
{
	paint(p, SONDE_PAINT_STATE);
	switch (h->milestone) {
	case SONDE_MILESTONE_STATE:
		say(p, "%s -> %s", sonde_name_tcp_state(e->from), sonde_name_tcp_state(e->to));
		means(p, "  ", sonde_words_state_means(e->to));
		break;
	case SONDE_MILESTONE_ERROR:
		put(p, "error left on the socket: ");
		error(p, (int)-e->ret);
		break;
	case SONDE_MILESTONE_RESET:
		paint(p, SONDE_PAINT_BAD);
		if (e->kind == SONDE_EVENT_RESET_OUT) {
			const char *why = sonde_words_reset_means(e->text);

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

static void say_drop(struct pen *p, const struct sonde_event *e, const struct sonde_heard *h,
		     const struct sonde_endpoint *s)
{
	const struct sonde_endpoint *sender = sonde_life_endpoint(p->line->life, h->sid2);
	char name[64];
	const char *why;

	paint(p, SONDE_PAINT_BAD);
	if (e->kind == SONDE_EVENT_TRUNCATED) {
		say(p, "message cut: %lld of %llu B read, the rest is lost", (long long)e->ret,
		    (unsigned long long)e->n[0]);
		paint(p, SONDE_PAINT_PLAIN);
		return;
	}
	if (e->kind != SONDE_EVENT_DROP) { /* a receive that said MSG_TRUNC */
		put(p, "message cut to the buffer, the rest is lost");
		paint(p, SONDE_PAINT_PLAIN);
		return;
	}
	say(p, "dropped %llu B", (unsigned long long)e->bytes);
	if (e->remote.family) {
		put(p, " from ");
		sonde_text_end(p->t, sonde_put_address(sonde_text_room(p->t, 80), &e->remote));
	}
	*(char *)mempcpy(name, e->text.at, e->text.len < 63 ? e->text.len : 63) = 0;
	why = sonde_words_drop_means(name);
	put(p, ": ");
	put(p, why ? why : "reason ");
	if (e->text.len) {
		put(p, why ? " (" : "");
		sonde_text_escape(p->t, e->text.at, e->text.len);
		put(p, why ? ")" : "");
	} else if (!why) {
		say(p, "%u", e->reason);
	}
	paint(p, SONDE_PAINT_PLAIN);
	if (s && sonde_kind_is_datagram(s->kind)) {
		put(p, "; the sender");
		if (sender) {
			say(p, " #%u ", sender->sid);
			sonde_words_who(p->t, sender->comm, sender->pid);
		}
		put(p, " is not told");
	}
}

static void say_process(struct pen *p, const struct sonde_event *e)
{
	int status = (int)e->arg[0];

	switch (e->kind) {
	case SONDE_EVENT_FORK:
		say(p, "forked process %llu", (unsigned long long)e->n[0]);
		break;
	case SONDE_EVENT_EXEC:
		put(p, "runs ");
		sonde_text_escape(p->t, e->text.at, e->text.len);
		break;
	default:
		if (WIFSIGNALED(status))
			say(p, "killed by SIG%s", sonde_name_signal(WTERMSIG(status)));
		else
			say(p, "exited with %d", WEXITSTATUS(status));
	}
}

static void say_note(struct pen *p, const struct sonde_event *e)
{
	switch (e->kind) {
	case SONDE_EVENT_RUN:
		put(p, "run begins");
		for (size_t i = 0, from = 0; i < e->text.len; i++)
			if (!e->text.at[i] || i + 1 == e->text.len) {
				put(p, from ? " " : ": ");
				sonde_text_escape(p->t, e->text.at + from,
						  i - from + (e->text.at[i] != 0));
				from = i + 1;
			}
		break;
	case SONDE_EVENT_BLIND:
		paint(p, SONDE_PAINT_WARN);
		put(p, "not seen in this run: ");
		sonde_text_escape(p->t, e->text.at, e->text.len);
		break;
	case SONDE_EVENT_LOST:
		paint(p, SONDE_PAINT_BAD);
		say(p, "%llu events lost before here, by ", (unsigned long long)e->n[0]);
		sonde_text_escape(p->t, e->text.at, e->text.len);
		break;
	default: put(p, "run ends");
	}
	paint(p, SONDE_PAINT_PLAIN);
}

/* One packet; which endpoints it ties is said by their sids. */
static void say_packet(struct pen *p, const struct sonde_frame *f, const struct sonde_heard *h)
{
	struct sonde_packet packet;
	struct sonde_tuple t;

	paint(p, SONDE_PAINT_WIRE);
	put(p, "wire: ");
	sonde_decode_link(&packet, f->byte.at, (uint32_t)f->byte.len, f->wire, f->link);
	if (!sonde_packet_tuple(&packet, &t)) {
		say(p, "%u B that are no IP packet", f->wire);
		paint(p, SONDE_PAINT_PLAIN);
		return;
	}
	if (t.has & SONDE_TUPLE_TCP)
		sonde_text_end(p->t, sonde_words_flags(sonde_text_room(p->t, 48), t.flags));
	else if (t.protocol == IPPROTO_UDP)
		put(p, t.fragment == SONDE_FRAGMENT_LATER ? "UDP fragment" : "UDP");
	else if (t.has & SONDE_TUPLE_ICMP)
		say(p, "ICMP type %u code %u", t.type, t.code);
	else
		say(p, "protocol %u", t.protocol);
	if (t.length || !(t.has & SONDE_TUPLE_TCP))
		say(p, " %u B", t.length);
	put(p, " ");
	sonde_text_end(p->t, sonde_put_address(sonde_text_room(p->t, 80), &t.src));
	put(p, " -> ");
	sonde_text_end(p->t, sonde_put_address(sonde_text_room(p->t, 80), &t.dst));
	if (h->sid2)
		say(p, " #%u", h->sid2);
	else if (h->listener && h->listener != h->sid)
		say(p, " #%u", h->listener);
	if (h->message)
		say(p, ", message %llu", (unsigned long long)h->message);
	if (h->how == SONDE_HOW_INFERRED || h->how2 == SONDE_HOW_INFERRED)
		put(p, " (inferred)");
	paint(p, SONDE_PAINT_PLAIN);
}

/* name(descriptor, what matters) = result <duration> */
static void say_call(struct pen *p, const struct sonde_event *e, const struct sonde_heard *h)
{
	const struct sonde_endpoint *child;
	bool data = sonde_call_class(e->call) == SONDE_CALL_SEND ||
		    sonde_call_class(e->call) == SONDE_CALL_RECV;

	paint(p, SONDE_PAINT_CALL);
	say(p, "%s(", sonde_call_name(e->call));
	if (e->call == SONDE_CALL_SOCKET || e->call == SONDE_CALL_SOCKETPAIR)
		say(p, "%s, %s", sonde_name_family((unsigned)e->arg[0]),
		    sonde_name_type((unsigned)e->arg[1] & 15));
	else
		say(p, "%d", e->fd);
	if (data && e->text.len) {
		put(p, ", \"");
		sonde_text_escape(p->t, e->text.at, e->text.len);
		put(p, e->text.len < e->bytes ? "\"..." : "\"");
	}
	if (data && e->arg[1] >= 0)
		say(p, ", %lld", (long long)e->arg[1]);
	if (e->address.len) {
		put(p, ", ");
		sonde_words_sockaddr(p->t, e->address);
	}
	if (e->call == SONDE_CALL_LISTEN)
		say(p, ", %lld", (long long)e->arg[0]);
	else if (e->call == SONDE_CALL_SHUTDOWN)
		put(p, e->arg[0] == 0 ? ", SHUT_RD" : e->arg[0] == 1 ? ", SHUT_WR" : ", SHUT_RDWR");
	put(p, ")");
	if (e->flags & SONDE_FLAG_ENTERED) {
		put(p, " ...");
	} else if (e->ret < 0) {
		put(p, " = -1 ");
		paint(p, SONDE_PAINT_BAD);
		sonde_words_errno(p->t, (int)-e->ret);
	} else {
		say(p, " = %lld", (long long)e->ret);
		if (e->fd2 >= 0 && e->call == SONDE_CALL_SOCKETPAIR)
			say(p, " [%d, %d]", e->fd, e->fd2);
	}
	paint(p, SONDE_PAINT_PLAIN);
	if (!(e->flags & (SONDE_FLAG_ENTERED | SONDE_FLAG_BLOCKED))) {
		paint(p, SONDE_PAINT_FAINT);
		put(p, " <");
		span(p, e->took);
		put(p, ">");
		paint(p, SONDE_PAINT_PLAIN);
	}
	child = h->milestone == SONDE_MILESTONE_ACCEPTED ? sonde_life_endpoint(p->line->life, h->sid2)
							 : NULL;
	if (child) {
		say(p, " #%u", child->sid);
		ends(p, child, " <- ");
	}
}

static unsigned class_of(const struct sonde_heard *h)
{
	switch (h->milestone) {
	case SONDE_MILESTONE_NONE: return 0;
	case SONDE_MILESTONE_STATE:
	case SONDE_MILESTONE_ERROR:
	case SONDE_MILESTONE_RESET:
	case SONDE_MILESTONE_RETRANSMIT:
	case SONDE_MILESTONE_GONE: return SONDE_LINE_KERNEL;
	case SONDE_MILESTONE_WIRE: return SONDE_LINE_WIRE;
	case SONDE_MILESTONE_DROPPED:
	case SONDE_MILESTONE_TRUNCATED: return SONDE_LINE_DROPS;
	case SONDE_MILESTONE_PROCESS: return SONDE_LINE_PROCESS;
	case SONDE_MILESTONE_NOTE: return SONDE_LINE_NOTES;
	default: return SONDE_LINE_APP;
	}
}

/* An exit, an exec or a close_range can end several sockets at once: a line for each. */
static unsigned print_released(struct pen *p, const struct sonde_event *e,
			       const struct sonde_heard *h)
{
	unsigned lines = 0;

	if (!(p->line->classes & (SONDE_LINE_APP | SONDE_LINE_CALLS)))
		return 0;
	for (size_t i = 0; i < h->releases; i++) {
		const struct sonde_endpoint *s = sonde_life_endpoint(p->line->life, h->released[i]);

		if (!s || (h->milestone == SONDE_MILESTONE_RELEASED && s->sid == h->sid))
			continue;
		begin(p, e->when, s->sid, e->comm, e->pid);
		paint(p, SONDE_PAINT_CALL);
		say_released(p, s, e->when);
		paint(p, SONDE_PAINT_PLAIN);
		end(p);
		lines++;
	}
	return lines;
}

static unsigned print_event(struct pen *p, const struct sonde_event *e, const struct sonde_heard *h)
{
	unsigned class = class_of(h), classes = p->line->classes;
	const struct sonde_endpoint *s;
	bool call = e->kind == SONDE_EVENT_CALL && classes & SONDE_LINE_CALLS;
	bool drop = class == SONDE_LINE_DROPS && classes & class;
	uint32_t sid = h->milestone == SONDE_MILESTONE_ACCEPTED && !call && h->sid2 ? h->sid2 : h->sid;
	unsigned lines = 0;

	if (!(call && !drop) && !(class & classes) && !h->releases)
		return 0;
	s = sonde_life_endpoint(p->line->life, h->sid);
	if (call || class & classes) {
		bool owned = e->kind == SONDE_EVENT_CALL || e->flags & SONDE_FLAG_TASK || e->pid;
		bool known = s && !owned;

		if (class != SONDE_LINE_WIRE || (classes & SONDE_LINE_PACKETS) == 0) {
			begin(p, e->when, sid, known ? s->comm : e->comm, known ? s->pid : e->pid);
			if (call && !drop)
				say_call(p, e, h);
			else if (class == SONDE_LINE_APP)
				say_app(p, e, h, s);
			else if (class == SONDE_LINE_KERNEL)
				say_kernel(p, e, h, s);
			else if (class == SONDE_LINE_DROPS)
				say_drop(p, e, h, s);
			else if (class == SONDE_LINE_PROCESS)
				say_process(p, e);
			else if (class == SONDE_LINE_NOTES)
				say_note(p, e);
			else
				say(p, "wire: packet %llu seen at the other end",
				    (unsigned long long)h->frame);
			end(p);
			lines++;
		}
	}
	return lines + print_released(p, e, h);
}

unsigned sonde_line_print(const struct sonde_line *l, const struct sonde_item *item,
			  const struct sonde_heard *h)
{
	struct pen p = { .line = l, .t = l->text };
	const struct sonde_endpoint *s;

	if (item->is == SONDE_ITEM_EVENT)
		return print_event(&p, &item->event, h);
	if (!(l->classes & SONDE_LINE_PACKETS) &&
	    !(l->classes & SONDE_LINE_WIRE && h->milestone == SONDE_MILESTONE_WIRE))
		return 0;
	s = sonde_life_endpoint(l->life, h->sid);
	begin(&p, item->frame.when, h->sid, s ? s->comm : "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", s ? s->pid : 0);
	say_packet(&p, &item->frame, h);
	end(&p);
	return 1;
}
