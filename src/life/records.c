#include "life/records.h"

#include <netinet/in.h>
#include <sys/wait.h>

#include "base/name.h"
#include "life/argument.h"
#include "life/words.h"
#include "packet/tuple.h"

#define SCHEMA(name_)                                                                              \
	{                                                                                          \
#name_, name_##_columns, sizeof name_##_columns / sizeof *name_##_columns          \
	}

static const struct sonde_column run_columns[] = { SONDE_RUN_COLUMNS(SONDE_MEMBER_COLUMN,
								     sonde_run_record) };
static const struct sonde_column event_columns[] = { SONDE_EVENT_COLUMNS(SONDE_MEMBER_COLUMN,
									 sonde_event_record) };
static const struct sonde_column packet_columns[] = { SONDE_PACKET_COLUMNS(SONDE_MEMBER_COLUMN,
									   sonde_packet_record) };
static const struct sonde_column endpoint_columns[] = { SONDE_ENDPOINT_COLUMNS(
	SONDE_MEMBER_COLUMN, sonde_endpoint_record) };
static const struct sonde_column connection_columns[] = { SONDE_CONNECTION_COLUMNS(
	SONDE_MEMBER_COLUMN, sonde_connection_record) };

const struct sonde_schema sonde_run_schema = SCHEMA(run);
const struct sonde_schema sonde_event_schema = SCHEMA(event);
const struct sonde_schema sonde_packet_schema = SCHEMA(packet);
const struct sonde_schema sonde_endpoint_schema = SCHEMA(endpoint);
const struct sonde_schema sonde_connection_schema = SCHEMA(connection);

static uint64_t since(const struct sonde_life *life, sonde_ns when)
{
	return !when ? SONDE_ABSENT : when > life->began ? when - life->began : 0;
}

static uint64_t or_absent(uint64_t v)
{
	return v ? v : SONDE_ABSENT;
}

static const char *kept(struct sonde_arena *a, const char *at, size_t max)
{
	size_t n = strnlen(at, max);

	return n ? sonde_arena_string(a, at, n) : NULL;
}

static const char *address(struct sonde_arena *a, const struct sonde_address *at)
{
	char buf[96];

	return at->family ? sonde_arena_string(a, buf, (size_t)(sonde_put_address(buf, at) - buf))
			  : NULL;
}

bool sonde_endpoint_counts(const struct sonde_endpoint *e)
{
	return !e->same;
}

static const char *const none[] = { NULL };

void sonde_run_record_fill(struct sonde_run_record *r, struct sonde_arena *scratch,
			   const struct sonde_life *life, const struct sonde_account *account)
{
	struct sonde_count *how = sonde_arena_take(scratch, SONDE_HOW_END_ * sizeof *how);
	size_t n = 0;

	sonde_record_clear(&sonde_run_schema, r);
	r->backend = sonde_backend_name(account->backend);
	r->blind = (struct sonde_list){ account->blinds ? account->blind : none, account->blinds };
	r->lost = account->lost_all;
	r->lost_by = (struct sonde_map){ account->lost, account->losts };
	r->late = life->late;
	r->events = life->events;
	r->packets = life->frames;
	r->joined = 0;
	for (unsigned h = SONDE_HOW_COOKIE; h < SONDE_HOW_END_; h++)
		if (life->joined[h]) {
			how[n++] = (struct sonde_count){ sonde_how_name(h), life->joined[h] };
			r->joined += life->joined[h];
		}
	r->joined_by = (struct sonde_map){ how, n };
	r->ambiguous = life->ambiguous;
	r->endpoints = 0;
	for (size_t i = 0; i < life->endpoints; i++)
		r->endpoints += sonde_endpoint_counts(life->endpoint[i]);
	r->started = account->started;
	r->ended_ns = since(life, life->ended);
	r->command = account->command;
	r->left_running = account->left_running;
	if (account->had_command && WIFEXITED(account->status))
		r->exit_status = (uint64_t)WEXITSTATUS(account->status);
	if (account->had_command && WIFSIGNALED(account->status))
		r->exit_signal = sonde_name_signal(WTERMSIG(account->status));
}

