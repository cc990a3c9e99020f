#ifndef SONDE_LIFE_ARGUMENT_H
#define SONDE_LIFE_ARGUMENT_H

/* The arguments of a call by the names that programs give them, in the form in which strace writes
 * them: "3, SOL_SOCKET, SO_REUSEADDR, [1]". What an event does not hold is left out. */

#include "base/event.h"
#include "base/text.h"

/* What stands between the parentheses. */
void sonde_argument_print(struct sonde_text *t, const struct sonde_event *e);

/* "7", "-1 ECONNREFUSED", "0x802 (flags O_RDWR|O_NONBLOCK)": what a call came back with. */
void sonde_argument_result(struct sonde_text *t, const struct sonde_event *e);

#endif
