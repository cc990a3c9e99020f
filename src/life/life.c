#include "life/life.h"

#include <string.h>
#include <sys/socket.h>

#include "life/inside.h"
#include "life/words.h"

void sonde_life_init(struct sonde_life *l, struct sonde_arena *arena)
{
	*l = (struct sonde_life){ .arena = arena };
	l->inside = sonde_arena_take(arena, sizeof *l->inside);
}

void *sonde_life_grow(struct sonde_life *l, void *old, size_t n, size_t room, size_t size)
{
	void **outgrown = l->inside->outgrown, *new;
	unsigned to = 0, from = 0;

	while ((size_t)16 << to < room * size)
		to++;
	while ((size_t)16 << from < n * size)
		from++;
	if (to < SONDE_SIZES && outgrown[to]) {
		new = outgrown[to];
		memcpy(&outgrown[to], new, sizeof(void *));
	} else {
		new = sonde_arena_take(l->arena, (size_t)16 << to);
	}
	if (!n)
		return new;
	memcpy(new, old, n * size);
	if (from < SONDE_SIZES) {
		memcpy(old, &outgrown[from], sizeof(void *));
		outgrown[from] = old;
	}
	return new;
}

/* A kernel event without cookie or inode that we know: a child that was met as a packet, or a
 * socket that is closed. */
static struct sonde_endpoint *by_tuple(struct sonde_life *l, const struct sonde_event *e)
{
	unsigned protocol = e->type == SOCK_STREAM ? 6 : 17;
	struct sonde_endpoint *p;

	if (!e->local.port || !e->remote.port)
		return NULL;
	p = sonde_place_exact(l, e->netns, protocol, &e->local, &e->remote);
	if (p && p->cookie && e->cookie && p->cookie != e->cookie)
		return NULL;
	if (p && (e->cookie || e->ino) && (p->gone || p->inside->settled))
		return NULL;
	return p;
}

static bool makes(const struct sonde_event *e)
{
	switch (e->kind) {
	case SONDE_EVENT_CALL:
		return e->call != SONDE_CALL_SOCKET && e->call != SONDE_CALL_SOCKETPAIR &&
		       e->call != SONDE_CALL_CLOSE_RANGE;
	case SONDE_EVENT_DIAG:
	case SONDE_EVENT_DESTROY:
	case SONDE_EVENT_TRUNCATED:
	case SONDE_EVENT_PASS:
	case SONDE_EVENT_DROP: return false; /* of nobody we follow */
	default: return e->cookie || e->ino;
	}
}

/* The socket an event is about; NULL where it is none, or none of ours. */
static struct sonde_endpoint *whose(struct sonde_life *l, const struct sonde_event *e,
				    uint8_t *ret_how)
{
	struct sonde_endpoint *p = sonde_endpoint_find(l, e->cookie, e->ino, ret_how), *q;
	bool accepts = e->call == SONDE_CALL_ACCEPT || e->call == SONDE_CALL_ACCEPT4;
	struct sonde_event own = *e;

	if (accepts) /* the addresses are the child's */
		own.local.family = own.remote.port = 0;
	if (p && e->ino && e->cookie) {
		q = sonde_index_get(&l->inside->ino, e->ino);
		if (q && q != p)
			sonde_endpoint_absorb(l, q->sid < p->sid ? q : p, q->sid < p->sid ? p : q);
		p = sonde_life_endpoint(l, p->sid);
	}
	if (!p && e->kind == SONDE_EVENT_CALL && !e->ino && !e->cookie) {
		p = sonde_fds_get(l, e->pid, e->fd);
		*ret_how = p ? SONDE_HOW_INFERRED : SONDE_HOW_NONE;
	}
	if (!p && e->kind != SONDE_EVENT_CALL && (p = by_tuple(l, e)))
		*ret_how = SONDE_HOW_TUPLE;
	if (!p && (e->cookie || e->ino) && makes(e)) {
		p = sonde_endpoint_make(l, &own);
		*ret_how = e->cookie ? SONDE_HOW_COOKIE : SONDE_HOW_INO;
	} else if (p && !(e->kind == SONDE_EVENT_RESET_OUT && !e->cookie)) {
		sonde_endpoint_learn(l, p, &own);
	}
	return p;
}

