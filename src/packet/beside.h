#ifndef SONDE_PACKET_BESIDE_H
#define SONDE_PACKET_BESIDE_H

/* What is known of a packet beside its bytes: where and when it was captured, and what the file
 * says of it. The columns of the record `frame`, which expressions and CSV know by these names. */

#include "base/frame.h"
#include "base/record.h"

struct sonde_beside {
	uint64_t number, len, cap_len, linktype, interface, dropped, pid, cause;
	uint8_t cause_exact;
	const char *time, *interface_name, *direction, *sums, *comment, *process, *file;
	const char *message_frames; /* "4,7" */
};

extern const struct sonde_schema sonde_beside_schema;

/* The record of a frame, the number-th of its run. Its texts are static or absent: time and what
 * only the file knows are the caller's to add. */
void sonde_beside_take(struct sonde_beside *ret, const struct sonde_frame *f, uint64_t number);

/* What else stands in the JSON of a frame (layers.h), for the documentation. */
struct sonde_beside_member {
	const char *name, *type, *what;
};
extern const struct sonde_beside_member sonde_beside_members[]; /* ends with name == NULL */

#endif
