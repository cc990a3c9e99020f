#include "probe/say_value.h"

#include <string.h>

#include "base/record.h"

void sonde_say_ms(struct sonde_text *t, sonde_ns ns)
{
	sonde_ns us = (ns + 500) / 1000;
	char *o = sonde_put_dec(sonde_text_room(t, 40), us / 1000);

	*o++ = '.';
	sonde_text_end(t, sonde_put_dec_padded(o, us % 1000, 3));
}

void sonde_say_dec(struct sonde_text *t, uint64_t v)
{
	sonde_text_end(t, sonde_put_dec(sonde_text_room(t, 24), v));
}

void sonde_say_name(struct sonde_text *t, const char *name)
{
	sonde_text_escape(t, name, strlen(name));
}

void sonde_say_percent(struct sonde_text *t, uint64_t ppm)
{
	uint64_t part = ppm % 10000;

	sonde_say_dec(t, ppm / 10000);
	if (part) {
		unsigned digits = 4;

		while (part % 10 == 0) {
			part /= 10;
			digits--;
		}
		sonde_text_str(t, ".");
		sonde_text_end(t, sonde_put_dec_padded(sonde_text_room(t, 24), part, digits));
	}
	sonde_text_str(t, "%");
}

void sonde_say_cell(struct sonde_grid *g, struct sonde_cell *c, uint64_t v, enum sonde_paint paint_,
		    void (*say)(struct sonde_text *, uint64_t))
{
	char buf[128];
	struct sonde_text t;

	if (v == SONDE_ABSENT) {
		*c = (struct sonde_cell){ .text = "-", .paint = SONDE_PAINT_FAINT };
		return;
	}
	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	say(&t, v);
	c->text = sonde_arena_string(g->arena, t.at, t.len);
	c->paint = (uint8_t)paint_;
}
