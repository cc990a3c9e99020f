/* A capture's fields, one packet a line, for comparison with another dissector:
 * name=value and a tab, values of one name in the order they come. Reads what tshark_fields.py
 * writes: pcap of this machine's byte order, microseconds.
 *
 *	show_fields FILE	show_fields --names
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "packet/option.h"
#include "packet/packet.h"

static void print_row(const struct sonde_row *r, const uint8_t *h)
{
	uint64_t v;

	printf("%s=", r->name);
	if (sonde_row_is_octets(r)) {
		for (unsigned i = 0; i < r->bits / 8u; i++)
			printf("%02x", h[r->at / 8 + i]);
	} else {
		v = sonde_get(h, r->at, r->bits);
		printf("%" PRIu64, r->form == SONDE_FORM_X4 ? 4 * v : v);
	}
	putchar('\t');
}

static void print_rows(unsigned shape, const uint8_t *h)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];

	for (unsigned i = s->row; i < s->row + s->rows; i++)
		print_row(&sonde_rows[i], h);
}

static void print_each(unsigned shape, const uint8_t *at, const uint8_t *end)
{
	for (; shape && end - at >= sonde_shapes[shape].bytes; at += sonde_shapes[shape].bytes)
		print_rows(shape, at);
}

static void print_layer(const struct sonde_packet *p, unsigned d)
{
	const struct sonde_shape_info *s = &sonde_shapes[p->layer[d].shape];
	const uint8_t *h = p->byte + p->layer[d].at;
	struct sonde_walk w = { h + s->bytes, h + p->layer[d].head };
	struct sonde_option o;

	printf("is=%s\t", s->name);
	print_rows(p->layer[d].shape, h);
	print_each(s->each, w.at, w.to);
	while (s->family && sonde_option_next(&w, s->family, &o)) {
		enum sonde_shape shape = sonde_option_shape(s->family, o.kind);

		if (shape == SONDE_NONE || o.len < sonde_shapes[shape].bytes)
			continue;
		print_rows(shape, o.at);
		print_each(sonde_shapes[shape].each, o.at + sonde_shapes[shape].bytes,
			   o.at + o.len);
	}
}

int main(int argc, char **argv)
{
	static uint8_t byte[1 << 18];
	struct sonde_packet p;
	uint32_t file[6], head[4];
	FILE *f;

	if (argc == 2 && !strcmp(argv[1], "--names")) {
		for (unsigned i = 0; i < SONDE_ROWS; i++)
			puts(sonde_rows[i].name);
		return 0;
	}
	if (argc != 2 || !(f = fopen(argv[1], "rb")) || fread(file, sizeof file, 1, f) != 1)
		return 2;
	while (fread(head, sizeof head, 1, f) == 1 && head[2] <= sizeof byte &&
	       fread(byte, 1, head[2], f) == head[2]) {
		sonde_decode_link(&p, byte, head[2], head[3], file[5]);
		for (unsigned d = 0; d < p.n; d++)
			print_layer(&p, d);
		printf("stop=%u\t\n", p.stop);
	}
	fclose(f);
	return 0;
}
