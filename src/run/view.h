#ifndef SONDE_RUN_VIEW_H
#define SONDE_RUN_VIEW_H

/* How packets are shown, whether they are read from a file or captured as they come. */

#include "base/cell.h"
#include "base/event.h"
#include "flow/start.h"
#include "packet/dump.h"
#include "packet/beside.h"
#include "packet/hint.h"
#include "packet/lookup.h"
#include "run/context.h"
#include "run/names.h"
#include "run/stamp.h"

enum sonde_view_form {
	SONDE_VIEW_LINE, /* one line a packet, and what is asked for below it */
	SONDE_VIEW_JSON, /* the record `frame`, one a line */
	SONDE_VIEW_CSV,
	SONDE_VIEW_CRAFT, /* one line a packet, in the crafting language */
};

enum { SONDE_VIEW_COLUMNS = 64 };

struct sonde_view_look {
	enum sonde_view_form form;
	struct sonde_stamp stamp;
	enum sonde_dump dump;
	bool dump_link;		    /* the link header too */
	bool tree;		    /* all fields below the line */
	bool link;		    /* the link's addresses in front of the line */
	bool number;		    /* in front of the line */
	bool quick;		    /* less of each packet, as tcpdump -q */
	bool names;		    /* of hosts and ports, as far as they are known */
	bool process;		    /* whose it is, behind the line */
	bool interface;		    /* its name and the direction, behind the time */
	bool absolute;		    /* sequence numbers as they are, not from where they began */
	bool line_by_line;	    /* each packet reaches the output at once */
	const char *const *palette; /* sonde_palette, or NULL */
	struct sonde_hint hint;	    /* what ports carry; for whoever decodes */
	unsigned columns;	    /* of CSV */
	struct {
		const char *name;
		struct sonde_lookup is;
	} column[SONDE_VIEW_COLUMNS];
};

struct sonde_view {
	struct sonde_view_look look;
	struct sonde_text *out;		 /* borrowed; at least 64 KiB */
	struct sonde_arena arena, aside; /* aside: of the packet at hand */
	struct sonde_starts starts;
	struct sonde_text cell;
	struct sonde_names names; /* where look.names: the caller's to have them hear */
	struct sonde_manner manner;
	struct sonde_whole *whole; /* that the packet shown next completes, or NULL; the
				    * caller's to set */
};

void sonde_view_init(struct sonde_view *v, const struct sonde_view_look *look,
		     struct sonde_text *out);

/* A decoded frame with what is known beside it; facts->time is not needed. p->start may be set. */
void sonde_view_show(struct sonde_view *v, const struct sonde_frame *f, struct sonde_packet *p,
		     struct sonde_beside *facts);

/* A line for what a program or the kernel did, from evidence of sonde. */
void sonde_view_event(struct sonde_view *v, const struct sonde_event *e);

void sonde_view_done(struct sonde_view *v);

/* The names of --fields, with commas, into look->column. 0; -E2BIG: too many; or -EINVAL:
 * *ret_bad is the first that nothing is called, of *ret_len bytes. names is borrowed and must
 * outlive the look. */
int sonde_view_columns(struct sonde_view_look *look, const char *names, const char **ret_bad,
		       size_t *ret_len);

#endif
