#ifndef SONDE_CAPTURE_PROCESS_H
#define SONDE_CAPTURE_PROCESS_H

/* Process information as Wireshark writes it: an entry of a custom block (type 0xbad, private
 * enterprise number 32622).
 *
 *   body:   number 32622, then little-endian whatever the section is: entry type 3, entry length,
 *           the entry; zeros up to a multiple of 4; options in the section's byte order
 *   entry:  process number, then options, as below: texts, a command line with a NUL after each
 *           argument, numbers of 32 bits, a UUID of 16 bytes, the start in ns since 1970
 */

#include "capture/reader.h"

enum { SONDE_PROCESS_ENTRY = 3 };

enum {
	SONDE_PROCESS_NAME = 2,
	SONDE_PROCESS_PATH,
	SONDE_PROCESS_COMMAND,
	SONDE_PROCESS_PARENT,
	SONDE_PROCESS_UID,
	SONDE_PROCESS_USER,
	SONDE_PROCESS_UUID,
	SONDE_PROCESS_START,
};

/* What one section told so far. Zero at first. */
struct sonde_processes {
	uint8_t *pool; /* entries as they came, one after the other */
	size_t used, cap;
	struct sonde_processes_entry *entry; /* by process, then as they came */
	size_t n, room;
};

/* The entry, from the process number on. What does not fit into SONDE_READER_KEPT_MOST or is
 * shorter than a number is not kept. 0 or -ENOMEM. */
int sonde_processes_learn(struct sonde_processes *p, struct sonde_bytes entry);

/* The process that had ret->pid when the packet came (ns since 1970): of those that told their
 * start the one started last before, else the last of those that did not, else the one started
 * first. Fills in the rest of *ret, which borrows from p; false where none is known. */
bool sonde_processes_find(const struct sonde_processes *p, sonde_ns when,
			  struct sonde_process *ret);

void sonde_processes_done(struct sonde_processes *p);

#endif