/* It shakes hands with a listener, or waits there to be accepted. */
static void hear_waiting(struct sonde_life *l, const struct sonde_event *e,
			 struct sonde_endpoint *p)
{
	if (p->inside->accepted || p->owners || p->state)
		return; /* what was heard meanwhile is newer */
	p->seeded = true;
	sonde_connection_adopt(l, p, e->when);
	sonde_connection_of(l, p);
	if (e->state != SONDE_STATE_SYN_RECV)
		sonde_kernel_enter(l, p, SONDE_STATE_ESTABLISHED, e->when,
				   e->state != SONDE_STATE_ESTABLISHED);
	sonde_endpoint_step(l, p, e->when, e->state, false);
	sonde_milestone(l, SONDE_MILESTONE_SEEDED);
}

static void hear_seed(struct sonde_life *l, const struct sonde_event *e, struct sonde_endpoint *p)
{
	struct sonde_endpoint *peer = sonde_index_get(&l->inside->ino, e->ino2);
	struct sonde_bytes path = sonde_place_unix(e->address);

	if (!p->opened && !p->owners)
		p->seeded = true;
	sonde_fds_put(l, e, e->fd, p, e->flags & SONDE_FLAG_CLOEXEC);
	if (path.len)
		sonde_place_name(l, p, path);
	if (peer && peer != p) {
		p->peer = peer->sid;
		peer->peer = p->sid;
	}
	if (sonde_endpoint_is_stream(p) && (e->state == SONDE_STATE_LISTEN))
		p->role = SONDE_ROLE_LISTENER;
	if (sonde_endpoint_is_tcp(p) && e->state && e->state != SONDE_STATE_CLOSE && !p->state)
		sonde_endpoint_step(l, p, e->when, e->state, false);
	if (e->state == SONDE_STATE_ESTABLISHED || (sonde_endpoint_is_tcp(p) && e->remote.port))
		p->inside->established = p->inside->established ? p->inside->established : e->when;
	p->inside->accepted = true;
	sonde_milestone(l, SONDE_MILESTONE_SEEDED);
}

/* The packet that a reset of nobody's socket went to. */
static void hear_stray_reset(struct sonde_life *l, const struct sonde_event *e,
			     struct sonde_heard *ret)
{
	struct sonde_endpoint *q = sonde_place_exact(l, e->netns, 6, &e->remote, &e->local);

	sonde_milestone(l, SONDE_MILESTONE_RESET);
	if (!q)
		return;
	ret->sid2 = q->sid;
	ret->how2 = SONDE_HOW_TUPLE;
}

static void hear_socket_event(struct sonde_life *l, const struct sonde_event *e,
			      struct sonde_heard *ret)
{
	struct sonde_endpoint *p = whose(l, e, &ret->how);

	if (p)
		ret->sid = p->sid;
	else
		ret->how = SONDE_HOW_NONE;
	if (e->kind == SONDE_EVENT_CALL) {
		sonde_app_call(l, e, p);
		if (p && p->listener)
			ret->listener = p->listener;
		return;
	}
	if (!p) {
		if (e->kind == SONDE_EVENT_RESET_OUT)
			hear_stray_reset(l, e, ret);
		return;
	}
	if (p->role == SONDE_ROLE_SERVER && !p->inside->accepted)
		ret->listener = p->listener;
	switch (e->kind) {
	case SONDE_EVENT_SEED:
		if (e->fd < 0)
			hear_waiting(l, e, p);
		else
			hear_seed(l, e, p);
		break;
	case SONDE_EVENT_PASS: sonde_fds_pass(l, e, p); break;
	case SONDE_EVENT_TAKE: sonde_fds_take(l, e, p); break;
	case SONDE_EVENT_SENT: sonde_transfer_told(l, e, p, true); break;
	case SONDE_EVENT_RECEIVED: sonde_transfer_told(l, e, p, false); break;
	case SONDE_EVENT_TRUNCATED:
		p->inside->cut_had = e->n[0];
		sonde_milestone(l, SONDE_MILESTONE_TRUNCATED);
		break;
	default: sonde_kernel_event(l, e, p); break;
	}
}

static void hear_name(struct sonde_life *l, const struct sonde_event *e)
{
	if (!e->netns || !e->text.len || sonde_life_netns(l, e->netns))
		return;
	SONDE_GROW(l, l->netns, l->named, l->named_room);
	l->netns[l->named++] =
		(struct sonde_netns){ e->netns, sonde_words_escaped(l->arena, e->text) };
}

