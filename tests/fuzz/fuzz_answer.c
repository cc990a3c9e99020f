/* Packets that are sent and packets that come, from any bytes: an answer is to one that was sent,
 * is not too old, and no more answers are first ones than packets were sent. A packet turned round
 * is made of what was sent. */
#include "probe/answer.h"
#include "tests/fuzz/fuzz.h"

enum { STEPS = 60, PACKET = 120, MOST = 8 };

static struct sonde_arena arena;
static struct sonde_answers answers;
static uint8_t packet[PACKET];
static uint32_t len;

/* Addresses and ports the other way round, and the type of an echo. */
static void turn_round(void)
{
	uint8_t a[4];

	if (len < 28 || packet[0] != 0x45)
		return;
	memcpy(a, packet + 12, 4);
	memcpy(packet + 12, packet + 16, 4);
	memcpy(packet + 16, a, 4);
	if (packet[9] == 1) {
		packet[20] = 0;
	} else {
		memcpy(a, packet + 20, 2);
		memcpy(packet + 20, packet + 22, 2);
		memcpy(packet + 22, a, 2);
	}
}

static void begin(struct steps *s, unsigned how)
{
	static const uint8_t protocols[] = { 1, 6, 17, 132 };

	len = next_byte(s) % PACKET;
	for (uint32_t i = 0; i < len; i++)
		packet[i] = (uint8_t)next_byte(s);
	if (how & 1 && len >= 20) { /* likely enough to be IPv4 */
		memset(packet, 0, 20);
		packet[0] = 0x45;
		packet[3] = (uint8_t)len;
		packet[9] = protocols[how >> 1 & 3];
		packet[12] = packet[16] = 10;
		packet[19] = (uint8_t)(how >> 3 & 3);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum sonde_shape firsts[] = { SONDE_ip, SONDE_ipv6, SONDE_eth, SONDE_ip };
	const struct sonde_secret secret = { { 1, 2 } };
	struct steps s = { data, size };
	uint64_t sent = 0, first = 0, number;

	sonde_answers_init(&answers, &arena, MOST, &secret);
	for (unsigned i = 0; i < STEPS && s.len; i++) {
		unsigned op = next_byte(&s);
		uint64_t since = op >> 6 ? 0 : sent / 2;
		struct sonde_answers_hit hit = { 0 };
		struct sonde_packet p;

		if (op & 1)
			turn_round();
		else
			begin(&s, op >> 1 & 31);
		sonde_decode(&p, packet, len, len, firsts[op & 1 ? 0 : op >> 1 & 3]);
		if (!(op & 1) && op & 32) {
			sonde_answers_put(&answers, &p, sent++);
			continue;
		}
		if (sonde_answers_own(&answers, &p, &number))
			stop_unless(number < sent && sent - number <= MOST);
		if (!sonde_answers_find(&answers, &p, since, &hit))
			continue;
		stop_unless(hit.number < sent && hit.number >= since && sent - hit.number <= MOST);
		stop_unless(hit.kind >= SONDE_ANSWERS_REPLY && hit.kind <= SONDE_ANSWERS_ERROR);
		first += !hit.again;
		stop_unless(first <= sent && hit.alike < MOST);
	}
	sonde_arena_rewind(&arena);
	return 0;
}
