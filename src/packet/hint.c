#include "packet/hint.h"

#include <stdlib.h>

/* The protocol of this name that goes over that transport, or SONDE_NONE. */
static enum sonde_shape named(const char *name, enum sonde_shape transport)
{
	enum sonde_space space = transport == SONDE_tcp ? SONDE_SPACE_tcpport : SONDE_SPACE_udpport;
	size_t len = strlen(name);

	for (unsigned s = SONDE_NONE + 1; s < SONDE_PROTOCOLS; s++) {
		const char *own = sonde_shapes[s].name;

		if (sonde_key(space, s) >= 0 && !strncmp(own, name, len) &&
		    (!own[len] || !strcmp(own + len, "_tcp")))
			return s;
	}
	return SONDE_NONE;
}

bool sonde_hint_parse(struct sonde_hint *h, const char *text, const char **ret_expected)
{
	enum sonde_shape transport = !strncmp(text, "tcp.port==", 10)	? SONDE_tcp
				     : !strncmp(text, "udp.port==", 10) ? SONDE_udp
									: SONDE_NONE;
	enum sonde_shape shape;
	unsigned long port;
	char *end;

	*ret_expected = "tcp.port==NUMBER,PROTOCOL or udp.port==NUMBER,PROTOCOL";
	if (transport == SONDE_NONE || text[10] < '0' || text[10] > '9')
		return false;
	port = strtoul(text + 10, &end, 10);
	if (*end != ',')
		return false;
	*ret_expected = "a port, 0 to 65535";
	if (port > UINT16_MAX)
		return false;
	*ret_expected = "a protocol that goes over TCP: dns, http, ssh, tls";
	if (transport == SONDE_udp)
		*ret_expected = "a protocol that goes over UDP: dhcp, dhcpv6, dns, ntp, quic";
	if ((shape = named(end + 1, transport)) == SONDE_NONE)
		return false;
	*ret_expected = "no more than 16 of them";
	if (h->n == SONDE_HINTS)
		return false;
	h->is[h->n].port = (uint16_t)port;
	h->is[h->n].transport = (uint8_t)transport;
	h->is[h->n++].shape = (uint8_t)shape;
	return true;
}

enum sonde_shape sonde_hint_find(const struct sonde_hint *h, enum sonde_shape transport,
				 const uint8_t *at)
{
	const struct sonde_tcp_start *ports = (const void *)at; /* those of UDP lie there too */

	if (transport != SONDE_tcp && transport != SONDE_udp)
		return SONDE_NONE;
	for (unsigned i = h->n; i-- > 0;)
		if (h->is[i].transport == transport &&
		    (h->is[i].port == sonde_tcp_start_sport(ports) ||
		     h->is[i].port == sonde_tcp_start_dport(ports)))
			return h->is[i].shape;
	return SONDE_NONE;
}