static struct sonde_list flags_of(struct sonde_arena *a, unsigned flags)
{
	static const struct {
		uint16_t bit;
		const char *name;
	} all[] = {
		{ SONDE_FLAG_BLOCKED, "blocked" }, { SONDE_FLAG_NONBLOCK, "nonblock" },
		{ SONDE_FLAG_CLOEXEC, "cloexec" }, { SONDE_FLAG_TRUNC, "truncated" },
		{ SONDE_FLAG_ENTERED, "entered" }, { SONDE_FLAG_LATE, "late" },
	};
	enum { ALL = sizeof all / sizeof *all };
	const char **at = sonde_arena_take(a, ALL * sizeof *at);
	size_t n = 0;

	for (size_t i = 0; i < ALL; i++)
		if (flags & all[i].bit)
			at[n++] = all[i].name;
	return (struct sonde_list){ n ? at : NULL, n };
}

static void fill_heard(struct sonde_event_record *r, const struct sonde_heard *h)
{
	r->sid = or_absent(h->sid);
	r->sid2 = or_absent(h->sid2);
	r->how = sonde_how_name(h->how);
	r->milestone = h->milestone ? sonde_milestone_name(h->milestone) : NULL;
	r->message = or_absent(h->message);
}

static void fill_call(struct sonde_event_record *r, struct sonde_arena *scratch,
		      const struct sonde_event *e)
{
	struct sonde_event bare = *e;
	struct sonde_phrase p;

	bare.text.len = 0;
	sonde_argument_print(sonde_phrase_begin(&p), &bare);
	r->arguments = sonde_phrase_end(&p, scratch);
	r->call = sonde_call_name(e->call);
	r->fd = e->fd >= 0 ? e->fd : SONDE_ABSENT_INT;
	if (e->flags & SONDE_FLAG_ENTERED)
		return;
	if (e->ret >= 0)
		r->result = e->ret;
	if (!(e->flags & SONDE_FLAG_BLOCKED))
		r->call_took = e->took;
	if (e->ret >= 0 && (sonde_call_class(e->call) == SONDE_CALL_SEND ||
			    sonde_call_class(e->call) == SONDE_CALL_RECV))
		r->bytes = e->bytes;
}

void sonde_event_record_fill(struct sonde_event_record *r, struct sonde_arena *scratch,
			     const struct sonde_life *life, const struct sonde_event *e,
			     const struct sonde_heard *heard)
{
	struct sonde_phrase p;

	sonde_record_clear(&sonde_event_schema, r);
	fill_heard(r, heard);
	r->time_ns = since(life, e->when);
	r->event = sonde_event_name(e->kind);
	r->pid = or_absent(e->pid);
	r->tid = or_absent(e->tid);
	r->comm = kept(scratch, e->comm, sizeof e->comm);
	r->local = address(scratch, &e->local);
	r->remote = address(scratch, &e->remote);
	r->netns = or_absent(e->netns);
	r->flags = flags_of(scratch, e->flags);
	sonde_words_sockaddr(sonde_phrase_begin(&p), e->address);
	r->address = sonde_phrase_end(&p, scratch);
	if (e->ret < 0) {
		sonde_words_errno(sonde_phrase_begin(&p), (int)-e->ret);
		r->error = sonde_phrase_end(&p, scratch);
	}
	switch (e->kind) {
	case SONDE_EVENT_CALL: fill_call(r, scratch, e); break;
	case SONDE_EVENT_STATE:
		r->from = sonde_name_tcp_state(e->from);
		r->to = sonde_name_tcp_state(e->to);
		break;
	case SONDE_EVENT_SENT:
	case SONDE_EVENT_RECEIVED:
	case SONDE_EVENT_TRUNCATED: r->bytes = e->ret >= 0 ? (uint64_t)e->ret : SONDE_ABSENT; break;
	case SONDE_EVENT_DROP:
		if (e->protocol != IPPROTO_TCP) /* else it is not told */
			r->bytes = e->bytes;
		break;
	case SONDE_EVENT_SEED:
	case SONDE_EVENT_PASS:
	case SONDE_EVENT_TAKE: r->fd = e->fd; break;
	case SONDE_EVENT_ARRIVED: r->frame = or_absent(e->n[0]); break;
	default: break;
	}
	if (e->kind == SONDE_EVENT_DROP || e->kind == SONDE_EVENT_RESET_OUT)
		r->reason = sonde_words_escaped(scratch, e->text);
	else if (e->kind == SONDE_EVENT_RUN)
		r->text = sonde_account_command(scratch, e->text);
	else
		r->text = sonde_words_escaped(scratch, e->text);
}

