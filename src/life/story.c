#include "life/story.h"

#include <errno.h>
#include <string.h>

#include "life/words.h"
#include "packet/tuple.h"

void sonde_story_init(struct sonde_story *story, struct sonde_arena *arena, size_t most)
{
	*story = (struct sonde_story){ .arena = arena, .most = most ? most : 200000 };
}

static struct sonde_story_log *log_of(struct sonde_story *story, uint32_t sid)
{
	while (sid > story->log_room) {
		size_t more = story->log_room ? story->log_room : 64;

		story->log = sonde_arena_grow(story->arena, story->log, story->log_room, more,
					      sizeof *story->log);
		story->log_room += more;
	}
	if (sid > story->logs)
		story->logs = sid;
	return &story->log[sid - 1];
}

static void add(struct sonde_story *story, uint32_t sid, const struct sonde_story_step *step)
{
	struct sonde_story_log *log;

	if (!sid)
		return;
	log = log_of(story, sid);
	if (log->heads < SONDE_STORY_HEAD) {
		if (log->heads == log->room) {
			uint32_t more = log->room ? log->room : 12;

			if (story->kept + more > story->most) {
				story->refused++;
				log->steps++;
				return;
			}
			log->head = sonde_arena_grow(story->arena, log->head, log->heads, more,
						     sizeof *log->head);
			log->room += more;
			story->kept += more;
		}
		log->head[log->heads++] = *step;
	} else {
		if (!log->tail && story->kept + SONDE_STORY_TAIL <= story->most) {
			log->tail = sonde_arena_take(story->arena,
						     SONDE_STORY_TAIL * sizeof *log->tail);
			story->kept += SONDE_STORY_TAIL;
		}
		if (log->tail)
			log->tail[(log->steps - SONDE_STORY_HEAD) % SONDE_STORY_TAIL] = *step;
		else
			story->refused++;
	}
	log->steps++;
}

/* The call has begun before we came: what the socket told of its bytes was its doing. */
static void forget_moved(struct sonde_story *story, uint32_t sid,
			 const struct sonde_story_step *call)
{
	struct sonde_story_log *log = sid && sid <= story->logs ? &story->log[sid - 1] : NULL;

	for (uint32_t i = log ? log->heads : 0;
	     i-- && log->head[i].when + SONDE_SECOND > call->until;)
		if (log->head[i].what == SONDE_STORY_MOVED && log->head[i].bytes == call->bytes) {
			log->head[i].what = 0;
			return;
		}
}

static void hear_call(struct sonde_story *story, const struct sonde_event *e,
		      const struct sonde_heard *h)
{
	enum sonde_call_class class = sonde_call_class(e->call);
	bool data = class == SONDE_CALL_SEND || class == SONDE_CALL_RECV;
	struct sonde_story_step s = {
		.when = e->when - (e->flags & SONDE_FLAG_BLOCKED ? 0 : e->took),
		.until = e->when,
		.ret = e->ret,
		.bytes = data ? e->bytes : 0,
		.what = SONDE_STORY_CALL,
		.call = e->call,
		.flow = h->flow ? h->flow->id : 0,
		.message = h->message,
		.other = h->sid2,
		.flags = class == SONDE_CALL_RECV ? (uint32_t)e->arg[0] : 0,
		.arg = e->call == SONDE_CALL_SHUTDOWN || e->call == SONDE_CALL_LISTEN
			       ? (int32_t)e->arg[0]
			       : e->fd,
	};

	if (e->call == SONDE_CALL_GETSOCKOPT && h->milestone) { /* what a connect came to */
		s.ret = -e->arg[2];
		add(story, h->sid, &s);
	}
	if (class == SONDE_CALL_ASK || class == SONDE_CALL_FILE || e->flags & SONDE_FLAG_ENTERED)
		return;
	if ((e->ret == -EAGAIN || e->ret == -EINTR) && class != SONDE_CALL_SEND)
		return; /* polling */
	if ((e->call == SONDE_CALL_CLOSE || e->call == SONDE_CALL_CLOSE_RANGE) &&
	    h->milestone != SONDE_MILESTONE_RELEASED && !h->releases)
		return; /* a copy of the descriptor: the socket lives on */
	if (data && e->flags & SONDE_FLAG_BLOCKED)
		forget_moved(story, h->sid, &s);
	add(story, h->sid, &s);
	if (h->milestone == SONDE_MILESTONE_ACCEPTED || e->call == SONDE_CALL_SOCKETPAIR)
		add(story, h->sid2, &s);
}

static const char *word(struct sonde_story *story, struct sonde_bytes text)
{
	return text.len && story->kept < story->most
		       ? sonde_arena_string(story->arena, text.at, text.len)
		       : NULL;
}

static void hear_released(struct sonde_story *story, const struct sonde_event *e,
			  const struct sonde_heard *h)
{
	struct sonde_story_step s = { .when = e->when, .what = SONDE_STORY_RELEASED };

	for (size_t i = 0; i < h->releases; i++)
		if (e->kind != SONDE_EVENT_CALL || h->released[i] != h->sid)
			add(story, h->released[i], &s);
}

