#include "run/inspect.h"

#include <errno.h>
#include <stdlib.h>

#include "capture/reader.h"
#include "flow/start.h"
#include "packet/facts.h"
#include "packet/layers.h"
#include "packet/summary.h"
#include "sys/file.h"

enum { OUT_BUFFER = 256 << 10, JSON_ROOM = 512 };

struct inspect {
	const struct sonde_inspect_plan *plan;
	struct sonde_inspect_end *end;
	struct sonde_text out;
	struct sonde_stamp stamp;
	struct sonde_arena arena;
	struct sonde_starts starts;
	int fd;
};

/* What lies behind the headers of the link. */
static uint32_t beyond_link(const struct sonde_packet *p)
{
	unsigned d = 0;

	for (; d < p->n; d++)
		switch (p->layer[d].shape) {
		case SONDE_eth:
		case SONDE_vlan:
		case SONDE_sll:
		case SONDE_sll2:
		case SONDE_loop:
		case SONDE_null: continue;
		default: return p->layer[d].at;
		}
	return d ? p->layer[d - 1].at + p->layer[d - 1].head : 0;
}

static void show_line(struct inspect *in, const struct sonde_frame *f)
{
	const struct sonde_inspect_plan *plan = in->plan;
	struct sonde_packet p;
	char *o = sonde_text_room(&in->out, SONDE_SUMMARY_MAX + SONDE_STAMP_MAX + 32);

	if (plan->number) {
		o = sonde_put_dec(o, in->end->packets);
		o = SONDE_PUT_LIT(o, "  ");
	}
	o = sonde_stamp_put(&in->stamp, o, f->when);
	sonde_decode_link(&p, f->byte.at, (uint32_t)f->byte.len, f->wire, f->link);
	if (in->starts.line)
		sonde_starts_find(&in->starts, &p);
	o = sonde_summary(o, &p);
	*o++ = '\n';
	sonde_text_end(&in->out, o);
	if (plan->dump) {
		uint32_t from = plan->dump_link ? 0 : beyond_link(&p);

		sonde_dump(&in->out, plan->dump,
			   (struct sonde_bytes){ f->byte.at + from, f->byte.len - from });
	}
	if (plan->line_by_line)
		sonde_text_flush(&in->out);
}

static char *put_text(struct sonde_text *t, char *o, const char *key, const char *text)
{
	if (!text)
		return o;
	o = sonde_put_str(o, key);
	sonde_text_end(t, o);
	sonde_text_json(t, text, strlen(text));
	return sonde_text_room(t, JSON_ROOM);
}

static char *put_number(char *o, const char *key, uint64_t v)
{
	return sonde_put_dec(sonde_put_str(o, key), v);
}

static void show_json(struct inspect *in, const struct sonde_frame *f)
{
	struct sonde_text *t = &in->out;
	char *o = sonde_text_room(t, JSON_ROOM);
	struct sonde_packet p;
	struct sonde_verdict v;
	struct sonde_facts facts;

	sonde_facts_take(&facts, f, in->end->packets);
	sonde_decode_link(&p, f->byte.at, (uint32_t)f->byte.len, f->wire, f->link);
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
	o = put_number(o, "{\"record\":\"frame\",\"v\":1,\"frame.number\":", facts.number);
	o = SONDE_PUT_LIT(o, ",\"frame.time\":\"");
	o = sonde_stamp_put_rfc3339(&in->stamp, o, f->when);
	o = put_number(o, "\",\"frame.len\":", facts.len);
	o = put_number(o, ",\"frame.cap_len\":", facts.cap_len);
	o = put_number(o, ",\"frame.linktype\":", facts.linktype);
	o = put_number(o, ",\"frame.interface_id\":", facts.interface);
	o = put_text(t, o, ",\"frame.interface_name\":", facts.interface_name);
	o = put_text(t, o, ",\"frame.direction\":", facts.direction);
	o = put_text(t, o, ",\"frame.sums\":", facts.sums);
	o = put_text(t, o, ",\"frame.comment\":", facts.comment);
	*o++ = ',';
	sonde_text_end(t, o);
	sonde_layers_json(t, &p, &v);
	sonde_text_bytes(t, "}\n", 2);
	if (in->plan->line_by_line)
		sonde_text_flush(t);
}

/* False when there is nothing more to do. */
static bool hear(struct inspect *in, const struct sonde_item *item)
{
	if (item->is != SONDE_ITEM_FRAME) {
		in->end->events++;
		return true;
	}
	in->end->packets++;
	switch (in->plan->form) {
	case SONDE_INSPECT_LINE: show_line(in, &item->frame); break;
	case SONDE_INSPECT_JSON: show_json(in, &item->frame); break;
	case SONDE_INSPECT_COUNT: break;
	}
	return in->end->packets != in->plan->most && !in->out.error;
}

/* False when there is nothing more to do. */
static bool read_file(struct inspect *in, const struct sonde_inspect_file *file)
{
	struct sonde_reader *reader;
	struct sonde_item item;
	uint64_t before = in->end->packets;
	int fd = file->fd, r = sonde_reader_open(&reader, sonde_file_pull, &fd);
	bool more = true;

	if (r < 0) {
		in->plan->bad(in->plan->arg, file->name, r, 0, 0);
		return true;
	}
	while (more && (r = sonde_reader_next(reader, &item)) > 0)
		more = hear(in, &item);
	if (r < 0) {
		sonde_text_flush(&in->out);
		in->plan->bad(in->plan->arg, file->name, r, in->end->packets - before,
			      sonde_reader_block(reader));
	}
	sonde_reader_close(reader);
	return more;
}

static void finish(struct inspect *in)
{
	if (in->plan->form == SONDE_INSPECT_COUNT)
		sonde_text_print(&in->out, "%llu\n", (unsigned long long)in->end->packets);
	sonde_text_flush(&in->out);
}

int sonde_inspect_run(const struct sonde_inspect_plan *plan, struct sonde_inspect_end *ret)
{
	struct inspect in = { .plan = plan, .end = ret, .stamp = plan->stamp, .fd = plan->out };
	char *buffer = malloc(OUT_BUFFER);

	if (!buffer)
		return -ENOMEM;
	*ret = (struct sonde_inspect_end){ 0 };
	sonde_text_init(&in.out, buffer, OUT_BUFFER, sonde_file_sink, &in.fd);
	if (plan->form == SONDE_INSPECT_LINE && !plan->absolute)
		sonde_starts_init(&in.starts, &in.arena);
	for (size_t i = 0; i < plan->files && read_file(&in, &plan->file[i]); i++)
		;
	finish(&in);
	sonde_arena_done(&in.arena);
	free(buffer);
	return in.out.error;
}