void sonde_packet_record_fill(struct sonde_packet_record *r, struct sonde_arena *scratch,
			      const struct sonde_life *life, const struct sonde_frame *f,
			      const struct sonde_heard *heard)
{
	struct sonde_packet packet;
	struct sonde_tuple tuple;
	char buf[64];

	sonde_record_clear(&sonde_packet_schema, r);
	r->time_ns = since(life, f->when);
	r->number = or_absent(heard->frame);
	r->sid = or_absent(heard->sid);
	r->how = heard->sid ? sonde_how_name(heard->how) : NULL;
	r->sid2 = or_absent(heard->sid2);
	r->how2 = heard->sid2 ? sonde_how_name(heard->how2) : NULL;
	r->listener = or_absent(heard->listener);
	r->message = or_absent(heard->message);
	r->dir = f->dir == SONDE_DIR_OUT ? "out" : f->dir == SONDE_DIR_IN ? "in" : NULL;
	r->netns = or_absent(f->netns);
	r->interface = or_absent(f->ifindex);
	r->length = f->wire;
	r->captured = f->byte.len;
	sonde_decode_frame(&packet, f, NULL);
	if (!sonde_packet_tuple(&packet, &tuple))
		return;
	r->protocol = tuple.protocol;
	r->payload = tuple.length;
	r->src = address(scratch, &tuple.src);
	r->dst = address(scratch, &tuple.dst);
	if (tuple.has & SONDE_TUPLE_TCP)
		r->tcp_flags = sonde_arena_string(
			scratch, buf, (size_t)(sonde_words_flags(buf, tuple.flags) - buf));
}

static struct sonde_list states_of(struct sonde_arena *a, const struct sonde_steps *steps,
				   bool *ret_inferred)
{
	const char **at = sonde_arena_take(a, (steps->n + 1) * sizeof *at);

	for (uint32_t i = 0; i < steps->n; i++) {
		at[i] = sonde_state_name(steps->at[i].state);
		*ret_inferred |= steps->at[i].inferred;
	}
	return (struct sonde_list){ steps->n ? at : NULL, steps->n };
}

static void fill_calls(struct sonde_endpoint_record *r, struct sonde_arena *a,
		       const struct sonde_endpoint *e)
{
	struct sonde_count *calls, *errors;
	size_t n = 0;

	if (!e->tallies)
		return;
	calls = sonde_arena_take(a, e->tallies * sizeof *calls);
	errors = sonde_arena_take(a, e->tallies * sizeof *errors);
	r->calls_took = r->call_again = 0;
	for (uint32_t i = 0; i < e->tallies; i++) {
		const struct sonde_tally *t = &e->tally[i];

		calls[i] = (struct sonde_count){ sonde_call_name(t->call), t->n };
		if (t->errors)
			errors[n++] = (struct sonde_count){ calls[i].name, t->errors };
		r->calls_took += t->took;
		r->call_again += t->again;
	}
	r->calls = (struct sonde_map){ calls, e->tallies };
	r->call_errors = (struct sonde_map){ n ? errors : NULL, n };
}

static void fill_lists(struct sonde_endpoint_record *r, struct sonde_arena *a,
		       const struct sonde_endpoint *e)
{
	const char **owner = sonde_arena_take(a, (e->owners + 1) * sizeof *owner);
	const char **fault = sonde_arena_take(a, (e->faults + 1) * sizeof *fault);
	struct sonde_count *drop = sonde_arena_take(a, (e->drops + 1) * sizeof *drop);
	struct sonde_phrase p;

	for (uint32_t i = 0; i < e->owners; i++) {
		sonde_words_who(sonde_phrase_begin(&p), e->owner[i].comm, e->owner[i].pid);
		sonde_text_print(&p.text, " %d", e->owner[i].fd);
		owner[i] = sonde_phrase_end(&p, a);
	}
	for (uint32_t i = 0; i < e->faults; i++) {
		sonde_words_errno(sonde_phrase_begin(&p), e->fault[i].error);
		sonde_text_print(&p.text, " %s",
				 !e->fault[i].told  ? "untold"
				 : e->fault[i].call ? sonde_call_name(e->fault[i].call)
						    : "told");
		fault[i] = sonde_phrase_end(&p, a);
	}
	for (uint32_t i = 0; i < e->drops; i++) {
		const char *name = e->drop[i].name;

		drop[i].name = name ? name : sonde_arena_print(a, "%u", e->drop[i].reason);
		drop[i].n = e->drop[i].n;
	}
	r->owners = (struct sonde_list){ e->owners ? owner : NULL, e->owners };
	r->faults = (struct sonde_list){ e->faults ? fault : NULL, e->faults };
	r->drops = (struct sonde_map){ e->drops ? drop : NULL, e->drops };
}

