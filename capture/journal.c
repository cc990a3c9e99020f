#include "capture/journal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>

#include "base/name.h"
#include "base/reason.h"
#include "capture/escape.h"

/* A journal entry of ours:
 *
 *   __REALTIME_TIMESTAMP   microseconds since 1970      } those that Wireshark knows by type,
 *   MESSAGE                a sentence                   } so that systemd_journal.pid==77,
 *   CODE_FUNC              the call, else the event     } .session_id==3, .code_func=="connect"
 *   ERRNO SESSION_ID       of a failure; the socket     } and .errno==111 work as filters
 *   _PID _COMM             the task, or the socket's owner
 *   _EXE                   EXEC: its text
 *   SYSLOG_IDENTIFIER      sonde
 *   SONDE_SID2             struct sonde_writer_note
 *   SONDE_*                struct sonde_event, the rows below; what is 0 (fd: -1) is left out
 *   SONDE_COMM SONDE_LOCAL SONDE_REMOTE SONDE_ADDRESS SONDE_TEXT
 *
 * Rows: NAME, member, when it is written. Read back are CODE_FUNC, _PID, _COMM, _EXE and all SONDE_
 * fields but SID2. A later field wins; a missing TID is the PID, a missing FAMILY that of LOCAL.
 */
/* clang-format off */
#define ROWS(U, I) \
	U("TS",       when,       true) \
	U("CALL",     call,       e->call && !called) \
	U("PID",      pid,        e->pid != pid) \
	U("TID",      tid,        e->tid != e->pid) \
	U("TOOK",     took,       e->took) \
	I("FD",       fd,         e->fd != -1) \
	I("FD2",      fd2,        e->fd2 != -1) \
	I("RET",      ret,        e->ret) \
	U("BYTES",    bytes,      e->bytes) \
	I("ARG0",     arg[0],     e->arg[0]) \
	I("ARG1",     arg[1],     e->arg[1]) \
	I("ARG2",     arg[2],     e->arg[2]) \
	U("N0",       n[0],       e->n[0]) \
	U("N1",       n[1],       e->n[1]) \
	U("N2",       n[2],       e->n[2]) \
	U("FROM",     from,       e->from) \
	U("TO",       to,         e->to) \
	U("REASON",   reason,     e->reason) \
	U("FLAGS",    flags,      e->flags) \
	U("CPU",      cpu,        e->cpu) \
	U("FAMILY",   family,     e->family != e->local.family) \
	U("TYPE",     type,       e->type) \
	U("PROTOCOL", protocol,   e->protocol) \
	U("STATE",    state,      e->state) \
	U("NETNS",    netns,      e->netns) \
	U("INO",      ino,        e->ino) \
	U("COOKIE",   cookie,     e->cookie) \
	U("INO2",     ino2,       e->ino2) \
	U("COOKIE2",  cookie2,    e->cookie2)
/* clang-format on */

enum {
	BLOCK = 9,
	HEAD = 16 << 10, /* more than all but the address and the text can need */
	MESSAGE_MOST = 1000,
	PART = 4096,
};

/* One line, whatever is in it; UTF-8 passes. */
static char *put_line(char *o, const char *s)
{
	for (size_t n = 0; *s && n < MESSAGE_MOST; s++, n++) {
		if ((uint8_t)*s >= 0x20 && *s != 0x7f)
			*o++ = *s;
		else
			o = sonde_escape_put(o, (const uint8_t *)s, 1, 0x20);
	}
	return o;
}

static char *put_sentence(char *o, const struct sonde_event *e)
{
	if (e->kind == SONDE_EVENT_STATE) {
		o = sonde_put_str(o, sonde_name_tcp_state(e->from));
		o = SONDE_PUT_LIT(o, " -> ");
		return sonde_put_str(o, sonde_name_tcp_state(e->to));
	}
	if (e->kind != SONDE_EVENT_CALL) {
		o = sonde_put_str(o, sonde_event_name(e->kind));
		if (e->kind == SONDE_EVENT_FORK || e->text.len)
			*o++ = ' ';
		if (e->kind == SONDE_EVENT_FORK)
			o = sonde_put_dec(o, e->n[0]);
		return sonde_escape_put(o, e->text.at, e->text.len < 200 ? e->text.len : 200, 0x20);
	}
	o = sonde_put_str(o, sonde_call_name(e->call));
	*o++ = '(';
	if (e->fd != -1)
		o = sonde_put_int(o, e->fd);
	*o++ = ')';
	if (e->remote.family) {
		*o++ = ' ';
		o = sonde_put_address(o, &e->remote);
	}
	o = SONDE_PUT_LIT(o, " = ");
	if (e->ret >= 0 || e->ret <= -4096)
		return sonde_put_int(o, e->ret);
	o = SONDE_PUT_LIT(o, "-1 ");
	return sonde_put_str(o, sonde_name_errno((int)-e->ret));
}

