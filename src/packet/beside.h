#ifndef SONDE_PACKET_BESIDE_H
#define SONDE_PACKET_BESIDE_H

/* What is known of a packet beside its bytes: where and when it was captured, and what the file
 * says of it. The columns of the record `frame`, which expressions and CSV know by these names. */

#include "base/frame.h"
#include "base/record.h"

struct sonde_arena;

/* A process at one end of the packet. Numbers may be SONDE_ABSENT, texts NULL. */
struct sonde_beside_process {
	uint64_t pid, tid, ppid, uid;
	sonde_ns start; /* since 1970; 0: not known */
	const char *name, *path, *cmdline, *user;
};

struct sonde_beside {
	uint64_t number, len, cap_len, linktype, interface, dropped, cause;
	uint8_t cause_exact;
	const char *time, *interface_name, *direction, *sums, *file;
	const char *message_frames; /* "4,7" */
	struct sonde_list comment;
	const struct sonde_beside_process *process; /* borrowed */
	size_t processes;
	struct sonde_numbers pid, tid, ppid, uid; /* of these, what is known */
	struct sonde_list name, path, cmdline, user;
};

extern const struct sonde_schema sonde_beside_schema;

/* The record of a frame, the number-th of its run. Its texts are static or absent: time and what
 * only the file knows are the caller's to add. */
void sonde_beside_take(struct sonde_beside *ret, const struct sonde_frame *f, uint64_t number);

/* All its processes, which the caller keeps; the columns of them are taken from the arena. */
void sonde_beside_processes(struct sonde_beside *b, struct sonde_arena *a,
			    const struct sonde_beside_process *process, size_t n);

/* Whether it belongs to the process of that name or number. */
bool sonde_beside_is_of(const struct sonde_beside *b, const char *who);

/* What else stands in the JSON of a frame (layers.h), for the documentation. */
struct sonde_beside_member {
	const char *name, *type, *what;
};
extern const struct sonde_beside_member sonde_beside_members[]; /* ends with name == NULL */

#endif