static void fill_measures(struct sonde_endpoint_record *r, const struct sonde_life *life,
			  const struct sonde_endpoint *e)
{
	const struct sonde_timing *t = &e->timing;
	bool listener = e->role == SONDE_ROLE_LISTENER;

	r->bytes_sent = e->sent.bytes;
	r->bytes_received = e->received.bytes;
	r->messages_sent = e->sent.messages;
	r->messages_received = e->received.messages;
	r->opened_ns = since(life, e->opened);
	r->closed_ns = since(life, e->closed);
	r->gone_ns = since(life, e->gone);
	r->connect_took = t->connect;
	r->handshake_took = t->handshake;
	r->accept_wait_took = t->accept_wait;
	r->setup_took = t->setup;
	r->first_byte_took = t->first_byte;
	r->think_took = t->think;
	r->idle_max_took = t->idle_max;
	r->half_close_took = t->half_close;
	r->fin_to_close_took = t->fin_to_close;
	r->orphan_took = t->orphan;
	r->packets_out = e->packets_out;
	r->packets_in = e->packets_in;
	r->wire_out = e->wire_out;
	r->wire_in = e->wire_in;
	r->payload_out = e->payload_out;
	r->payload_in = e->payload_in;
	if (sonde_kind_is_tcp(e->kind)) {
		r->retransmits = e->retransmits;
		r->syn_retries = e->syn_retries;
	}
	r->icmp = or_absent(e->icmp);
	r->truncated = or_absent(e->truncated);
	r->unread = e->unread;
	if (listener) {
		r->backlog = or_absent(e->backlog);
		r->queued_max = e->queued_max;
		r->accepted = e->accepted;
	}
}

void sonde_endpoint_record_fill(struct sonde_endpoint_record *r, struct sonde_arena *scratch,
				const struct sonde_life *life, const struct sonde_endpoint *e)
{
	const char **inferred = sonde_arena_take(scratch, 4 * sizeof *inferred);
	bool states = false, app_states = false;
	struct sonde_phrase p;
	size_t n = 0;

	sonde_record_clear(&sonde_endpoint_schema, r);
	r->sid = e->sid;
	r->kind = sonde_kind_name(e->kind);
	r->role = sonde_role_name(e->role);
	r->family = sonde_name_family(e->family);
	r->type = e->type ? sonde_name_type(e->type) : NULL;
	r->netns = or_absent(e->netns);
	r->cookie = or_absent(e->cookie);
	r->ino = or_absent(e->ino);
	sonde_words_local(sonde_phrase_begin(&p), e);
	r->local = sonde_phrase_end(&p, scratch);
	sonde_words_remote(sonde_phrase_begin(&p), e);
	r->remote = sonde_phrase_end(&p, scratch);
	r->peer = or_absent(e->peer);
	r->listener = or_absent(e->listener);
	r->pid = or_absent(e->pid);
	r->comm = kept(scratch, e->comm, sizeof e->comm);
	r->seeded = e->seeded;
	r->states = states_of(scratch, sonde_endpoint_states(e), &states);
	r->app_states = states_of(scratch, &e->app, &app_states);
	r->close_cause = sonde_cause_name(e->cause);
	r->close_detail = e->detail;
	r->released_by = sonde_release_name(e->release);
	fill_calls(r, scratch, e);
	fill_lists(r, scratch, e);
	fill_measures(r, life, e);
	if (states)
		inferred[n++] = "states";
	if (app_states)
		inferred[n++] = "app_states";
	if (e->cause_inferred)
		inferred[n++] = "close_cause";
	if (e->release_inferred)
		inferred[n++] = "released_by";
	r->inferred = (struct sonde_list){ n ? inferred : NULL, n };
}

