#ifndef SONDE_LIFE_PEN_H
#define SONDE_LIFE_PEN_H

/* What line.c writes its lines with: how one begins, what it says of each sort of item, how it
 * ends. A line of up to some 4,000 bytes is in the buffer whole, so it can be measured. */

#include "life/line.h"

struct sonde_pen {
	const struct sonde_line *line;
	struct sonde_text *t;
};

#define say(p, ...) sonde_text_print((p)->t, __VA_ARGS__)
#define put(p, s)   sonde_text_str((p)->t, s)

static inline void paint(struct sonde_pen *p, enum sonde_paint what)
{
	if (p->line->palette)
		sonde_text_str(p->t, p->line->palette[what]);
}

/* A name of the kernel's, cut where it is longer than any. */
static inline const char *terminated(char name[64], struct sonde_bytes text)
{
	*(char *)mempcpy(name, text.at, text.len < 63 ? text.len : 63) = 0;
	return name;
}

/* Time, sid (0: none) and who. */
void sonde_pen_begin(struct sonde_pen *p, sonde_ns when, uint32_t sid, const char comm[16],
		     uint32_t pid);
void sonde_pen_end(struct sonde_pen *p);

/* s is the endpoint that h names, or NULL. */
void sonde_pen_app(struct sonde_pen *p, const struct sonde_event *e, const struct sonde_heard *h,
		   const struct sonde_endpoint *s);
void sonde_pen_kernel(struct sonde_pen *p, const struct sonde_event *e, const struct sonde_heard *h,
		      const struct sonde_endpoint *s);
void sonde_pen_drop(struct sonde_pen *p, const struct sonde_event *e, const struct sonde_heard *h,
		    const struct sonde_endpoint *s);
void sonde_pen_process(struct sonde_pen *p, const struct sonde_event *e);
void sonde_pen_note(struct sonde_pen *p, const struct sonde_event *e);
/* name(descriptor, what matters) = result <duration> */
void sonde_pen_call(struct sonde_pen *p, const struct sonde_event *e, const struct sonde_heard *h);
/* In few words, or whole: as tcpdump would print it. */
void sonde_pen_packet(struct sonde_pen *p, const struct sonde_frame *f, const struct sonde_heard *h,
		      bool whole);
/* A packet that is known already came to its other end. */
void sonde_pen_arrival(struct sonde_pen *p, const struct sonde_heard *h);
/* That the last reference to s went at this time. */
void sonde_pen_released(struct sonde_pen *p, const struct sonde_endpoint *s, sonde_ns when);

#endif
