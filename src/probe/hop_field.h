#ifndef SONDE_PROBE_HOP_FIELD_H
#define SONDE_PROBE_HOP_FIELD_H

/* The columns of a table of hops, each with the letter that mtr(8) has for it (-o); those that mtr
 * does not have are P, 5 and 9. Blanks in an order of columns say nothing. */

#include "base/cell.h"
#include "base/text.h"
#include "probe/trace_records.h"

enum { SONDE_HOP_FIELDS = SONDE_GRID_COLUMNS - 2 }; /* in one order; beside hop and host */

struct sonde_hop_field {
	char letter;
	const char *title, *brief; /* brief: NULL where there is none */
	const char *what;	   /* one phrase */
	size_t at;		   /* in struct sonde_hop_record */
	void (*say)(struct sonde_text *t, uint64_t v);
};

/* All of them, until one without a letter. */
extern const struct sonde_hop_field sonde_hop_fields[];

/* NULL: there is none. */
const struct sonde_hop_field *sonde_hop_field(char letter);

/* SONDE_ABSENT where it is not known. */
uint64_t sonde_hop_field_value(const struct sonde_hop_field *f, const struct sonde_hop_record *r);

enum sonde_hop_order {
	SONDE_HOP_ORDER_FITS,
	SONDE_HOP_ORDER_EMPTY,
	SONDE_HOP_ORDER_MANY, /* more than SONDE_HOP_FIELDS */
	SONDE_HOP_ORDER_LETTER,
};

/* Its letters without blanks, where it fits; *ret_wrong is the letter that there is none of. */
enum sonde_hop_order sonde_hop_order(char ret[static SONDE_HOP_FIELDS + 1], const char *text,
				     char *ret_wrong);

/* A table with these columns behind hop and host, as sonde_say_path_table is one. */
void sonde_hop_table(struct sonde_grid *g, struct sonde_arena *a, const char *order);

/* A row of it; host: escaped, borrowed as long as the arena; paint: of what is lost. */
void sonde_hop_table_row(struct sonde_grid *g, const char *order, const struct sonde_hop_record *r,
			 const char *host, enum sonde_paint paint);

#endif
