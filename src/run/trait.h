#ifndef SONDE_RUN_TRAIT_H
#define SONDE_RUN_TRAIT_H

/* Members of a struct as words, name=value one after the other, and back: a table says which. What
 * is 0 is left out. */

#include <stddef.h>

#include "base/bytes.h"
#include "base/text.h"

enum sonde_trait_form {
	SONDE_TRAIT_UINT,
	SONDE_TRAIT_INT,
	SONDE_TRAIT_BOOL,
	SONDE_TRAIT_HEX, /* an array of up to 16 bytes, two digits each */
};

struct sonde_trait {
	const char *name; /* static; NULL ends the table */
	uint16_t at;
	uint8_t size; /* of a number 1, 2, 4 or 8 */
	uint8_t form; /* enum sonde_trait_form */
};

/* clang-format off */
#define SONDE_TRAIT(form, name, type, member) \
	{ name, offsetof(type, member), sizeof(((type *)0)->member), SONDE_TRAIT_##form }
/* clang-format on */

enum { SONDE_TRAITS_MOST = 1024 }; /* bytes that one table may need */

/* Returns the end; a blank stands in front of each word. */
char *sonde_traits_put(char *o, const struct sonde_trait *table, const void *from);

/* Names that are not in the table are left for a later sonde; members that are not named stay. 0,
 * or SONDE_DAMAGED: a value is none or does not fit. */
int sonde_traits_get(struct sonde_bytes words, const struct sonde_trait *table, void *to);

/* The last word, whose value is all that is left and may hold blanks. len 0: there is none. */
struct sonde_bytes sonde_traits_rest(struct sonde_bytes words, const char *name);

#endif
