#include "wire/wire.h"

/* clang-format off */
#define END(p) _Static_assert((unsigned)SONDE_##p >= SONDE_PROTOCOLS || SONDE_ROWS_END_##p - SONDE_ROWS_##p <= 32, \
			      #p " overflows a row mask");
#include "wire/pass.h"

#define ROW(p, n, full, bits, form, span, what, ...) ROW_(p, n, full, bits, form, span, what, __VA_ARGS__)
#define ROW_(p, n, full, bits, form, span, what, role, arg) \
	{ full, #n, what, SONDE_AT_##p##_##n, bits, SONDE_##p, SONDE_FORM_##form, role, span, arg },

const struct sonde_row sonde_rows[SONDE_ROWS] = {
#define FIELD(p, n, full, bits, form, role, what) \
	ROW(p, n, full, bits, form, false, what, SONDE_OUGHT_##role)
#define SPAN(p, n, full, first, last, form, what) \
	ROW(p, n, full, SONDE_TO_##p##_##last - SONDE_AT_##p##_##first + 1, form, true, what, \
	    SONDE_ROLE_ANY, 0)
#define TOLD(p, n, full, form, what) \
	{ full, #n, what, 0, 0, SONDE_##p, SONDE_FORM_##form, SONDE_ROLE_ANY, false, 0 },
#define REST(p, n, full, form, what) \
	{ full, #n, what, 8 * SONDE_BYTES_##p, 0, SONDE_##p, SONDE_FORM_##form, SONDE_ROLE_ANY, false, 0 },
#include "wire/pass.h"
};

/* A header grows in the units of the field that says how long it is, to the most it can say. */
#define GRAIN_(bits, role, arg) | ((role) == SONDE_ROLE_WORDS ? 4 : (role) == SONDE_ROLE_EIGHTS ? 8 : 0)
#define GRAIN(...) GRAIN_(__VA_ARGS__)
#define MOST_(bits, role, arg) \
	| ((role) == SONDE_ROLE_WORDS	 ? 4 * ((1 << (bits) % 32) - 1 + (arg)) \
	   : (role) == SONDE_ROLE_EIGHTS ? 8 * (1 << (bits) % 32) : 0)
#define MOST(...) MOST_(__VA_ARGS__)
#define PROTOCOL(p, ...) enum { MOST_##p = 0
#define FIELD(p, n, full, bits, form, role, what) MOST(bits, SONDE_OUGHT_##role)
#define OPTION(f, p, ...) enum { MOST_##p = 0
#define SHAPE(p, ...) enum { MOST_##p = 0
#define END(p) };
#include "wire/pass.h"

#define HAS_(role, arg) | ((role) == SONDE_ROLE_HAS)
#define HAS(...) HAS_(__VA_ARGS__)
#define PROTOCOL(p, ...) enum { PIECES_##p = 0
#define FIELD(p, n, full, bits, form, role, what) HAS(SONDE_OUGHT_##role)
#define OPTION(f, p, ...) enum { PIECES_##p = 0
#define SHAPE(p, ...) enum { PIECES_##p = 0
#define END(p) };
#include "wire/pass.h"

#define ROWS(p) .row = SONDE_ROWS_##p, .rows = SONDE_ROWS_END_##p - SONDE_ROWS_##p, \
		.most = MOST_##p ? MOST_##p : UINT16_MAX, .pieces = PIECES_##p

const struct sonde_shape_info sonde_shapes[SONDE_SHAPES] = {
	[SONDE_NONE] = { .name = "none" },
#define PROTOCOL(p, n, t, s)	 [SONDE_##p] = { #p, t, s, .bytes = n, ROWS(p), .grain = 0
#define OPTION(f, p, k, n, t, s) [SONDE_##p] = { #p, t, s, .bytes = n, ROWS(p), .kind = k, \
						 .family = SONDE_FAMILY_##f, .grain = 0
#define SHAPE(p, n, t)		 [SONDE_##p] = { #p, t, "", .bytes = n, ROWS(p), .grain = 0
#define FIELD(p, n, full, bits, form, role, what) GRAIN(bits, SONDE_OUGHT_##role)
#define OPTIONS(p, f)		 , .family = SONDE_FAMILY_##f
#define EACH(p, e, l)		 , .each = SONDE_##e, .list = l
#define END(p)			 },
#include "wire/pass.h"
};

enum sonde_shape sonde_option_shape(enum sonde_family family, uint32_t kind)
{
	return sonde_option_shape_(family, kind);
}

/* Like sonde_get, but of no more bytes than the bits lie in. */
static uint32_t bits_of(const uint8_t *h, unsigned at, unsigned bits)
{
	uint64_t v = 0;

	for (unsigned i = at / 8; i < SONDE_TO(at, bits); i++)
		v = v << 8 | h[i];
	return (uint32_t)(v >> (8 * SONDE_TO(at, bits) - at - bits) & SONDE_MASK(bits));
}

enum sonde_shape sonde_among(enum sonde_space space, uint64_t key, const uint8_t *h, uint32_t there)
{
	static const struct {
		uint64_t key;
		uint32_t value;
		uint8_t at, bits, shape;
	} choices[] = {
#define AMONG(p, s, k, at, bits, v) { SONDE_KEY_(SONDE_SPACE_##s, k), v, at, bits, SONDE_##p },
#include "wire/pass.h"
	};

	for (unsigned i = 0; i < sizeof choices / sizeof *choices; i++)
		if (choices[i].key == SONDE_KEY_(space, key) &&
		    (there < (uint32_t)SONDE_TO(choices[i].at, choices[i].bits) || !choices[i].bits ||
		     bits_of(h, choices[i].at, choices[i].bits) == choices[i].value))
			return choices[i].shape;
	return SONDE_NONE;
}

#define VALUE_(row, number) ((uint64_t)(row) << 32 | (number))

const char *sonde_words(enum sonde_row_id row, uint32_t number)
{
	switch (VALUE_(row, number)) {
#define VALUE(p, n, number, words) case VALUE_(SONDE_ROW_##p##_##n, number): return words;
#include "wire/pass.h"
	}
	return NULL;
}

const struct sonde_value sonde_values[] = {
#define VALUE(p, n, number, words) { SONDE_ROW_##p##_##n, number, words },
#include "wire/pass.h"
	{ 0, 0, NULL },
};

const struct sonde_either sonde_eithers[] = {
#define EITHER(p, n, full, a, b) { full, #n, SONDE_ROW_##p##_##a, SONDE_ROW_##p##_##b, SONDE_##p },
#include "wire/pass.h"
	{ NULL, NULL, 0, 0, 0 },
};
