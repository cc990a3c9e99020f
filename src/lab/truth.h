#ifndef SONDE_LAB_TRUTH_H
#define SONDE_LAB_TRUTH_H

/* What truly became of the packets on impaired links: what measurements are held against. The
 * relay writes a record for each packet once it is known, into memory that others may read
 * meanwhile; the oldest records give way to the newest. A packet that is still on its way has none
 * yet. */

#include <stdbool.h>

#include "base/record.h"
#include "lab/lab.h"

enum { SONDE_TRUTH_RECORDS = 1 << 20 };
#define SONDE_TRUTH_ANY UINT32_MAX

enum sonde_truth_verdict {
	SONDE_TRUTH_PASS, /* asked for: */
	SONDE_TRUTH_LOST, /* by chance */
	SONDE_TRUTH_FULL, /* the queue in front of the rate was full */
	/* and never asked for: */
	SONDE_TRUTH_OVERFLOW, /* more was on its way than the relay keeps */
	SONDE_TRUTH_UNSENT,   /* the kernel refused it at the far end: see error */
	SONDE_TRUTH_MISSED,   /* so many came to any link while the relay was not looking */
};

/* As it is kept: times on CLOCK_MONOTONIC. */
struct sonde_truth {
	uint32_t link;	 /* place in lab.link; SONDE_TRUTH_ANY */
	uint8_t end;	 /* that it entered at: place in lab.link[].end */
	uint8_t verdict; /* enum sonde_truth_verdict */
	uint8_t copy;	 /* 0; a duplicated packet has two records, 1 and 2 */
	uint8_t reordered;
	uint64_t number; /* of the packet in this direction, from 1; MISSED: how many */
	sonde_ns in;	 /* the kernel's stamp of its arrival at the relay */
	sonde_ns due;	 /* when it should leave; 0 if it should not */
	sonde_ns out;	 /* when it was given to the kernel, in front of at most 63 others; 0: never
			  */
	uint32_t len;	 /* bytes with the link-layer header */
	uint32_t corrupt; /* the bit that was flipped, from the frame's first byte on, plus 1; 0 */
	int32_t error;	  /* of UNSENT: -errno */
};

struct sonde_truth_ring {
	char magic[8];
	sonde_ns began, began_real; /* the same moment, CLOCK_MONOTONIC and since 1970 */
	uint64_t capacity;
	uint64_t written; /* in all; the newest stand at written - 1 modulo capacity */
	uint8_t realtime; /* the relay has real-time priority: 0, 1; 2: it does not run yet */
	struct sonde_truth at[];
};

/* Bytes that a ring for so many records takes. */
size_t sonde_truth_size(uint64_t capacity);

/* The memory is zero and as long as that. */
void sonde_truth_init(struct sonde_truth_ring *r, uint64_t capacity, sonde_ns began,
		      sonde_ns began_real);

/* Whether memory of len bytes is such a ring. */
bool sonde_truth_check(const struct sonde_truth_ring *r, size_t len);

void sonde_truth_put(struct sonde_truth_ring *r, const struct sonde_truth *t);

/* The record of that place in time, from 0: 1 and *ret; 0: not written yet; SONDE_LOST: a newer one
 * has its room. */
int sonde_truth_get(const struct sonde_truth_ring *r, uint64_t place, struct sonde_truth *ret);

/* clang-format off */
#define SONDE_TRUTH_COLUMNS(C, x) \
	C(x, link, UINT, "", "number of the link, in the order of the description, from 0") \
	C(x, from, TEXT, "", "node where the packet entered the link") \
	C(x, to, TEXT, "", "node at the other end") \
	C(x, number, UINT, "", "of the packet in this direction, from 1") \
	C(x, verdict, TEXT, "", "pass, lost, full as asked for; overflow, unsent, missed: not asked for") \
	C(x, in_ns, UINT, "ns", "arrival, the kernel's stamp, since the lab's start") \
	C(x, due_ns, UINT, "ns", "when it should leave") \
	C(x, out_ns, UINT, "ns", "when it was given to the kernel") \
	C(x, length, UINT, "bytes", "of the frame, with its link-layer header") \
	C(x, copy, UINT, "", "1 or 2, of a packet that was duplicated") \
	C(x, reordered, BOOL, "", "it did not wait, and may overtake; absent: it waited") \
	C(x, corrupt_bit, UINT, "", "that was flipped, from the frame's first byte on") \
	C(x, packets, UINT, "", "how many were missed") \
	C(x, error, TEXT, "", "errno by name, of what was not sent")

#define SONDE_TRUTH_RUN_COLUMNS(C, x) \
	C(x, started, TEXT, "", "what the times count from: RFC 3339, UTC") \
	C(x, realtime, BOOL, "", "the relay has real-time priority") \
	C(x, records, UINT, "", "of packets, so far") \
	C(x, gone, UINT, "", "of these, the oldest, which gave way to newer ones")
/* clang-format on */

struct sonde_truth_record {
	SONDE_TRUTH_COLUMNS(SONDE_MEMBER, )
};

/* What stands in front of them. */
struct sonde_truth_run_record {
	SONDE_TRUTH_RUN_COLUMNS(SONDE_MEMBER, )
};

extern const struct sonde_schema sonde_truth_schema, sonde_truth_run_schema;

/* started: the ring's began_real in words, borrowed as they are. Returns the place of the oldest
 * record that is there. */
uint64_t sonde_truth_tell_run(struct sonde_truth_run_record *ret, const struct sonde_truth_ring *r,
			      const char *started);

/* As it is printed; the texts are borrowed from the lab, or static. */
void sonde_truth_tell(struct sonde_truth_record *ret, const struct sonde_lab *lab,
		      const struct sonde_truth_ring *r, const struct sonde_truth *t);

#endif