/* As people read it; where that would lose something, the family's number and a slash stand in
 * front of an IPv6 form, which loses nothing. */
static char *put_address(char *o, const struct sonde_address *a)
{
	static const uint8_t zero[12];
	struct sonde_address as6 = *a;

	if (a->family == AF_INET && !a->scope && !memcmp(a->ip + 4, zero, 12))
		return sonde_put_address(o, a);
	if (a->family != AF_INET6) {
		o = sonde_put_dec(o, a->family);
		*o++ = '/';
	}
	as6.family = AF_INET6;
	return sonde_put_address(o, &as6);
}

static size_t comm_len(const char *comm)
{
	size_t n = 16;

	while (n && !comm[n - 1])
		n--;
	return n;
}

/* The fields Wireshark knows, and what the engine told. Returns through ret_pid what _PID says. */
static char *put_known(char *o, const struct sonde_event *e, const struct sonde_writer_note *note,
		       int64_t clock, bool called, uint32_t *ret_pid)
{
	size_t own = comm_len(e->comm);
	const char *comm = own || !note->comm ? e->comm : note->comm;

	o = SONDE_PUT_LIT(o, "__REALTIME_TIMESTAMP=");
	o = sonde_put_dec(o, (e->when + (uint64_t)clock) / 1000);
	o = SONDE_PUT_LIT(o, "\nMESSAGE=");
	o = note->message ? put_line(o, note->message) : put_sentence(o, e);
	o = SONDE_PUT_LIT(o, "\nCODE_FUNC=");
	o = sonde_put_str(o, called ? sonde_call_name(e->call) : sonde_event_name(e->kind));
	if (e->ret < 0 && e->ret > -4096) {
		o = SONDE_PUT_LIT(o, "\nERRNO=");
		o = sonde_put_dec(o, (uint64_t)-e->ret);
	}
	if (note->sid) {
		o = SONDE_PUT_LIT(o, "\nSESSION_ID=");
		o = sonde_put_dec(o, note->sid);
	}
	if ((*ret_pid = e->pid ? e->pid : note->pid)) {
		o = SONDE_PUT_LIT(o, "\n_PID=");
		o = sonde_put_dec(o, *ret_pid);
	}
	if (own || note->comm) {
		o = SONDE_PUT_LIT(o, "\n_COMM=");
		o = sonde_escape_put(o, (const uint8_t *)comm, own ? own : strnlen(comm, 16), 0x20);
	}
	if (!own && note->comm)
		o = SONDE_PUT_LIT(o, "\nSONDE_COMM=");
	if (note->sid2) {
		o = SONDE_PUT_LIT(o, "\nSONDE_SID2=");
		o = sonde_put_dec(o, note->sid2);
	}
	return SONDE_PUT_LIT(o, "\nSYSLOG_IDENTIFIER=sonde\n");
}

static char *put_fields(char *o, const struct sonde_event *e, const struct sonde_writer_note *note,
			int64_t clock)
{
	bool called = e->kind == SONDE_EVENT_CALL && e->call > SONDE_CALL_NONE &&
		      e->call < SONDE_CALL_END_;
	static const struct sonde_address none;
	uint32_t pid;

	o = put_known(o, e, note, clock, called, &pid);
#define U(name, member, when)                                                                      \
	if (when) {                                                                                \
		o = SONDE_PUT_LIT(o, "SONDE_" name "=");                                           \
		o = sonde_put_dec(o, e->member);                                                   \
		*o++ = '\n';                                                                       \
	}
#define I(name, member, when)                                                                      \
	if (when) {                                                                                \
		o = SONDE_PUT_LIT(o, "SONDE_" name "=");                                           \
		o = sonde_put_int(o, e->member);                                                   \
		*o++ = '\n';                                                                       \
	}
	ROWS(U, I)
#undef U
#undef I
	if (memcmp(&e->local, &none, sizeof none)) {
		o = put_address(SONDE_PUT_LIT(o, "SONDE_LOCAL="), &e->local);
		*o++ = '\n';
	}
	if (memcmp(&e->remote, &none, sizeof none)) {
		o = put_address(SONDE_PUT_LIT(o, "SONDE_REMOTE="), &e->remote);
		*o++ = '\n';
	}
	return o;
}

/* A field that may be longer than the buffer has room for at once. */
struct piece {
	const char *name; /* with its = */
	struct sonde_bytes value;
};

static size_t piece_len(const struct piece *p)
{
	return p->value.len
		       ? strlen(p->name) + sonde_escape_len(p->value.at, p->value.len, 0x20) + 1
		       : 0;
}

