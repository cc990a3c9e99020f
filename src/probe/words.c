#include "probe/words.h"

#include <sys/socket.h>

#include "base/text.h"

/* clang-format off */
static const char *const unreachable[] = {
	"Destination Net Unreachable", "Destination Host Unreachable",
	"Destination Protocol Unreachable", "Destination Port Unreachable",
	"Frag needed and DF set", "Source Route Failed", "Destination Net Unknown",
	"Destination Host Unknown", "Source Host Isolated", "Destination Net Prohibited",
	"Destination Host Prohibited", "Destination Net Unreachable for Type of Service",
	"Destination Host Unreachable for Type of Service", "Packet filtered",
	"Precedence Violation", "Precedence Cutoff",
};
static const char *const unreachable6[] = {
	"Destination unreachable: No route", "Destination unreachable: Administratively prohibited",
	"Destination unreachable: Beyond scope of source address",
	"Destination unreachable: Address unreachable", "Destination unreachable: Port unreachable",
	"Destination unreachable: Source address failed policy",
	"Destination unreachable: Reject route to destination",
};
/* clang-format on */

#define WORD(list, n) ((n) < sizeof(list) / sizeof *(list) ? (list)[n] : "Destination Unreachable")

const char *sonde_words_of_error(uint16_t family, uint8_t type, uint8_t code)
{
	if (family == AF_INET6)
		switch (type) {
		case 1: return WORD(unreachable6, code);
		case 2: return "Packet too big";
		case 3:
			return code ? "Time exceeded: Defragmentation failure"
				    : "Time exceeded: Hop limit";
		case 4: return "Parameter problem";
		default: return "ICMPv6 error";
		}
	switch (type) {
	case 3: return WORD(unreachable, code);
	case 11: return code ? "Frag reassembly time exceeded" : "Time to live exceeded";
	case 12: return "Parameter problem";
	default: return "ICMP error";
	}
}

/* By code of unreachable; F is followed by an MTU, a space is no mark. RFC 792, RFC 1812 section
 * 5.2.7.1, RFC 4443 section 3.1. */
static const char marks[] = "NHP FSNHNXXNHXVC", marks6[] = "NXHH ";

/* "!<3-4>", or without the type. */
static const char *mark_number(char *buf, int type, uint8_t code)
{
	char text[SONDE_WORDS_MARK + SONDE_TEXT_SLACK] = "", *o = SONDE_PUT_LIT(text, "!<");

	if (type >= 0) {
		o = sonde_put_dec(o, (uint64_t)type);
		*o++ = '-';
	}
	o = sonde_put_dec(o, code);
	o = SONDE_PUT_LIT(o, ">");
	*o = 0;
	return memcpy(buf, text, SONDE_WORDS_MARK);
}

static const char *mark_letter(char *buf, char letter, uint32_t mtu)
{
	char text[SONDE_WORDS_MARK + SONDE_TEXT_SLACK] = "", *o = text;

	if (letter != ' ') {
		*o++ = '!';
		*o++ = letter;
	}
	if (letter == 'F' && mtu)
		o = sonde_put_dec(SONDE_PUT_LIT(o, "-"), mtu);
	*o = 0;
	return memcpy(buf, text, SONDE_WORDS_MARK);
}

const char *sonde_words_mark(uint16_t family, uint8_t type, uint8_t code, uint32_t mtu,
			     char buf[static SONDE_WORDS_MARK])
{
	bool v6 = family == AF_INET6;
	const char *letters = v6 ? marks6 : marks;

	if (type == (v6 ? 1 : 3))
		return code < strlen(letters) ? mark_letter(buf, letters[code], mtu)
					      : mark_number(buf, -1, code);
	if (v6 && type == 2)
		return mark_letter(buf, 'F', mtu);
	if (type == (v6 ? 3 : 11) && !code)
		return mark_letter(buf, ' ', 0);
	return mark_number(buf, type, code);
}
