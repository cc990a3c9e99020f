#include "packet/beside.h"

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
	FACT("frame.comment", comment, TEXT, "", "somebody's comment"),
	FACT("frame.process.pid", pid, UINT, "", "the process it belongs to"),
	FACT("frame.process.name", process, TEXT, "", "what that is called"),
	FACT("frame.cause", cause, UINT, "", "number of the packet that an ICMP error is about"),
	FACT("frame.cause.exact", cause_exact, BOOL, "", "false: it is only the last that went the same way"),
	FACT("frame.message_frames", message_frames, TEXT, "", "numbers of the packets that brought the message which ends in this one; a list in JSON"),
	FACT("frame.file", file, TEXT, "", "the file it was read from, where there are several"),
};

const struct sonde_beside_member sonde_beside_members[] = {
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
		.pid = SONDE_ABSENT,
		.cause = SONDE_ABSENT,
		.cause_exact = 2,
	};
}