static void piece_write(struct sonde_text *t, const struct piece *p)
{
	const uint8_t *at = p->value.at;
	char *o;

	if (!p->value.len)
		return;
	sonde_text_end(t, sonde_put_str(sonde_text_room(t, 64), p->name));
	for (size_t left = p->value.len, part; left; left -= part, at += part) {
		part = left < PART ? left : PART;
		o = sonde_text_room(t, 4 * part);
		sonde_text_end(t, sonde_escape_put(o, at, part, 0x20));
	}
	o = sonde_text_room(t, 1);
	*o = '\n';
	sonde_text_end(t, o + 1);
}

static struct sonde_bytes at_most(struct sonde_bytes b, size_t most)
{
	return (struct sonde_bytes){ b.at, b.len < most ? b.len : most };
}

void sonde_journal_write(struct sonde_text *t, const struct sonde_event *e,
			 const struct sonde_writer_note *note, int64_t clock)
{
	static const struct sonde_writer_note nothing;
	struct piece address = { "SONDE_ADDRESS=", at_most(e->address, SONDE_WRITER_ADDRESS_MOST) };
	struct piece text = { e->kind == SONDE_EVENT_EXEC ? "_EXE=" : "SONDE_TEXT=",
			      at_most(e->text, SONDE_WRITER_TEXT_MOST) };
	size_t more = piece_len(&address) + piece_len(&text);
	char *block = sonde_text_room(t, HEAD);
	char *o = put_fields(block + 8, e, note ? note : &nothing, clock);
	uint32_t body = (uint32_t)(o - block + more), len = ((body + 3) & ~3u) + 4;
	uint32_t begin[2] = { BLOCK, len };

	memcpy(block, begin, 8);
	sonde_text_end(t, o);
	piece_write(t, &address);
	piece_write(t, &text);
	o = sonde_text_room(t, 8);
	memset(o, 0, 4);
	o += len - 4 - body;
	memcpy(o, &len, 4);
	sonde_text_end(t, o + 4);
}

/* clang-format off */
static const struct row {
	const char *name;
	uint8_t len, size, negative;
	uint16_t at;
} rows[] = {
#define M(member) sizeof(((struct sonde_event *)0)->member)
#define U(name, member, when)                                                                      \
	{ name, sizeof name - 1, M(member), 0, offsetof(struct sonde_event, member) },
#define I(name, member, when)                                                                      \
	{ name, sizeof name - 1, M(member), 1, offsetof(struct sonde_event, member) },
	ROWS(U, I)
#undef U
#undef I
};
/* clang-format on */

enum { ROWS_ = sizeof rows / sizeof *rows };

static bool number(const uint8_t *s, size_t len, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned digit = s[i] - (unsigned)'0';

		if (digit > 9 || (i > 18 && (__builtin_mul_overflow(v, 10, &v) ||
					     __builtin_add_overflow(v, digit, &v))))
			return false;
		if (i <= 18)
			v = v * 10 + digit;
	}
	*ret = v;
	return len > 0;
}

/* The row's member from text; false where it is no number or too large. */
static bool row_set(const struct row *row, struct sonde_event *e, const uint8_t *s, size_t len)
{
	bool minus = row->negative && len && *s == '-';
	unsigned bits = row->size * 8u - row->negative;
	void *at = (char *)e + row->at;
	uint64_t v;

	if (!number(s + minus, len - minus, &v) || (v - minus) >> (bits - 1) > 1)
		return false;
	v = minus ? 0 - v : v;
	switch (row->size) {
	case 1: *(uint8_t *)at = (uint8_t)v; break;
	case 2: *(uint16_t *)at = (uint16_t)v; break;
	case 4: *(uint32_t *)at = (uint32_t)v; break;
	default: *(uint64_t *)at = v; break;
	}
	return true;
}

/* What put_address wrote. */
static bool get_address(const uint8_t *s, size_t len, struct sonde_address *ret)
{
	char word[INET6_ADDRSTRLEN + 32], *at = word, *colon, *scope, *close;
	struct sonde_address a = { .family = AF_INET };
	uint64_t v;

	if (!len || len >= sizeof word || memchr(s, 0, len))
		return false;
	memcpy(word, s, len);
	word[len] = 0;
	colon = strrchr(word, ':');
	if (!colon || !number((uint8_t *)colon + 1, strlen(colon + 1), &v) || v > UINT16_MAX)
		return false;
	a.port = (uint16_t)v;
	*colon = 0;
	if ((close = strchr(at, '/'))) {
		if (!number((uint8_t *)at, (size_t)(close - at), &v) || v > UINT16_MAX)
			return false;
		a.family = (uint16_t)v;
		at = close + 1;
		if (*at != '[')
			return false;
	} else if (*at == '[') {
		a.family = AF_INET6;
	}
	if (*at != '[') {
		*ret = a;
		return !strcmp(at, "*") || inet_pton(AF_INET, at, ret->ip) == 1;
	}
	close = strchr(++at, ']');
	if (!close || close[1])
		return false;
	*close = 0;
	if ((scope = strchr(at, '%'))) {
		*scope = 0;
		if (!number((uint8_t *)scope + 1, strlen(scope + 1), &v) || v > UINT32_MAX)
			return false;
		a.scope = (uint32_t)v;
	}
	*ret = a;
	return inet_pton(AF_INET6, at, ret->ip) == 1;
}

