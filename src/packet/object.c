#include "packet/object.h"

enum { AFI_IPV4 = 1, AFI_IPV6 = 2 }; /* IANA address family numbers */

static uint32_t load(const struct sonde_teller *t, uint32_t at, unsigned bytes)
{
	return (uint32_t)sonde_load(t->p->byte + at, bytes);
}

static bool is_said(const struct sonde_teller *t, uint32_t at, unsigned bit)
{
	return t->p->byte[at + SONDE_AT_icmp_interface_ctype / 8] >> bit & 1;
}

/* A number of 4 bytes; false where it is not all there. */
static bool number(struct sonde_teller *t, enum sonde_row_id row, uint32_t *at, uint32_t end)
{
	if (end - *at < 4)
		return false;
	sonde_tell_number(t, row, *at, 4, load(t, *at, 4));
	*at += 4;
	return true;
}

/* RFC 5837 section 4.2: family, two zeros, address. */
static bool address(struct sonde_teller *t, uint32_t *at, uint32_t end)
{
	uint32_t afi, size;

	if (end - *at < 4)
		return false;
	afi = load(t, *at, 2);
	size = afi == AFI_IPV4 ? 4 : afi == AFI_IPV6 ? 16 : 0;
	sonde_tell_number(t, SONDE_ROW_icmp_interface_afi, *at, 2, afi);
	*at += 4;
	if (!size || end - *at < size)
		return false;
	if (size == 4)
		sonde_tell_number(t, SONDE_ROW_icmp_interface_ipv4, *at, 4, load(t, *at, 4));
	else
		sonde_tell_octets(t, SONDE_ROW_icmp_interface_ipv6, *at, 16, t->p->byte + *at, 16);
	*at += size;
	return true;
}

static uint32_t without_zeros(const uint8_t *at, uint32_t len)
{
	while (len && !at[len - 1])
		len--;
	return len;
}

/* RFC 5837 section 4.3: a byte that counts itself too, then the name, zeros up to it. */
static bool name(struct sonde_teller *t, uint32_t *at, uint32_t end)
{
	const uint8_t *h = t->p->byte + *at;
	uint32_t len = end > *at ? *h : 0, shown;

	if (!len || end - *at < len)
		return false;
	shown = without_zeros(h + 1, len - 1);
	if (shown)
		sonde_tell_octets(t, SONDE_ROW_icmp_interface_text, *at + 1, len - 1, h + 1, shown);
	*at += len;
	return true;
}

void sonde_interface_tell(struct sonde_teller *t, uint32_t from, uint32_t end)
{
	enum { INDEX = 3, ADDRESS = 2, NAME = 1, MTU = 0 }; /* bits of the type */
	uint32_t at = from + SONDE_BYTES_icmp_interface;
	bool good = true;

	if (is_said(t, from, INDEX))
		good = number(t, SONDE_ROW_icmp_interface_ifindex, &at, end);
	if (good && is_said(t, from, ADDRESS))
		good = address(t, &at, end);
	if (good && is_said(t, from, NAME))
		good = name(t, &at, end);
	if (good && is_said(t, from, MTU))
		number(t, SONDE_ROW_icmp_interface_bytes, &at, end);
}

static void ident_address(struct sonde_teller *t, uint32_t at, uint32_t end)
{
	uint32_t afi, size;

	if (end - at < 4)
		return;
	afi = load(t, at, 2);
	size = t->p->byte[at + 2];
	sonde_tell_number(t, SONDE_ROW_icmp_ident_afi, at, 2, afi);
	sonde_tell_number(t, SONDE_ROW_icmp_ident_size, at + 2, 1, size);
	at += 4;
	if (!size || end - at < size)
		return;
	if (afi == AFI_IPV4 && size == 4)
		sonde_tell_number(t, SONDE_ROW_icmp_ident_ipv4, at, 4, load(t, at, 4));
	else
		sonde_tell_octets(t,
				  afi == AFI_IPV6 && size == 16 ? SONDE_ROW_icmp_ident_ipv6
								: SONDE_ROW_icmp_ident_addr,
				  at, size, t->p->byte + at, size);
}

void sonde_ident_tell(struct sonde_teller *t, uint32_t from, uint32_t end)
{
	enum { BY_NAME = 1, BY_INDEX = 2, BY_ADDRESS = 3 };
	uint32_t at = from + SONDE_BYTES_icmp_ident, shown;

	switch (t->p->byte[from + SONDE_AT_icmp_ident_ctype / 8]) {
	case BY_NAME:
		shown = without_zeros(t->p->byte + at, end - at);
		if (shown)
			sonde_tell_octets(t, SONDE_ROW_icmp_ident_name, at, end - at,
					  t->p->byte + at, shown);
		break;
	case BY_INDEX: number(t, SONDE_ROW_icmp_ident_index, &at, end); break;
	case BY_ADDRESS: ident_address(t, at, end); break;
	}
}
