#ifndef SONDE_OUT_JSON_H
#define SONDE_OUT_JSON_H

/* JSON, RFC 8259. Strings are always well-formed UTF-8: a byte that is not becomes the four
 * characters \xNN (so the backslash is doubled in the JSON text), and every character that a
 * terminal would obey becomes \u00NN. Numbers are exact integers.
 *
 *   struct sonde_json j = { .text = t };
 *   sonde_json_open(&j, '{');
 *   sonde_json_key(&j, "ports"); sonde_json_open(&j, '['); sonde_json_uint(&j, 80);
 * sonde_json_close(&j, ']'); sonde_json_close(&j, '}');
 */

#include "base/record.h"
#include "base/text.h"

struct sonde_json {
	struct sonde_text *text;
	bool comma; /* something stands before: a comma is due */
};

void sonde_json_open(struct sonde_json *j, char bracket); /* '{' or '[' */
void sonde_json_close(struct sonde_json *j, char bracket);
void sonde_json_key(struct sonde_json *j, const char *name); /* borrowed, a plain word */

void sonde_json_string(struct sonde_json *j, const void *at, size_t len);
void sonde_json_uint(struct sonde_json *j, uint64_t v);
void sonde_json_int(struct sonde_json *j, int64_t v);
void sonde_json_bool(struct sonde_json *j, bool v);
void sonde_json_null(struct sonde_json *j);
void sonde_json_raw(struct sonde_json *j, const char *json); /* ready JSON, believed */

/* The columns of a record that are there, as members of the object that is open. */
void sonde_json_members(struct sonde_json *j, const struct sonde_schema *s, const void *record);

/* {"record":"endpoint","v":1,...} and a newline. */
void sonde_json_record(struct sonde_text *t, const struct sonde_schema *s, const void *record);

#endif