void sonde_connection_record_fill(struct sonde_connection_record *r, struct sonde_arena *scratch,
				  const struct sonde_life *life, const struct sonde_connection *c)
{
	const struct sonde_wire *w = &c->wire;
	const struct sonde_endpoint *server = sonde_life_endpoint(life, c->server);
	struct sonde_phrase p;

	sonde_record_clear(&sonde_connection_schema, r);
	r->id = c->id;
	r->form = "stream";
	r->kind = sonde_kind_name(c->kind);
	r->client = or_absent(c->client);
	r->server = or_absent(c->server);
	r->listener = or_absent(c->listener);
	r->netns = or_absent(c->netns);
	r->from = address(scratch, &c->from);
	r->to = address(scratch, &c->to);
	if (!r->to && server) {
		sonde_words_local(sonde_phrase_begin(&p), server);
		r->to = sonde_phrase_end(&p, scratch);
	}
	r->opened_ns = since(life, c->opened);
	r->established_ns = since(life, c->established);
	r->closed_ns = since(life, c->closed);
	r->syn_ns = since(life, w->syn[0].seen);
	r->syn_ack_ns = since(life, w->syn[1].seen);
	r->fin_client_ns = since(life, w->fin[0].seen);
	r->fin_server_ns = since(life, w->fin[1].seen);
	r->rst_client_ns = since(life, w->rst[0].seen);
	r->rst_server_ns = since(life, w->rst[1].seen);
	if (life->frames && sonde_kind_is_tcp(c->kind)) {
		r->packets_client = w->packets[0];
		r->packets_server = w->packets[1];
		r->payload_client = w->payload[0];
		r->payload_server = w->payload[1];
	}
}

static struct sonde_list losses_of(struct sonde_arena *a, const struct sonde_flow *f)
{
	static const char *const fates[] = { "unknown", "arrived", "read",     "truncated",
					     "dropped", "refused", "discarded" };
	const char **at = sonde_arena_take(a, (f->losses + 1) * sizeof *at);

	for (uint32_t i = 0; i < f->losses; i++) {
		const struct sonde_loss *l = &f->loss[i];

		at[i] = sonde_arena_print(a, "%llu-%llu %s %s %s", (unsigned long long)l->first,
					  (unsigned long long)l->last, fates[l->fate],
					  l->name ? l->name : "-",
					  l->told ? sonde_name_errno(l->told) : "untold");
	}
	return (struct sonde_list){ f->losses ? at : NULL, f->losses };
}

static struct sonde_list readers_of(struct sonde_arena *a, const struct sonde_flow *f)
{
	const char **at = sonde_arena_take(a, (f->readers + 1) * sizeof *at);

	for (uint32_t i = 0; i < f->readers; i++)
		at[i] = sonde_arena_print(a, "%u", f->reader[i]);
	return (struct sonde_list){ f->readers ? at : NULL, f->readers };
}

void sonde_flow_record_fill(struct sonde_connection_record *r, struct sonde_arena *scratch,
			    const struct sonde_life *life, const struct sonde_flow *f)
{
	struct sonde_phrase p;

	sonde_record_clear(&sonde_connection_schema, r);
	r->id = f->id;
	r->form = "datagram";
	r->kind = sonde_kind_name(f->kind);
	r->client = or_absent(f->sender);
	r->server = or_absent(f->receiver);
	r->readers = readers_of(scratch, f);
	r->netns = or_absent(f->netns);
	r->from = address(scratch, &f->from);
	r->to = address(scratch, &f->to);
	if (!r->to && f->path.len) {
		sonde_words_path(sonde_phrase_begin(&p), f->path);
		r->to = sonde_phrase_end(&p, scratch);
	}
	r->opened_ns = since(life, f->first);
	r->closed_ns = since(life, f->last);
	if (f->sender) { /* else what was sent was not seen */
		r->sent = f->sent;
		r->sent_bytes = f->sent_bytes;
		r->failed = f->failed;
	}
	if (life->frames && !sonde_kind_is_unix(f->kind))
		r->on_wire = f->on_wire;
	if (f->receiver) {
		r->arrived = f->arrived;
		r->read = f->read;
		r->read_bytes = f->read_bytes;
		r->truncated = f->truncated;
		r->discarded = f->discarded;
		r->dropped = f->dropped;
	}
	r->refused = f->refused;
	if (f->sender)
		r->unknown = f->unknown;
	r->losses = losses_of(scratch, f);
	if (f->transit_n) {
		r->transit_min_took = f->transit_min;
		r->transit_max_took = f->transit_max;
	}
	r->inferred = f->inferred;
}