static bool get_bytes(uint8_t *s, size_t len, struct sonde_bytes *ret)
{
	ssize_t n = sonde_escape_undo(s, len);

	*ret = (struct sonde_bytes){ n > 0 ? s : NULL, n > 0 ? (size_t)n : 0 };
	return n >= 0;
}

static bool get_comm(uint8_t *s, size_t len, char comm[16])
{
	struct sonde_bytes b;

	if (!get_bytes(s, len, &b) || b.len > 16)
		return false;
	memset(comm, 0, 16);
	if (b.len)
		memcpy(comm, b.at, b.len);
	return true;
}

struct entry {
	struct sonde_event *event;
	unsigned next; /* row that is likely next: fields come in the order of the rows */
	bool timed, has_tid, has_family;
};

#define IS(name) (n == sizeof(name) - 1 && !memcmp(key, name, n))

/* A field after SONDE_; true where it is good or unknown. */
static bool get_own(struct entry *y, const uint8_t *key, size_t n, uint8_t *s, size_t len)
{
	struct sonde_event *e = y->event;

	if (IS("LOCAL"))
		return get_address(s, len, &e->local);
	if (IS("REMOTE"))
		return get_address(s, len, &e->remote);
	if (IS("ADDRESS"))
		return get_bytes(s, len, &e->address);
	if (IS("TEXT"))
		return get_bytes(s, len, &e->text);
	if (IS("COMM"))
		return get_comm(s, len, e->comm);
	for (unsigned k = 0; k < ROWS_; k++) {
		unsigned i = (y->next + k) % ROWS_;

		if (rows[i].len != n || memcmp(rows[i].name, key, n))
			continue;
		y->next = i + 1;
		y->timed |= rows[i].at == offsetof(struct sonde_event, when);
		y->has_tid |= rows[i].at == offsetof(struct sonde_event, tid);
		y->has_family |= rows[i].at == offsetof(struct sonde_event, family);
		return row_set(&rows[i], e, s, len);
	}
	return true;
}

static bool get_field(struct entry *y, const uint8_t *key, size_t n, uint8_t *s, size_t len)
{
	struct sonde_event *e = y->event;
	uint64_t v;

	if (n > 6 && !memcmp(key, "SONDE_", 6))
		return get_own(y, key + 6, n - 6, s, len);
	if (IS("_PID")) {
		if (!number(s, len, &v) || v > UINT32_MAX)
			return false;
		e->pid = (uint32_t)v;
	} else if (IS("CODE_FUNC")) {
		e->call = (uint8_t)sonde_call_find((char *)s, len);
		e->kind = e->call ? SONDE_EVENT_CALL : (uint16_t)sonde_event_find((char *)s, len);
	} else if (IS("_COMM")) {
		return get_comm(s, len, e->comm);
	} else if (IS("_EXE")) {
		return get_bytes(s, len, &e->text);
	}
	return true;
}

int sonde_journal_read(uint8_t *at, size_t len, struct sonde_event *ret)
{
	struct entry y = { .event = ret };
	uint8_t *end = at + len;
	bool good = true;

	*ret = (struct sonde_event){ .fd = -1, .fd2 = -1 };
	while (at < end && *at) { /* zeros fill the block up */
		uint8_t *line = memchr(at, '\n', (size_t)(end - at));
		uint8_t *value = line ? memchr(at, '=', (size_t)(line - at)) : NULL;
		uint64_t size;

		if (!line)
			good = false;
		if (!line)
			break;
		if (value) {
			good &= get_field(&y, at, (size_t)(value - at), value + 1,
					  (size_t)(line - value - 1));
			at = line + 1;
			continue;
		}
		/* NAME, then a length of 8 bytes, little endian, the value and a newline. Not ours.
		 */
		if (end - line < 10)
			break;
		memcpy(&size, line + 1, 8);
		size = le64toh(size);
		if (size > (uint64_t)(end - line - 10))
			break;
		at = line + 10 + size;
	}
	if (!y.timed)
		return 0;
	if (!y.has_tid)
		ret->tid = ret->pid;
	if (!y.has_family)
		ret->family = ret->local.family;
	return !good ? SONDE_DAMAGED : ret->kind ? 1 : SONDE_UNSUPPORTED;
}
