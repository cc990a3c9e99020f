#ifndef SONDE_LIFE_LINE_H
#define SONDE_LIFE_LINE_H

/* One line of text for each thing worth one, as it happens:
 *
 *   0.000166  #2   client[812]       connect 127.0.0.1:5000, took 157 us
 *   seconds   sid  who               what
 */

#include "base/cell.h"
#include "base/text.h"
#include "life/life.h"

/* Classes of lines, by the words of -e. */
/* clang-format off */
#define SONDE_LINES(L) \
	L(APP, "app", "what programs did to sockets: made, named, connected, first bytes, closed, failed") \
	L(KERNEL, "kernel", "TCP states, resets, retransmissions, errors, sockets that end") \
	L(WIRE, "wire", "packets that mark a step: SYN, FIN, RST, ICMP errors") \
	L(DROPS, "drops", "datagrams dropped or cut, and who was not told") \
	L(PROCESS, "process", "every fork, exec and exit; with app only those that end a socket") \
	L(NOTES, "notes", "the run itself: what it cannot see, what was lost") \
	L(CALLS, "calls", "every call on a socket, in place of app") \
	L(PACKETS, "packets", "every packet, in place of wire")

enum sonde_line_number {
#define L(id, name, what) SONDE_LINE_NUMBER_##id,
	SONDE_LINES(L)
#undef L
		SONDE_LINE_NUMBERS_
};
/* clang-format on */
/* clang-format off */
enum {
#define L(id, name, what) SONDE_LINE_##id = 1 << SONDE_LINE_NUMBER_##id,
	SONDE_LINES(L)
#undef L
		SONDE_LINE_ALL = (1 << SONDE_LINE_NUMBERS_) - 1,
	SONDE_LINE_USUAL = SONDE_LINE_APP | SONDE_LINE_KERNEL | SONDE_LINE_WIRE | SONDE_LINE_DROPS |
			   SONDE_LINE_NOTES,
};
/* clang-format on */

struct sonde_line {
	struct sonde_text *text; /* a buffer of 8 KiB at least */
	const struct sonde_life *life;
	const char *const *palette; /* sonde_palette, or NULL */
	unsigned classes;	    /* SONDE_LINE_ bits */
};

/* "kernel,drops": a comma between words; "all", "none", "usual" too. -EINVAL: *ret_bad points at
 * the word that is none, within words. */
int sonde_line_classes(const char *words, unsigned *ret, const char **ret_bad);

/* Writes the lines of this item, none if its class is not wanted. The engine has heard the item
 * before. Returns how many. */
unsigned sonde_line_print(const struct sonde_line *l, const struct sonde_item *item,
			  const struct sonde_heard *heard);

#endif