/* A sight of a frame that is known: its arrival, if it came to the other end. */
static void hear_arrived(struct sonde_story *story, const struct sonde_event *e,
			 const struct sonde_heard *h)
{
	struct sonde_story_log *log;
	size_t n;

	if (!h->sid || h->sid > story->logs)
		return;
	log = &story->log[h->sid - 1];
	if (log->steps > SONDE_STORY_HEAD && log->tail) {
		uint64_t tails = log->steps - SONDE_STORY_HEAD;

		n = tails < SONDE_STORY_TAIL ? tails : SONDE_STORY_TAIL;
		for (size_t i = 0; i < n; i++)
			if (log->tail[i].frame == e->n[0])
				log->tail[i].until = e->when;
	}
	for (n = log->heads; n; n--)
		if (log->head[n - 1].frame == e->n[0]) {
			log->head[n - 1].until = e->when;
			break;
		} else if (log->head[n - 1].when + SONDE_SECOND < e->when) {
			break;
		}
}

static void hear_frame(struct sonde_story *story, const struct sonde_frame *f,
		       const struct sonde_heard *h)
{
	struct sonde_packet packet;
	struct sonde_tuple t;
	struct sonde_story_step s = {
		.when = f->when,
		.what = h->sid ? SONDE_STORY_PACKET : SONDE_STORY_ARRIVAL,
		.frame = h->frame,
		.flow = h->flow ? h->flow->id : 0,
		.message = h->message,
		.other = h->sid2 ? h->sid2 : h->listener,
		.inferred = h->how == SONDE_HOW_INFERRED,
	};

	if (!h->sid && !h->sid2)
		return;
	sonde_decode_frame(&packet, f, NULL);
	if (!sonde_packet_tuple(&packet, &t))
		return;
	s.bytes = t.length;
	s.flags = t.flags;
	s.protocol = t.protocol;
	s.type = t.type;
	add(story, h->sid ? h->sid : h->sid2, &s);
}

void sonde_story_hear(struct sonde_story *story, const struct sonde_item *item,
		      const struct sonde_heard *h)
{
	const struct sonde_event *e = &item->event;
	struct sonde_story_step s = { .when = e->when, .ret = e->ret, .other = h->sid2 };

	if (item->is == SONDE_ITEM_FRAME) {
		hear_frame(story, &item->frame, h);
		return;
	}
	if (h->releases)
		hear_released(story, e, h);
	switch (e->kind) {
	case SONDE_EVENT_CALL: hear_call(story, e, h); return;
	case SONDE_EVENT_ARRIVED: hear_arrived(story, e, h); return;
	case SONDE_EVENT_DROP:
		s.what = SONDE_STORY_DROP;
		s.bytes = e->bytes;
		s.why = word(story, e->text);
		s.flow = h->flow ? h->flow->id : 0;
		s.message = h->message;
		break;
	case SONDE_EVENT_RESET_OUT:
		s.what = SONDE_STORY_RESET;
		s.why = word(story, e->text);
		break;
	case SONDE_EVENT_RESET_IN: s.what = SONDE_STORY_RESET_IN; break;
	case SONDE_EVENT_ERROR:
		if (!h->milestone) /* its own reset leaves one as well: nobody did that to it */
			return;
		s.what = SONDE_STORY_ERROR;
		break;
	case SONDE_EVENT_PASS: s.what = SONDE_STORY_PASSED; break;
	case SONDE_EVENT_TAKE: {
		struct sonde_phrase p;

		sonde_words_who(sonde_phrase_begin(&p), e->comm, e->pid);
		s.what = SONDE_STORY_TAKEN;
		s.why = story->kept < story->most ? sonde_phrase_end(&p, story->arena) : NULL;
		break;
	}
	case SONDE_EVENT_SENT:
	case SONDE_EVENT_RECEIVED:
		if (e->ret < 0)
			return;
		s.what = SONDE_STORY_MOVED;
		s.call = e->fd < 0 ? SONDE_CALL_NONE : SONDE_CALL_SPLICE;
		s.arg = e->kind == SONDE_EVENT_SENT;
		s.bytes = (uint64_t)e->ret;
		s.flags = (uint32_t)e->arg[0];
		s.flow = h->flow ? h->flow->id : 0;
		s.message = h->message;
		break;
	default: return;
	}
	add(story, h->sid, &s);
}

size_t sonde_story_read(const struct sonde_story *story, uint32_t sid, struct sonde_story_step *ret,
			size_t room, sonde_ns io_gap[2])
{
	const struct sonde_story_log *log = sid && sid <= story->logs ? &story->log[sid - 1] : NULL;
	uint64_t tails;
	size_t n = 0;

	if (!log)
		return 0;
	for (uint32_t i = 0; i < log->heads && n < room; i++)
		ret[n++] = log->head[i];
	tails = log->tail ? log->steps - SONDE_STORY_HEAD : 0;
	if (tails > SONDE_STORY_TAIL || (!log->tail && log->steps > log->heads)) {
		const struct sonde_story_step *next =
			log->tail ? &log->tail[tails % SONDE_STORY_TAIL] : NULL;
		sonde_ns last = log->heads ? log->head[log->heads - 1].when : 0;

		io_gap[0] = last < io_gap[0] ? last : io_gap[0];
		if (!next)
			io_gap[1] = UINT64_MAX;
		else if (next->when > io_gap[1])
			io_gap[1] = next->when;
	}
	for (uint64_t i = tails > SONDE_STORY_TAIL ? tails - SONDE_STORY_TAIL : 0;
	     i < tails && n < room; i++)
		ret[n++] = log->tail[i % SONDE_STORY_TAIL];
	return n;
}
