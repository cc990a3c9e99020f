#include "probe/words.h"

#include <sys/socket.h>

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
