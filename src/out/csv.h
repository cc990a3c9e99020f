#ifndef SONDE_OUT_CSV_H
#define SONDE_OUT_CSV_H

/* Records of one type as comma-separated values, RFC 4180: CRLF ends a row, what holds a comma, a
 * quote or a line end is quoted. An absent value is an empty cell, an empty text is "". Lists and
 * maps are words with a space between them (a map's are name=n). */

#include "base/record.h"
#include "base/text.h"

void sonde_csv_head(struct sonde_text *t, const struct sonde_schema *s);
void sonde_csv_row(struct sonde_text *t, const struct sonde_schema *s, const void *record);

#endif
