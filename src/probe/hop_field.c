#include "probe/hop_field.h"

#include <string.h>

#include "probe/say_value.h"

/* Percents with one digit behind the point, so that they stand below each other; what is hardly any
 * keeps all it has. */
static void say_loss(struct sonde_text *t, uint64_t ppm)
{
	if (ppm < 1000)
		sonde_say_percent(t, ppm);
	else
		sonde_text_print(t, "%.1f%%", (double)ppm / 10000);
}

#define FIELD(letter, title, brief, say, member, what)                                             \
	{                                                                                          \
		letter, title, brief, what, offsetof(struct sonde_hop_record, member), say         \
	}

/* clang-format off */
const struct sonde_hop_field sonde_hop_fields[] = {
	FIELD('L', "LOSS", NULL, say_loss, loss_ppm, "lost of all whose fate is known"),
	FIELD('D', "LOST", NULL, sonde_say_dec, lost, "not answered in time"),
	FIELD('R', "RCVD", NULL, sonde_say_dec, received, "answered in time"),
	FIELD('S', "SENT", NULL, sonde_say_dec, sent, "probes that left"),
	FIELD('N', "LAST ms", "LAST", sonde_say_ms, rtt_ns, "the newest round trip"),
	FIELD('B', "BEST ms", "BEST", sonde_say_ms, rtt_min_ns, "the least"),
	FIELD('A', "AVG ms", "AVG", sonde_say_ms, rtt_mean_ns, "their mean"),
	FIELD('W', "WORST ms", "WORST", sonde_say_ms, rtt_max_ns, "the greatest"),
	FIELD('V', "STDEV ms", "STDEV", sonde_say_ms, rtt_deviation_ns, "their standard deviation"),
	FIELD('J', "JITTER ms", "JITTER", sonde_say_ms, jitter_last_ns, "between the last two round trips"),
	FIELD('M', "JAVG ms", "JAVG", sonde_say_ms, jitter_ns, "mean jitter"),
	FIELD('X', "JMAX ms", "JMAX", sonde_say_ms, jitter_max_ns, "the greatest jitter"),
	FIELD('I', "JINT ms", "JINT", sonde_say_ms, jitter_rfc3550_ns, "interarrival jitter, smoothed, RFC 3550"),
	FIELD('5', "P50 ms", "P50", sonde_say_ms, rtt_p50_ns, "half of the round trips are not above"),
	FIELD('9', "P90 ms", "P90", sonde_say_ms, rtt_p90_ns, "90 % are not above"),
	FIELD('P', "P99 ms", "P99", sonde_say_ms, rtt_p99_ns, "99 % are not above"),
	{ .letter = 0 },
};
/* clang-format on */

const struct sonde_hop_field *sonde_hop_field(char letter)
{
	for (const struct sonde_hop_field *f = sonde_hop_fields; f->letter; f++)
		if (f->letter == letter)
			return f;
	return NULL;
}

uint64_t sonde_hop_field_value(const struct sonde_hop_field *f, const struct sonde_hop_record *r)
{
	uint64_t v;

	memcpy(&v, (const char *)r + f->at, sizeof v);
	return v;
}

enum sonde_hop_order sonde_hop_order(char ret[static SONDE_HOP_FIELDS + 1], const char *text,
				     char *ret_wrong)
{
	char order[SONDE_HOP_FIELDS + 1] = { 0 };
	unsigned n = 0;

	for (; *text; text++) {
		if (*text == ' ')
			continue;
		if (!sonde_hop_field(*text)) {
			*ret_wrong = *text;
			return SONDE_HOP_ORDER_LETTER;
		}
		if (n == SONDE_HOP_FIELDS)
			return SONDE_HOP_ORDER_MANY;
		order[n++] = *text;
	}
	if (!n)
		return SONDE_HOP_ORDER_EMPTY;
	memcpy(ret, order, sizeof order);
	return SONDE_HOP_ORDER_FITS;
}

void sonde_hop_table(struct sonde_grid *g, struct sonde_arena *a, const char *order)
{
	/* clang-format off */
	struct sonde_grid_column column[SONDE_GRID_COLUMNS] = {
		{ .title = "HOP", .align = SONDE_ALIGN_RIGHT, .least = 3 },
		{ .title = "HOST", .align = SONDE_ALIGN_LEFT, .least = 15, .good = 24, .weight = 1, .fill = true },
	};
	/* clang-format on */
	unsigned n = 2;

	for (; *order; order++, n++) {
		const struct sonde_hop_field *f = sonde_hop_field(*order);

		/* The one at the right is the first to be left out. */
		column[n] = (struct sonde_grid_column){ .title = f->title,
							.brief = f->brief,
							.align = SONDE_ALIGN_RIGHT,
							.least = 4,
							.rank = (uint8_t)(n - 1) };
	}
	sonde_grid_init(g, a, column, n);
	g->head_first = true;
}

void sonde_hop_table_row(struct sonde_grid *g, const char *order, const struct sonde_hop_record *r,
			 const char *host, enum sonde_paint paint)
{
	struct sonde_cell *c = sonde_grid_row(g);

	sonde_say_cell(g, &c[0], r->ttl, SONDE_PAINT_PLAIN, sonde_say_dec);
	c[1] = (struct sonde_cell){ .text = host,
				    .paint = r->from ? SONDE_PAINT_PLAIN : SONDE_PAINT_FAINT };
	for (unsigned i = 0; order[i]; i++) {
		const struct sonde_hop_field *f = sonde_hop_field(order[i]);
		bool lost = r->lost && (order[i] == 'L' || order[i] == 'D');

		sonde_say_cell(g, &c[2 + i], sonde_hop_field_value(f, r),
			       lost ? paint : SONDE_PAINT_PLAIN, f->say);
	}
}
