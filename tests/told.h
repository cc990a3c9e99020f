#ifndef SONDE_TESTS_TOLD_H
#define SONDE_TESTS_TOLD_H

/* Fields as words, for the suites of packet/field.h and of its readers: "tcp.srcport=80@20+2",
 * "{options mss 2@40+4", "}". */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "packet/field.h"

static char told[1 << 16];
static size_t told_len;

static inline void told_add(const char *words)
{
	told_len += (size_t)snprintf(told + told_len, sizeof told - told_len, "%s", words);
	ck_assert_uint_lt(told_len, sizeof told);
}

static inline void told_value(const struct sonde_field *f)
{
	const struct sonde_row *r = &sonde_rows[f->row];
	char number[32];

	told_add(r->name);
	told_add("=");
	if (r->form == SONDE_FORM_TEXT) {
		told_len += (size_t)snprintf(told + told_len, sizeof told - told_len, "%.*s",
					     (int)f->octets_len, (const char *)f->octets);
		return;
	}
	for (uint32_t i = 0; sonde_row_is_octets(r) && i < f->octets_len; i++) {
		snprintf(number, sizeof number, "%02x", f->octets[i]);
		told_add(number);
	}
	snprintf(number, sizeof number, "%lld", (long long)f->number);
	if (!sonde_row_is_octets(r))
		told_add(number);
}

static inline void told_hear(void *arg, const struct sonde_field *f)
{
	char number[64];

	ck_assert_ptr_eq(arg, told);
	told_add(told_len ? " " : "");
	if (f->is == SONDE_FIELD_CLOSE) {
		told_add("}");
		return;
	}
	if (f->is == SONDE_FIELD_OPEN) {
		told_add("{");
		told_add(f->list);
		told_add(" ");
		told_add(f->name ? f->name : "-");
		snprintf(number, sizeof number, " %u%s", (unsigned)f->number, f->bad ? " bad" : "");
		told_add(number);
	} else {
		told_value(f);
	}
	snprintf(number, sizeof number, "@%u+%u", f->at, f->len);
	told_add(number);
}

/* The fields of layer d of a packet into told. wire: bytes there were. */
static inline enum sonde_stop tell_cut(const uint8_t *at, size_t len, size_t wire,
				       enum sonde_shape first, unsigned d)
{
	uint8_t *x = malloc(len); /* exactly: a sanitizer sees a byte too far */
	enum sonde_stop stop;
	struct sonde_packet p;

	memcpy(x, at, len);
	sonde_decode(&p, x, (uint32_t)len, (uint32_t)wire, first);
	ck_assert_uint_lt(d, p.n);
	told_len = 0;
	*told = 0;
	stop = sonde_field_each(&p, d, told_hear, told);
	free(x);
	return stop;
}

static inline enum sonde_stop tell(const uint8_t *at, size_t len, enum sonde_shape first,
				   unsigned d)
{
	return tell_cut(at, len, len, first, d);
}

#define ck_told(words)	   ck_assert_msg(strstr(told, words), "not told: %s\nin: %s", words, told)
#define ck_not_told(words) ck_assert_msg(!strstr(told, words), "told: %s\nin: %s", words, told)

#endif
