#ifndef SONDE_TESTS_FUZZ_APP_H
#define SONDE_TESTS_FUZZ_APP_H

/* What applications say: the first byte chooses the protocol, the second how many bytes the capture
 * left out, the rest is its message. Once as it is, once behind a port that leads there. */
#include <stdlib.h>

#include "packet/app.h"
#include "packet/draft.h"
#include "packet/field.h"
#include "packet/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static const struct sonde_packet *now;
static unsigned depth;
static uint64_t seen; /* so that every byte told is read */

static void stop_unless(bool right)
{
	if (!right)
		abort();
}

static void hear(void *arg, const struct sonde_field *f)
{
	stop_unless(arg == &depth);
	if (f->is == SONDE_FIELD_CLOSE) {
		stop_unless(depth-- > 0);
		return;
	}
	stop_unless((uint64_t)f->at + f->len <= now->len);
	if (f->is == SONDE_FIELD_OPEN)
		stop_unless(++depth <= SONDE_FIELD_DEPTH && f->list);
	else
		stop_unless(sonde_rows[f->row].shape == f->shape);
	for (uint32_t i = 0;
	     (f->is == SONDE_FIELD_OPEN || sonde_row_is_octets(&sonde_rows[f->row])) &&
	     i < f->octets_len;
	     i++)
		seen += f->octets[i];
}

static void read_all(const uint8_t *at, uint32_t len, uint32_t wire, enum sonde_shape first)
{
	static char line[SONDE_SUMMARY_MAX];
	static uint8_t again[1 << 17];
	struct sonde_verdict v;
	struct sonde_packet p;
	struct sonde_draft d;
	const char *end;

	sonde_decode(&p, at, len, wire, first);
	stop_unless(p.stop <= SONDE_STOP_MORE && p.n <= SONDE_LAYERS);
	now = &p;
	for (unsigned i = 0; i < p.n; i++) {
		stop_unless(p.layer[i].at + p.layer[i].head <= len);
		depth = 0;
		stop_unless(sonde_field_each(&p, i, hear, &depth) <= SONDE_STOP_MORE && !depth);
	}
	stop_unless(sonde_summary(line, &p) <= line + sizeof line);
	end = sonde_summary(line, &p);
	for (const char *c = line; c < end; c++)
		stop_unless((uint8_t)*c >= ' ' && *c != 0x7f);
	sonde_judge(&p, SONDE_JUDGE_SUMS | SONDE_JUDGE_STRICT, &v);
	sonde_draft_init(&d, again, sizeof again);
	stop_unless(sonde_draft_copy(&d, &p, &v) == (int)len && !memcmp(again, at, len));
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
		if (len < 2 || len > 60000)                                                        \
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