static void hear_event(struct sonde_life *l, const struct sonde_event *e, struct sonde_heard *ret)
{
	l->late += !!(e->flags & SONDE_FLAG_LATE);
	switch (e->kind) {
	case SONDE_EVENT_RUN:
		l->backend = (uint8_t)e->n[1];
		sonde_milestone(l, SONDE_MILESTONE_NOTE);
		break;
	case SONDE_EVENT_LOST: l->lost += e->n[0]; /* fall through */
	case SONDE_EVENT_BLIND:
	case SONDE_EVENT_END: sonde_milestone(l, SONDE_MILESTONE_NOTE); break;
	case SONDE_EVENT_NAME:
		if (!e->n[1])
			hear_name(l, e);
		break;
	case SONDE_EVENT_FORK: sonde_fds_fork(l, e); break;
	case SONDE_EVENT_EXEC: sonde_fds_exec(l, e); break;
	case SONDE_EVENT_EXIT: sonde_fds_exit(l, e); break;
	case SONDE_EVENT_ARRIVED: sonde_join_arrived(l, e, ret); break;
	case SONDE_EVENT_STATE: l->inside->states_seen = true; /* fall through */
	default: hear_socket_event(l, e, ret); break;
	}
}

void sonde_life_hear(struct sonde_life *l, const struct sonde_item *item, struct sonde_heard *ret)
{
	memset(ret, 0, sizeof *ret);
	l->inside->heard = ret;
	l->inside->released_n = 0;
	l->ended = sonde_item_when(item);
	if (!l->began)
		l->began = l->ended;
	if (item->is == SONDE_ITEM_FRAME) {
		ret->frame = ++l->frames;
		sonde_join_frame(l, &item->frame, ret);
	} else {
		l->events++;
		hear_event(l, &item->event, ret);
	}
	ret->released = l->inside->released;
	ret->releases = l->inside->released_n;
	l->inside->heard = NULL;
}

const char *sonde_life_netns(const struct sonde_life *l, uint32_t netns)
{
	for (uint32_t i = 0; i < l->named; i++)
		if (l->netns[i].netns == netns)
			return l->netns[i].name;
	return NULL;
}

bool sonde_life_knows(const struct sonde_life *l, uint64_t cookie)
{
	return cookie && sonde_index_get(&l->inside->cookie, cookie);
}

/* Where calls were seen, a socket without any has moved nothing; else the kernel's totals stand in.
 */
static void take_total(const struct sonde_life *l, const struct sonde_endpoint *p,
		       struct sonde_volume *v, uint64_t total)
{
	if (v->bytes != SONDE_ABSENT)
		return;
	if (l->inside->data_seen && p->opened && l->backend != SONDE_BACKEND_PTRACE) {
		v->bytes = v->messages = 0;
	} else if (total != SONDE_ABSENT) {
		v->bytes = total;
		v->total = true;
	}
}

static void end_endpoint(struct sonde_life *l, struct sonde_endpoint *p)
{
	struct sonde_endpoint *q = sonde_life_endpoint(l, p->peer);
	struct sonde_endpoint_inside *in = p->inside;

	if (in->time_wait &&
	    (!l->frames || (q && (q->inside->fin_out.state || q->inside->fin_out.frame))))
		sonde_endpoint_step(l, p, p->gone ? p->gone : in->settled, SONDE_STATE_TIME_WAIT,
				    true);
	if (p->gone && !p->release && (p->references || p->owners || !l->inside->calls_seen)) {
		/* the kernel's end was seen, the program's letting go was not */
		p->release = p->in_flight ? SONDE_RELEASE_PASSED : SONDE_RELEASE_CLOSE;
		p->release_inferred = true;
		p->closed = p->gone;
	}
	if (p->embryo) { /* what was concluded from its SYN did not come about */
		p->kernel.n = 0;
		p->state = SONDE_STATE_NONE;
	}
	if (p->role == SONDE_ROLE_SERVER && !in->accepted && p->gone && !p->closed)
		p->closed = p->gone;
	take_total(l, p, &p->sent, in->total_sent);
	take_total(l, p, &p->received, in->total_received);
	if (p->received.total && in->left <= p->received.bytes) { /* what the program got */
		p->received.bytes -= in->left;
		p->unread = in->left ? in->left : p->unread;
	}
	if (!sonde_endpoint_keeps_messages(p) && p->gone && p->payload_in != SONDE_ABSENT &&
	    p->received.bytes != SONDE_ABSENT && p->payload_in >= p->received.bytes &&
	    !p->received.total)
		p->unread = p->payload_in - p->received.bytes;
	sonde_cause_settle(l, p);
}

void sonde_life_end(struct sonde_life *l)
{
	l->inside->ended = true;
	for (size_t i = 0; i < l->endpoints; i++)
		if (!l->endpoint[i]->same)
			end_endpoint(l, l->endpoint[i]);
	sonde_datagram_end(l);
}
