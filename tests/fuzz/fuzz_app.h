#ifndef SONDE_TESTS_FUZZ_APP_H
#define SONDE_TESTS_FUZZ_APP_H

/* What applications say: the first byte chooses the protocol, the second how many bytes the capture
 * left out, the rest is its message. Once as it is, once behind a port that leads there. */
#include "packet/app.h"

enum { MESSAGE_MOST = 60000 };
#define FUZZ_PACKET_MOST (MESSAGE_MOST + SONDE_BYTES_tcp)
#include "tests/fuzz/packet.h"

static void read_all(const uint8_t *at, uint32_t len, uint32_t wire, enum sonde_shape first)
{
	struct sonde_packet p;

	sonde_decode(&p, at, len, wire, first);
	check_layers(&p);
	check_fields(&p);
	check_words(&p);
	check_copy(&p);
}

/* A datagram or segment whose ports lead to this protocol. */
static void read_behind(const uint8_t *at, uint32_t len, uint32_t left_out, enum sonde_shape shape)
{
	int32_t tcp = sonde_key(SONDE_SPACE_tcpport, shape);
	int32_t udp = sonde_key(SONDE_SPACE_udpport, shape);
	uint32_t head = tcp >= 0 ? SONDE_BYTES_tcp : SONDE_BYTES_udp;
	uint8_t *x = calloc(1, head + len);

	stop_unless(x);
	sonde_store(x + 2, 2, (uint64_t)(tcp >= 0 ? tcp : udp >= 0 ? udp : 547));
	if (tcp >= 0)
		x[12] = 0x50;
	else
		sonde_store(x + 4, 2, 0);
	memcpy(x + head, at, len);
	read_all(x, head + len, head + len + left_out, tcp >= 0 ? SONDE_tcp : SONDE_udp);
	free(x);
}

#define FUZZ_APPS(...)                                                                             \
	int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)                                  \
	{                                                                                          \
		static const enum sonde_shape apps[] = { __VA_ARGS__ };                            \
		if (len < 2 || len > MESSAGE_MOST)                                                 \
			return 0;                                                                  \
		try_app(at, (uint32_t)len, apps[at[0] % (sizeof apps / sizeof *apps)]);            \
		return 0;                                                                          \
	}

static void try_app(const uint8_t *at, uint32_t len, enum sonde_shape shape)
{
	read_all(at + 2, len - 2, len - 2 + at[1], shape);
	read_behind(at + 2, len - 2, at[1], shape);
}

#endif
