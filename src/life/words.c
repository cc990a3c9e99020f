#include "life/words.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/name.h"

char *sonde_words_stamp(char *o, int64_t ns)
{
	uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;

	if (ns < 0)
		*o++ = '-';
	o = sonde_put_dec(o, v / SONDE_SECOND);
	*o++ = '.';
	return sonde_put_dec_padded(o, v % SONDE_SECOND / 1000, 6);
}

/* Three digits of v, which counts thousandths of the unit. */
static char *put_three(char *o, uint64_t v, const char *unit)
{
	unsigned decimals = v < 10000 ? 2 : v < 100000 ? 1 : 0;
	uint64_t cut = decimals == 2 ? 10 : decimals == 1 ? 100 : 1000;

	v = v / cut;
	cut = 1000 / cut;
	o = sonde_put_dec(o, v / cut);
	if (decimals) {
		*o++ = '.';
		o = sonde_put_dec_padded(o, v % cut, decimals);
	}
	return sonde_put_str(o, unit);
}

char *sonde_words_span(char *o, uint64_t ns)
{
	return ns < 1000		? sonde_put_str(sonde_put_dec(o, ns), " ns")
	       : ns < SONDE_MILLISECOND ? put_three(o, ns, " us")
	       : ns < SONDE_SECOND	? put_three(o, ns / 1000, " ms")
					: put_three(o, ns / 1000000, " s");
}

char *sonde_words_size(char *o, uint64_t n)
{
	return n < 100000	? sonde_put_str(sonde_put_dec(o, n), " B")
	       : n < 1000000	? put_three(o, n, " kB")
	       : n < 1000000000 ? put_three(o, n / 1000, " MB")
				: put_three(o, n / 1000000, " GB");
}

char *sonde_words_flags(char *o, unsigned tcp)
{
	static const struct {
		uint16_t bit;
		char name[6];
	} flags[] = { { 2, " SYN" },  { 1, " FIN" },  { 4, " RST" },  { 8, " PSH" },
		      { 16, " ACK" }, { 32, " URG" }, { 64, " ECE" }, { 128, " CWR" } };
	bool any = false;

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (tcp & flags[i].bit) {
			o = sonde_put_str(o, flags[i].name + !any);
			any = true;
		}
	return any ? o : sonde_put_str(o, "none");
}

void sonde_words_who(struct sonde_text *t, const char comm[16], uint32_t pid)
{
	sonde_text_escape(t, comm, strnlen(comm, 16));
	if (pid)
		sonde_text_print(t, "[%u]", pid);
	else if (!*comm)
		sonde_text_str(t, "?");
}

void sonde_words_netns(struct sonde_text *t, const struct sonde_life *life, uint32_t netns)
{
	const char *name = sonde_life_netns(life, netns);

	if (name)
		sonde_text_str(t, name);
	else
		sonde_text_print(t, "%u", netns);
}

const char *sonde_words_escaped(struct sonde_arena *a, struct sonde_bytes s)
{
	size_t cap = 4 * s.len + SONDE_TEXT_SLACK + 32;
	struct sonde_text t;

	if (!s.len)
		return NULL;
	sonde_text_init(&t, sonde_arena_take(a, cap), cap, NULL, NULL);
	sonde_text_escape(&t, s.at, s.len);
	t.at[t.len] = 0;
	return t.at;
}

void sonde_words_path(struct sonde_text *t, struct sonde_bytes path)
{
	if (!path.len) {
		sonde_text_str(t, "unnamed");
	} else if (!path.at[0]) {
		sonde_text_str(t, "@");
		sonde_text_escape(t, path.at + 1, path.len - 1);
	} else {
		sonde_text_escape(t, path.at, path.len);
	}
}

static void put_address(struct sonde_text *t, const struct sonde_address *a)
{
	sonde_text_end(t, sonde_put_address(sonde_text_room(t, 80), a));
}

static void put_name(struct sonde_text *t, const struct sonde_address *a, struct sonde_bytes path)
{
	if (a->family)
		put_address(t, a);
	else if (path.len)
		sonde_words_path(t, path);
}

void sonde_words_local(struct sonde_text *t, const struct sonde_endpoint *e)
{
	put_name(t, &e->local, e->path);
}

void sonde_words_remote(struct sonde_text *t, const struct sonde_endpoint *e)
{
	if (!e->remote.family || !sonde_address_is_any(&e->remote) || e->remote.port)
		put_name(t, &e->remote, e->peer_path);
}

