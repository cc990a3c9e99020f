#include "capture/pcapng.h"
#include "capture/state.h"

/* Name resolution blocks, draft-ietf-opsawg-pcapng section 4.5: records of type, length and an
 * address with its names, a NUL behind each, padded to a multiple of 4. */

enum { RECORD_IPV4 = 1, RECORD_IPV6 = 2 };

void sonde_reader_hear_names(struct sonde_reader *r, sonde_reader_name *hear, void *arg)
{
	r->hear_name = hear;
	r->hear_name_arg = arg;
}

void sonde_reader_names(const struct sonde_reader *r, struct sonde_bytes body)
{
	while (r->hear_name && body.len >= 4) {
		unsigned type = sonde_reader_get16(r, body.at);
		size_t len = sonde_reader_get16(r, body.at + 2),
		       whole = 4 + ((len + 3) & ~(size_t)3);
		size_t address = type == RECORD_IPV4 ? 4 : type == RECORD_IPV6 ? 16 : 0;
		const uint8_t *name = body.at + 4 + address;

		if (!type || 4 + len > body.len)
			return; /* the end, or what lies is nobody's name and no harm */
		if (address && len > address)
			r->hear_name(r->hear_name_arg, body.at + 4, address,
				     (struct sonde_bytes){
					     name, strnlen((const char *)name, len - address) });
		whole = whole < body.len ? whole : body.len;
		body = (struct sonde_bytes){ body.at + whole, body.len - whole };
	}
}
