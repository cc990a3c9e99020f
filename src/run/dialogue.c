#include "run/dialogue.h"

static void paint(struct sonde_dialogue *d, enum sonde_paint paint)
{
	if (d->palette)
		sonde_text_str(d->out, d->palette[paint]);
}

static void put_end(struct sonde_text *t, const struct sonde_address *a)
{
	sonde_text_end(t, sonde_put_address(sonde_text_room(t, 80), a));
}

/* "--- 10.0.0.1:4000 to 10.0.0.2:80, packet 4, 34 bytes" */
static void hear(void *arg, const struct sonde_stream_chunk *c)
{
	struct sonde_dialogue *d = arg;
	size_t len = c->byte.len;

	paint(d, SONDE_PAINT_TITLE);
	sonde_text_str(d->out, "--- ");
	put_end(d->out, &d->stream.end[c->back]);
	sonde_text_str(d->out, " to ");
	put_end(d->out, &d->stream.end[!c->back]);
	sonde_text_print(d->out, ", packet %llu, %zu byte%s", (unsigned long long)c->frame, len,
			 len == 1 ? "" : "s");
	if (c->missing)
		sonde_text_print(d->out, ", %u before it missing", c->missing);
	paint(d, SONDE_PAINT_PLAIN);
	sonde_text_bytes(d->out, "\n", 1);
	sonde_dump(d->out, d->form ? d->form : SONDE_DUMP_ASCII, c->byte);
	d->pieces++;
}

void sonde_dialogue_init(struct sonde_dialogue *d, uint32_t wanted, struct sonde_text *out,
			 enum sonde_dump form, const char *const *palette)
{
	*d = (struct sonde_dialogue){ .out = out, .form = form, .palette = palette };
	sonde_stream_init(&d->stream, wanted);
}

bool sonde_dialogue_put(struct sonde_dialogue *d, const struct sonde_packet *p, uint64_t number)
{
	return sonde_stream_put(&d->stream, p, number, hear, d);
}

void sonde_dialogue_done(struct sonde_dialogue *d)
{
	sonde_stream_end(&d->stream, hear, d);
	sonde_stream_done(&d->stream);
}
