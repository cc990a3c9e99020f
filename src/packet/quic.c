#include "packet/quic.h"

#include "packet/teller.h"

enum { ID_MOST = 20, VERSION_2 = 0x6b3343cf, TYPE_RETRY = 3 };

/* A known version, a draft, one that provokes negotiation (RFC 9000 section 15), or negotiation. */
static bool is_version(uint32_t v)
{
	return v <= 1 || v == VERSION_2 || v >> 8 == 0xff0000 || (v & 0x0f0f0f0f) == 0x0a0a0a0a;
}

/* A number of 1 to 8 bytes, RFC 9000 section 16. False where the bytes run out. */
static bool read_number(const uint8_t *s, uint32_t len, uint32_t *at, uint64_t *ret)
{
	uint32_t width;

	if (*at >= len)
		return false;
	width = 1u << (s[*at] >> 6);
	if (width > len - *at)
		return false;
	*ret = sonde_load(s + *at, width) & (UINT64_MAX >> (66 - 8 * width));
	*at += width;
	return true;
}

bool sonde_quic_read(const uint8_t *s, uint32_t len, struct sonde_quic_long *ret)
{
	const struct sonde_quic *h = (const void *)s;
	uint32_t at = SONDE_BYTES_quic, version;
	uint64_t token;

	*ret = (struct sonde_quic_long){ 0 };
	if (len < SONDE_BYTES_quic)
		return false;
	version = sonde_quic_version(h);
	if (!sonde_quic_form(h) || (version && !sonde_quic_fixed(h)) || !is_version(version) ||
	    sonde_quic_dcil(h) > ID_MOST || sonde_quic_dcil(h) >= len - at)
		return false;
	ret->dcid = (struct sonde_bytes){ s + at, sonde_quic_dcil(h) };
	at += sonde_quic_dcil(h);
	if (s[at] > ID_MOST || s[at] > len - at - 1)
		return false;
	ret->scid = (struct sonde_bytes){ s + at + 1, s[at] };
	at += 1u + s[at];
	/* Version 2 counts from the retry, RFC 9369 section 3.2. */
	ret->type = version == VERSION_2 ? (sonde_quic_type(h) - 1u) % 4 : sonde_quic_type(h);
	if (!version || ret->type == TYPE_RETRY)
		return true;
	if (ret->type == 0) {
		if (!read_number(s, len, &at, &token) || token > len - at)
			return true;
		at += (uint32_t)token;
	}
	ret->length_at = at;
	if (read_number(s, len, &at, &ret->length))
		ret->length_len = at - ret->length_at;
	return true;
}

bool sonde_quic_is(const struct sonde_range *r)
{
	struct sonde_quic_long header;

	return sonde_quic_read(r->at, r->len, &header);
}

enum sonde_stop sonde_quic_tell(struct sonde_teller *t, uint32_t at, uint32_t end)
{
	const uint8_t *s = t->p->byte + at;
	struct sonde_quic_long h;
	uint32_t scid;

	if (!sonde_quic_read(s, end - at, &h))
		return t->out;
	if (h.dcid.len)
		sonde_tell_octets(t, SONDE_ROW_quic_dcid, at + SONDE_BYTES_quic,
				  (uint32_t)h.dcid.len, h.dcid.at, (uint32_t)h.dcid.len);
	scid = at + (uint32_t)(h.scid.at - s);
	sonde_tell_number(t, SONDE_ROW_quic_scil, scid - 1, 1, h.scid.len);
	if (h.scid.len)
		sonde_tell_octets(t, SONDE_ROW_quic_scid, scid, (uint32_t)h.scid.len, h.scid.at,
				  (uint32_t)h.scid.len);
	if (h.length_len)
		sonde_tell_number(t, SONDE_ROW_quic_length, at + h.length_at, h.length_len,
				  h.length);
	return SONDE_STOP_END;
}
