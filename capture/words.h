#ifndef SONDE_CAPTURE_WORDS_H
#define SONDE_CAPTURE_WORDS_H

/* What pcapng has no field for, as words of the form key=value that a person can read: the comment
 * of a packet and the description of an interface. writer.h lists the words. */

#include "base/frame.h"
#include "capture/writer.h"

enum { SONDE_WORDS_MOST = 512 }; /* bytes that either put may need */

/* o itself where there is nothing to say. guessed: the cooked header's protocol is a guess. */
char *sonde_words_frame_put(char *o, const struct sonde_frame *f,
			    const struct sonde_writer_note *note, bool guessed);

/* Into *f: cookie, gso_size, gso_segs, cpu, and protocol and link where they are told. A comment of
 * another origin changes nothing. */
void sonde_words_frame_get(struct sonde_bytes comment, struct sonde_frame *f);

char *sonde_words_interface_put(char *o, uint32_t netns, uint32_t ifindex, int64_t clock);
/* False for a description of another origin. */
bool sonde_words_interface_get(struct sonde_bytes text, uint32_t *ret_netns, uint32_t *ret_ifindex,
			       int64_t *ret_clock);

#endif
