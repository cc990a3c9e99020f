#ifndef SONDE_BASE_RECORD_H
#define SONDE_BASE_RECORD_H

/* A record is a plain struct and the list of its columns, kept beside the struct by the room that
 * owns it. Printers read the list; they know no record by name. Names and types are stable. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a member is kept, and when it is absent: absent is left out of JSON or null there, and an
 * empty cell in CSV; it is never printed as 0. */
enum sonde_column_kind {
	SONDE_COLUMN_UINT, /* uint64_t; absent: SONDE_ABSENT */
	SONDE_COLUMN_INT,  /* int64_t; absent: (int64_t)SONDE_ABSENT_INT */
	SONDE_COLUMN_BOOL, /* uint8_t 0, 1; absent: 2 */
	SONDE_COLUMN_TEXT, /* const char *, UTF-8 or bytes (escaped on output); absent: NULL */
	SONDE_COLUMN_LIST, /* struct sonde_list; absent: at is NULL */
	SONDE_COLUMN_MAP,  /* struct sonde_map: names with counts; absent: at is NULL */
	SONDE_COLUMN_RAW,  /* const char *, ready JSON; absent: NULL */
	/* Several values of one kind: an expression asks for any, JSON has the first. */
	SONDE_COLUMN_EACH_UINT, /* struct sonde_numbers; absent: n is 0 */
	SONDE_COLUMN_EACH_TEXT, /* struct sonde_list; absent: n is 0 */
};

#define SONDE_ABSENT	 UINT64_MAX
#define SONDE_ABSENT_INT INT64_MIN

struct sonde_list {
	const char *const *at;
	size_t n;
};

struct sonde_numbers {
	const uint64_t *at;
	size_t n;
};

struct sonde_count {
	const char *name;
	uint64_t n;
};

struct sonde_map {
	const struct sonde_count *at;
	size_t n;
};

struct sonde_column {
	const char *name;
	const char *unit; /* "ns", "bytes", "" */
	const char *what; /* one phrase, for the documentation */
	uint16_t at;	  /* of the member, in bytes from the start of the record */
	uint8_t kind;	  /* enum sonde_column_kind */
};

struct sonde_schema {
	const char *name; /* the value of "record" */
	const struct sonde_column *column;
	size_t n;
};

/* The value of "v" in every record. */
enum { SONDE_RECORD_VERSION = 1 };

union sonde_column_value {
	uint64_t number;  /* UINT, BOOL */
	int64_t integer;  /* INT */
	const char *text; /* TEXT, RAW */
	const struct sonde_list *list;
	const struct sonde_numbers *numbers;
	const struct sonde_map *map;
};

/* The value that a record has in this column, borrowed from the record; false where it is absent.
 */
bool sonde_column_get(const struct sonde_column *c, const void *record,
		      union sonde_column_value *ret);

/* Every value of the record absent. */
void sonde_record_clear(const struct sonde_schema *s, void *record);

#define SONDE_COLUMN(struct_, member, kind, unit, what)                                            \
	{                                                                                          \
#member, unit, what, offsetof(struct struct_, member), SONDE_COLUMN_##kind         \
	}

/* A struct and its columns from one list, where a record has many. The list is rows of
 *   C(x, name, kind, unit, what)
 * and becomes  struct sonde_thing { SONDE_THING_COLUMNS(SONDE_MEMBER, ) };
 * and          { SONDE_THING_COLUMNS(SONDE_MEMBER_COLUMN, sonde_thing) }. */
#define SONDE_MEMBER(x, name, kind, unit, what)	       SONDE_MEMBER_##kind name;
#define SONDE_MEMBER_COLUMN(x, name, kind, unit, what) SONDE_COLUMN(x, name, kind, unit, what),
#define SONDE_MEMBER_UINT			       uint64_t
#define SONDE_MEMBER_INT			       int64_t
#define SONDE_MEMBER_BOOL			       uint8_t
#define SONDE_MEMBER_TEXT			       const char *
#define SONDE_MEMBER_RAW			       const char *
#define SONDE_MEMBER_LIST			       struct sonde_list
#define SONDE_MEMBER_MAP			       struct sonde_map

#endif
