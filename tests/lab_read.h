#ifndef SONDE_TESTS_LAB_READ_H
#define SONDE_TESTS_LAB_READ_H

/* Descriptions of networks, read from a text or a file, and what the oracle says of them. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab/lab.h"
#include "lab/oracle.h"
#include "lab/sim.h"
#include "out/json.h"

static struct sonde_arena arena, scratch;
static struct sonde_lab lab;
static struct sonde_lab_error error;

/* Whether it can be read and planned; error says what is wrong. */
static inline bool lab_try(const char *text)
{
	error = (struct sonde_lab_error){ .line = 0 };
	return !sonde_lab_parse(&lab, &arena, text, strlen(text), &error) &&
	       !sonde_lab_plan(&lab, &error);
}

static inline void lab_read(const char *text)
{
	ck_assert_msg(lab_try(text), "line %u: %s", error.line, error.text);
}

static inline void lab_read_file(const char *name)
{
	static char text[1 << 16];
	FILE *f = fopen(name, "r");
	size_t n;

	ck_assert_msg(f, "%s", name);
	n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = 0;
	ck_assert_msg(lab_try(text), "%s:%u: %s", name, error.line, error.text);
}

static inline const struct sonde_lab_node *lab_node(const char *name)
{
	int i = sonde_lab_find(&lab, name);

	ck_assert_msg(i >= 0, "%s", name);
	return &lab.node[i];
}

/* Records, a line of JSON each. */
static char told[1 << 22];
static struct sonde_text told_text;

static inline void lab_tell(void *arg, const struct sonde_schema *schema, const void *record)
{
	(void)arg;
	sonde_json_record(&told_text, schema, record);
}

static inline void lab_tell_all(void)
{
	sonde_text_init(&told_text, told, sizeof told, NULL, NULL);
	sonde_oracle_addresses(&lab, &scratch, lab_tell, NULL);
	sonde_oracle_paths(&lab, &scratch, lab_tell, NULL);
	ck_assert_int_eq(told_text.error, 0);
	told[told_text.len] = 0;
}

#endif
