/* A capture's fields, one packet a line, for comparison with another dissector:
 * name=value and a tab, values of one name in the order they come. Reads what tshark_fields.py
 * writes: pcap of this machine's byte order, microseconds.
 *
 *	show_fields FILE	show_fields --names
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "packet/field.h"

static void print_field(void *arg, const struct sonde_field *f)
{
	const struct sonde_row *r = &sonde_rows[f->row];

	(void)arg;
	if (f->is != SONDE_FIELD_VALUE)
		return;
	printf("%s=%s", r->name,
	       sonde_row_is_octets(r)	    ? r->form == SONDE_FORM_TEXT ? "t" : "x"
	       : r->form == SONDE_FORM_TIME ? "n"
					    : "");
	if (sonde_row_is_octets(r))
		for (uint32_t i = 0; i < f->octets_len; i++)
			printf("%02x", f->octets[i]);
	else
		printf("%" PRId64, (int64_t)f->number);
	putchar('\t');
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
		for (unsigned d = 0; d < p.n; d++) {
			printf("is=%s\t", sonde_shapes[p.layer[d].shape].name);
			sonde_field_each(&p, d, print_field, NULL);
		}
		printf("stop=%u\t\n", p.stop);
	}
	fclose(f);
	return 0;
}
