#include "packet/beside.h"

#include "base/arena.h"
#include "base/text.h"

/* clang-format off */
#define FACT(name, member, kind, unit, what) \
	{ name, unit, what, offsetof(struct sonde_beside, member), SONDE_COLUMN_##kind }

static const struct sonde_column columns[] = {
	FACT("frame.number", number, UINT, "", "place among the packets read, from 1"),
	FACT("frame.time", time, TEXT, "", "when it was captured, RFC 3339"),
	FACT("frame.len", len, UINT, "bytes", "it had on the wire"),
	FACT("frame.cap_len", cap_len, UINT, "bytes", "that the capture kept"),
	FACT("frame.linktype", linktype, UINT, "", "LINKTYPE_ number of its first layer"),
	FACT("frame.interface_id", interface, UINT, "", "number of the interface in the file"),
	FACT("frame.interface_name", interface_name, TEXT, "", "name of the interface"),
	FACT("frame.direction", direction, TEXT, "", "in or out"),
	FACT("frame.sums", sums, TEXT, "", "the kernel's word on the transport checksum: valid, or not-ready where the device fills it in"),
	FACT("frame.drop_count", dropped, UINT, "packets", "lost between the one before and this one"),
	FACT("frame.comment", comment, EACH_TEXT, "", "somebody's comment; of several any counts, and JSON has all in frame.comments"),
	FACT("frame.process.pid", pid, EACH_UINT, "", "the process it belongs to; of several any counts, and JSON has all in frame.processes"),
	FACT("frame.process.tid", tid, EACH_UINT, "", "the thread of that"),
	FACT("frame.process.name", name, EACH_TEXT, "", "what the process is called"),
	FACT("frame.process.path", path, EACH_TEXT, "", "the file it runs"),
	FACT("frame.process.cmdline", cmdline, EACH_TEXT, "", "its arguments, with spaces between them"),
	FACT("frame.process.ppid", ppid, EACH_UINT, "", "the process that started it"),
	FACT("frame.process.uid", uid, EACH_UINT, "", "whose it is"),
	FACT("frame.process.user", user, EACH_TEXT, "", "what that user is called"),
	FACT("frame.cause", cause, UINT, "", "number of the packet that an ICMP error is about"),
	FACT("frame.cause.exact", cause_exact, BOOL, "", "false: it is only the last that went the same way"),
	FACT("frame.message_frames", message_frames, TEXT, "", "numbers of the packets that brought the message which ends in this one; a list in JSON"),
	FACT("frame.file", file, TEXT, "", "the file it was read from, where there are several"),
};

const struct sonde_beside_member sonde_beside_members[] = {
	{ "frame.comments", "list of texts", "all comments, where there are several" },
	{ "frame.processes", "list of objects", "all its processes: pid, tid, name, path, cmdline, ppid, uid, user, and start, when it was started, RFC 3339" },
	{ "layers", "list of objects", "layer: the name of the header; its fields; options and other lists; wrong: the fields that disagree with the packet around them" },
	{ "reassembled", "object", "where this packet completes a datagram that came in fragments: first and last, the numbers of packets; pieces; overlap; and its layers, stop and lengths" },
	{ "stop", "text", "why there are no more layers: end, unknown, truncated, malformed, fragment, deep, more" },
	{ "data.len", "number", "bytes captured behind the last layer's header" },
	{ "padding.len", "number", "bytes captured behind the packet, by its own account" },
	{ NULL, NULL, NULL },
};
/* clang-format on */

const struct sonde_schema sonde_beside_schema = { "frame", columns,
						  sizeof columns / sizeof *columns };

void sonde_beside_take(struct sonde_beside *ret, const struct sonde_frame *f, uint64_t number)
{
	*ret = (struct sonde_beside){
		.number = number,
		.len = f->wire,
		.cap_len = f->byte.len,
		.linktype = f->link,
		.interface = f->ifindex,
		.direction = f->dir == SONDE_DIR_IN    ? "in"
			     : f->dir == SONDE_DIR_OUT ? "out"
						       : NULL,
		.sums = f->sum == SONDE_SUM_VALID	? "valid"
			: f->sum == SONDE_SUM_NOT_READY ? "not-ready"
							: NULL,
		.dropped = SONDE_ABSENT,
		.cause = SONDE_ABSENT,
		.cause_exact = 2,
	};
}

static void add_number(struct sonde_numbers *to, uint64_t *at, uint64_t v)
{
	if (v == SONDE_ABSENT)
		return;
	at[to->n++] = v;
	to->at = at;
}

static void add_text(struct sonde_list *to, const char **at, const char *text)
{
	if (!text)
		return;
	at[to->n++] = text;
	to->at = at;
}

void sonde_beside_processes(struct sonde_beside *b, struct sonde_arena *a,
			    const struct sonde_beside_process *process, size_t n)
{
	uint64_t *number = sonde_arena_take(a, 4 * n * sizeof *number);
	const char **text = sonde_arena_take(a, 4 * n * sizeof *text);

	b->process = process;
	b->processes = n;
	for (size_t i = 0; i < n; i++) {
		add_number(&b->pid, number, process[i].pid);
		add_number(&b->tid, number + n, process[i].tid);
		add_number(&b->ppid, number + 2 * n, process[i].ppid);
		add_number(&b->uid, number + 3 * n, process[i].uid);
		add_text(&b->name, text, process[i].name);
		add_text(&b->path, text + n, process[i].path);
		add_text(&b->cmdline, text + 2 * n, process[i].cmdline);
		add_text(&b->user, text + 3 * n, process[i].user);
	}
}

bool sonde_beside_is_of(const struct sonde_beside *b, const char *who)
{
	char pid[24];

	for (size_t i = 0; i < b->processes; i++) {
		const struct sonde_beside_process *p = &b->process[i];

		*sonde_put_dec(pid, p->pid) = 0;
		if (!strcmp(pid, who) || (p->name && !strcmp(p->name, who)))
			return true;
	}
	return false;
}