void sonde_words_sockaddr(struct sonde_text *t, struct sonde_bytes at)
{
	struct sonde_address a = { 0 };
	uint16_t family;

	if (at.len < 2)
		return;
	memcpy(&family, at.at, 2);
	if (family == AF_INET && at.len >= 8) {
		a.family = family;
		a.port = (uint16_t)sonde_load(at.at + 2, 2);
		memcpy(a.ip, at.at + 4, 4);
		put_address(t, &a);
	} else if (family == AF_INET6 && at.len >= 24) {
		a.family = family;
		a.port = (uint16_t)sonde_load(at.at + 2, 2);
		memcpy(a.ip, at.at + 8, 16);
		if (at.len >= 28)
			memcpy(&a.scope, at.at + 24, 4); /* in the machine's own order */
		put_address(t, &a);
	} else if (family == AF_UNIX) {
		struct sonde_bytes path = { at.at + 2, at.len - 2 };

		if (path.len && path.at[0])
			path.len = strnlen((const char *)path.at, path.len);
		sonde_words_path(t, path);
	} else if (family == AF_UNSPEC) {
		sonde_text_str(t, "nobody");
	}
}

void sonde_words_errno(struct sonde_text *t, int error)
{
	const char *name = sonde_name_errno(error);

	if (*name == '?')
		sonde_text_print(t, "errno %d", error);
	else
		sonde_text_str(t, name);
}

const char *sonde_words_errno_means(int error)
{
	switch (error) {
	case EACCES: return "not allowed";
	case EADDRINUSE: return "the address is taken";
	case EADDRNOTAVAIL: return "no such address here, or no free port";
	case EAFNOSUPPORT: return "the address is of another family";
	case EAGAIN: return "would have to wait";
	case EALREADY: return "the connect before is still under way";
	case EBADF: return "no such descriptor";
	case ECONNABORTED: return "the connection was aborted";
	case ECONNREFUSED: return "nobody listens there";
	case ECONNRESET: return "the peer reset the connection";
	case EDESTADDRREQ: return "no destination was given";
	case EHOSTUNREACH: return "the host cannot be reached";
	case EINPROGRESS: return "under way";
	case EINTR: return "interrupted by a signal";
	case EISCONN: return "it is connected already";
	case EMFILE: return "too many open descriptors";
	case EMSGSIZE: return "too long for one message";
	case ENETUNREACH: return "no route to that network";
	case ENOBUFS: return "no buffer space";
	case ENOENT: return "no such path";
	case ENOTCONN: return "it is not connected";
	case EPERM: return "not permitted, often by a firewall rule";
	case EPIPE: return "this direction is closed already";
	case ETIMEDOUT: return "no answer in time";
	default: return NULL;
	}
}

const char *sonde_words_state_means(unsigned state)
{
	switch (state) {
	case SONDE_STATE_LISTEN: return "waits for connections";
	case SONDE_STATE_SYN_SENT: return "asked for a connection";
	case SONDE_STATE_SYN_RECV: return "was asked, and answered";
	case SONDE_STATE_ESTABLISHED: return "both may send";
	case SONDE_STATE_FIN_WAIT1: return "sent its FIN: will send no more";
	case SONDE_STATE_FIN_WAIT2: return "its FIN was acknowledged; the peer may still send";
	case SONDE_STATE_CLOSE_WAIT: return "the peer's FIN came: it will send no more";
	case SONDE_STATE_LAST_ACK: return "sent its FIN too, waits for the last ACK";
	case SONDE_STATE_CLOSING: return "both FINs crossed on their way";
	case SONDE_STATE_TIME_WAIT: return "keeps the port from late segments";
	default: return NULL;
	}
}

const char *sonde_words_state_brief(unsigned state)
{
	switch (state) {
	case SONDE_STATE_ESTABLISHED: return "ESTAB";
	case SONDE_STATE_SYN_SENT: return "SYN_S";
	case SONDE_STATE_SYN_RECV: return "SYN_R";
	case SONDE_STATE_FIN_WAIT1: return "FIN_W1";
	case SONDE_STATE_FIN_WAIT2: return "FIN_W2";
	case SONDE_STATE_TIME_WAIT: return "TIME_W";
	case SONDE_STATE_CLOSE_WAIT: return "CLOSE_W";
	case SONDE_STATE_LAST_ACK: return "LAST_A";
	default: return NULL;
	}
}

const char *sonde_words_drop_means(const char *name)
{
	static const struct {
		const char *name, *means;
	} reasons[] = {
		{ "SOCKET_RCVBUFF", "the receive buffer was full" },
		{ "PROTO_MEM", "the protocol's memory was used up" },
		{ "NO_SOCKET", "no socket was there" },
		{ "UDP_CSUM", "its checksum was wrong" },
		{ "TCP_CSUM", "its checksum was wrong" },
		{ "SOCKET_FILTER", "the socket's own filter refused it" },
		{ "NETFILTER_DROP", "a firewall rule dropped it" },
		{ "PKT_TOO_SMALL", "it was too short" },
		{ "TCP_OLD_DATA", "it was old data" },
		{ "TCP_OFOMERGE", "it was there already" },
		{ "TCP_ZEROWINDOW", "the receive window was closed" },
		{ "TCP_OVERWINDOW", "it was beyond the receive window" },
		{ "TCP_CLOSE", "the connection was closed" },
		{ "TCP_ABORT_ON_DATA", "data came after the close" },
		{ "TCP_INVALID_SEQUENCE", "its sequence number was outside the window" },
		{ "SOCKET_BACKLOG", "the socket's backlog was full" },
		{ "TCP_LISTEN_OVERFLOW", "the accept queue was full" },
		{ "QDISC_DROP", "the queue of the interface was full" },
	};

	if (name && !strncmp(name, "SKB_DROP_REASON_", 16))
		name += 16;
	for (size_t i = 0; name && i < sizeof reasons / sizeof *reasons; i++)
		if (!strcmp(name, reasons[i].name))
			return reasons[i].means;
	return NULL;
}

const char *sonde_words_reset_means(const char *name, const struct sonde_endpoint *e)
{
	static const struct {
		const char *name, *means;
	} reasons[] = {
		{ "TCP_ABORT_ON_CLOSE", "closed with unread data" },
		{ "TCP_ABORT_ON_LINGER", "closed with linger 0" },
		{ "TCP_ABORT_ON_DATA", "data came after the close" },
		{ "TCP_ABORT_ON_MEMORY", "too little memory" },
		{ "TCP_DISCONNECT_WITH_DATA", "disconnected with data under way" },
		{ "TCP_KEEPALIVE_TIMEOUT", "no answer to keepalives" },
		{ "TCP_STATE", "closed with linger 0, or disconnected" },
		{ "TCP_TIMEWAIT_SOCKET", "a segment came for a closed connection" },
		{ "NO_SOCKET", "nobody listens there" },
	};

	if (name && !strncmp(name, "SK_RST_REASON_", 14))
		name += 14;
	if (name && !strcmp(name, "TCP_STATE") && e && e->role == SONDE_ROLE_SERVER && !e->opened &&
	    !e->seeded)
		return "its listener closed before it was accepted";
	for (size_t i = 0; name && i < sizeof reasons / sizeof *reasons; i++)
		if (!strcmp(reasons[i].name, name))
			return reasons[i].means;
	return NULL;
}

const char *sonde_words_release(unsigned release)
{
	switch (release) {
	case SONDE_RELEASE_EXIT: return "exit";
	case SONDE_RELEASE_EXEC: return "exec";
	case SONDE_RELEASE_KILL: return "killed";
	case SONDE_RELEASE_PASSED: return "in a lost message";
	default: return NULL;
	}
}

void sonde_words_owner(struct sonde_text *t, const struct sonde_endpoint *e)
{
	if (e->cause == SONDE_CAUSE_NEVER_ACCEPTED && !e->pid)
		sonde_text_str(t, "nobody");
	else
		sonde_words_who(t, e->comm, e->pid);
}

void sonde_words_end(struct sonde_text *t, const struct sonde_endpoint *e, const char *mark)
{
	const char *by = sonde_words_release(e->release);

	if (!e->cause)
		return;
	sonde_text_str(t, sonde_cause_name(e->cause));
	if (e->cause_inferred)
		sonde_text_str(t, mark);
	if (by)
		sonde_text_print(t, " (%s)", by);
	if (e->detail)
		sonde_text_print(t, ", %s", e->detail);
}

const struct sonde_step *sonde_words_step(const struct sonde_endpoint *e, sonde_ns when)
{
	for (uint32_t i = e ? e->kernel.n : 0; i; i--)
		if (e->kernel.at[i - 1].when == when &&
		    e->kernel.at[i - 1].state < SONDE_STATE_APP_)
			return &e->kernel.at[i - 1];
	return NULL;
}

bool sonde_kind_is_tcp(unsigned kind)
{
	return kind == SONDE_KIND_TCP4 || kind == SONDE_KIND_TCP6;
}

bool sonde_kind_is_stream(unsigned kind)
{
	return sonde_kind_is_tcp(kind) || kind == SONDE_KIND_UNIX_STREAM ||
	       kind == SONDE_KIND_UNIX_SEQPACKET;
}

bool sonde_kind_is_datagram(unsigned kind)
{
	return kind == SONDE_KIND_UDP4 || kind == SONDE_KIND_UDP6 || kind == SONDE_KIND_UNIX_DGRAM;
}

bool sonde_kind_is_unix(unsigned kind)
{
	return kind == SONDE_KIND_UNIX_STREAM || kind == SONDE_KIND_UNIX_DGRAM ||
	       kind == SONDE_KIND_UNIX_SEQPACKET;
}

struct sonde_text *sonde_phrase_begin(struct sonde_phrase *p)
{
	sonde_text_init(&p->text, p->buf, sizeof p->buf, NULL, NULL);
	return &p->text;
}

const char *sonde_phrase_end(struct sonde_phrase *p, struct sonde_arena *a)
{
	return p->text.len ? sonde_arena_string(a, p->buf, p->text.len) : NULL;
}
