#include "run/view.h"

#include <errno.h>

#include "packet/craft.h"
#include "packet/ether.h"
#include "packet/layers.h"
#include "packet/pick.h"
#include "packet/summary.h"
#include "packet/tree.h"
#include "packet/value.h"
#include "run/remark.h"

enum { ROOM = 512, CELL = 64 << 10 };

int sonde_view_columns(struct sonde_view_look *look, const char *names, const char **ret_bad,
		       size_t *ret_len)
{
	for (const char *at = names;; at++) {
		size_t len = strcspn(at, ",");

		if (look->columns == SONDE_VIEW_COLUMNS)
			return -E2BIG;
		if (!sonde_lookup(&look->column[look->columns].is, at, len, &sonde_beside_schema)) {
			*ret_bad = at;
			*ret_len = len;
			return -EINVAL;
		}
		look->column[look->columns++].name = at;
		at += len;
		if (!*at)
			return 0;
	}
}

static void csv_head(struct sonde_view *v)
{
	for (unsigned i = 0; i < v->look.columns; i++) {
		const char *name = v->look.column[i].name;

		if (i)
			sonde_text_bytes(v->out, ",", 1);
		sonde_text_bytes(v->out, name, strcspn(name, ","));
	}
	sonde_text_bytes(v->out, "\r\n", 2);
}

void sonde_view_init(struct sonde_view *v, const struct sonde_view_look *look,
		     struct sonde_text *out)
{
	*v = (struct sonde_view){ .look = *look, .out = out };
	v->manner.quick = look->quick;
	if (look->names) {
		sonde_names_init(&v->names);
		v->manner.host = sonde_names_host;
		v->manner.port = sonde_names_port;
		v->manner.arg = &v->names;
	}
	if (look->form == SONDE_VIEW_LINE && !look->absolute)
		sonde_starts_init(&v->starts, &v->arena);
	if (look->form == SONDE_VIEW_CSV) {
		sonde_text_init(&v->cell, sonde_arena_take(&v->arena, CELL), CELL, NULL, NULL);
		csv_head(v);
	}
}

void sonde_view_done(struct sonde_view *v)
{
	sonde_names_done(&v->names);
	sonde_arena_done(&v->arena);
	sonde_arena_done(&v->aside);
}

/* What lies behind the headers of the link. */
static uint32_t beyond_link(const struct sonde_packet *p)
{
	unsigned d = 0;

	for (; d < p->n; d++)
		switch (p->layer[d].shape) {
		case SONDE_eth:
		case SONDE_vlan:
		case SONDE_ieee8021ad:
		case SONDE_sll:
		case SONDE_sll2:
		case SONDE_loop:
		case SONDE_null: continue;
		default: return p->layer[d].at;
		}
	return d ? p->layer[d - 1].at + p->layer[d - 1].head : 0;
}

/* In columns, as tcpdump -i any has them. */
static char *put_interface(char *o, const struct sonde_frame *f, const struct sonde_beside *facts)
{
	static const char *const dirs[] = { "    ", "In  ", "Out " };
	const char *name = facts->interface_name ? facts->interface_name : "?";
	size_t len = strlen(name);

	len = len < SONDE_STAMP_MAX ? len : SONDE_STAMP_MAX;
	memcpy(o, name, len);
	for (o += len; len < 5; len++)
		*o++ = ' ';
	*o++ = ' ';
	return sonde_put_str(o, dirs[f->dir <= SONDE_DIR_OUT ? f->dir : 0]);
}

static size_t room_of(const struct sonde_view *v)
{
	return v->look.names ? SONDE_SUMMARY_NAMED_MAX : SONDE_SUMMARY_MAX;
}

/* In another manner than by numbers and in full. */
static void speak(struct sonde_view *v, struct sonde_packet *p)
{
	p->manner = &v->manner;
	if (v->whole)
		v->whole->p.manner = &v->manner;
}

/* A datagram that came in fragments, below its last one. */
static void show_whole(struct sonde_view *v, const struct sonde_whole *w)
{
	struct sonde_verdict verdict;
	char *o;

	sonde_text_print(v->out, "  put together from %u fragments, packets %llu to %llu%s: ",
			 w->datagram.pieces, (unsigned long long)w->datagram.first,
			 (unsigned long long)w->datagram.last,
			 w->datagram.overlap ? ", some of which overlap" : "");
	o = sonde_summary(sonde_text_room(v->out, room_of(v)), &w->p);
	*o++ = '\n';
	sonde_text_end(v->out, o);
	if (v->look.tree) {
		sonde_judge(&w->p, SONDE_JUDGE_SUMS, &verdict);
		sonde_tree(v->out, &w->p, &verdict, v->look.palette);
	}
}

/* The line with the link's addresses in front, which name the protocol already. */
static char *put_with_link(char *o, const struct sonde_packet *p)
{
	static const char *const names[] = { "IP ", "IP6 ", "ARP, " };
	char *begin = o, *from = o = sonde_ether_put(o, p);
	size_t link;

	o = sonde_summary(o, p);
	link = (size_t)(o - from);
	if ((size_t)(from - begin) == link + 2 && !memcmp(begin, from, link))
		return from - 2; /* of a type that nobody knows the line says the same */
	for (unsigned i = 0; i < 3; i++) {
		size_t len = strlen(names[i]);

		if (p->n > 1 && (size_t)(o - from) > len && !memcmp(from, names[i], len)) {
			memmove(from, from + len, (size_t)(o - from) - len);
			return o - len;
		}
	}
	return o;
}

/* Behind all else that the line says. */
static char *put_processes(struct sonde_text *t, char *o, const struct sonde_beside *facts)
{
	sonde_text_end(t, sonde_put_str(o, " (of "));
	sonde_remark_put_processes(t, facts);
	return sonde_put_str(sonde_text_room(t, 8), ")");
}

static void show_line(struct sonde_view *v, const struct sonde_frame *f, struct sonde_packet *p,
		      const struct sonde_beside *facts)
{
	const struct sonde_view_look *look = &v->look;
	char *o = sonde_text_room(v->out, room_of(v) + SONDE_ETHER_MAX + 2 * SONDE_STAMP_MAX + 64);
	struct sonde_verdict verdict;

	if (look->quick || look->names)
		speak(v, p);
	if (look->number) {
		o = sonde_put_dec(o, facts->number);
		o = SONDE_PUT_LIT(o, "  ");
	}
	o = sonde_stamp_put(&v->look.stamp, o, f->when);
	if (look->interface)
		o = put_interface(o, f, facts);
	if (v->starts.line)
		sonde_starts_find(&v->starts, p);
	o = look->link ? put_with_link(o, p) : sonde_summary(o, p);
	if (facts->cause != SONDE_ABSENT) {
		o = sonde_put_str(o, facts->cause_exact ? " (about packet "
							: " (most likely about packet ");
		o = sonde_put_dec(o, facts->cause);
		*o++ = ')';
	}
	if (look->process && facts->processes)
		o = put_processes(v->out, o, facts);
	*o++ = '\n';
	sonde_text_end(v->out, o);
	if (look->tree) {
		sonde_remark_tree(v->out, facts);
		if (f->sum == SONDE_SUM_NOT_READY)
			sonde_text_str(v->out, "  checksum of the transport: not filled in yet, "
					       "transmit offload will\n");
		if (facts->message_frames)
			sonde_text_print(v->out, "  the message came in packets %s\n",
					 facts->message_frames);
		sonde_judge(p, SONDE_JUDGE_SUMS, &verdict);
		sonde_tree(v->out, p, &verdict, look->palette);
	}
	if (look->dump) {
		uint32_t from = look->dump_link ? 0 : beyond_link(p);

		sonde_dump(v->out, look->dump,
			   (struct sonde_bytes){ f->byte.at + from, f->byte.len - from });
	}
	if (v->whole)
		show_whole(v, v->whole);
}

void sonde_view_event(struct sonde_view *v, const struct sonde_event *e)
{
	sonde_text_print(v->out, "event: %s", sonde_event_name(e->kind));
	if (e->kind == SONDE_EVENT_CALL)
		sonde_text_print(v->out, " %s", sonde_call_name(e->call));
	if (*e->comm) {
		sonde_text_str(v->out, ", ");
		sonde_text_escape(v->out, e->comm, strnlen(e->comm, sizeof e->comm));
	}
	if (e->pid)
		sonde_text_print(v->out, "[%u]", e->pid);
	sonde_text_bytes(v->out, "\n", 1);
}

static char *put_text(struct sonde_text *t, char *o, const char *key, const char *text)
{
	if (!text)
		return o;
	o = sonde_put_str(o, key);
	sonde_text_end(t, o);
	sonde_text_json(t, text, strlen(text));
	return sonde_text_room(t, ROOM);
}

SONDE_INLINE char *put_number(char *o, const char *key, uint64_t v)
{
	return v == SONDE_ABSENT ? o : sonde_put_dec(sonde_put_str(o, key), v);
}

static void put_whole(struct sonde_text *t, const struct sonde_whole *w)
{
	struct sonde_verdict verdict;
	char *o = sonde_text_room(t, ROOM);

	sonde_judge(&w->p, SONDE_JUDGE_SUMS, &verdict);
	o = put_number(o, ",\"reassembled\":{\"first\":", w->datagram.first);
	o = put_number(o, ",\"last\":", w->datagram.last);
	o = put_number(o, ",\"pieces\":", w->datagram.pieces);
	o = sonde_put_str(o, w->datagram.overlap ? ",\"overlap\":true," : ",\"overlap\":false,");
	sonde_text_end(t, o);
	sonde_layers_json(t, &w->p, &verdict);
	sonde_text_bytes(t, "}", 1);
}

static void show_json(struct sonde_view *v, const struct sonde_frame *f,
		      const struct sonde_packet *p, const struct sonde_beside *facts)
{
	struct sonde_text *t = v->out;
	char *o = sonde_text_room(t, ROOM);
	struct sonde_verdict verdict;

	sonde_judge(p, SONDE_JUDGE_SUMS, &verdict);
	o = put_number(o, "{\"record\":\"frame\",\"v\":1,\"frame.number\":", facts->number);
	o = SONDE_PUT_LIT(o, ",\"frame.time\":\"");
	o = sonde_stamp_put_rfc3339(&v->look.stamp, o, f->when);
	o = put_number(o, "\",\"frame.len\":", facts->len);
	o = put_number(o, ",\"frame.cap_len\":", facts->cap_len);
	o = put_number(o, ",\"frame.linktype\":", facts->linktype);
	o = put_number(o, ",\"frame.interface_id\":", facts->interface);
	o = put_text(t, o, ",\"frame.interface_name\":", facts->interface_name);
	o = put_text(t, o, ",\"frame.direction\":", facts->direction);
	o = put_text(t, o, ",\"frame.sums\":", facts->sums);
	o = put_number(o, ",\"frame.drop_count\":", facts->dropped);
	if (facts->comment.n || facts->processes) {
		o = put_text(t, o,
			     ",\"frame.comment\":", facts->comment.n ? *facts->comment.at : NULL);
		if (facts->processes)
			o = put_number(o, ",\"frame.process.pid\":", facts->process->pid);
		if (facts->processes)
			o = put_text(t, o, ",\"frame.process.name\":", facts->process->name);
		sonde_text_end(t, o);
		sonde_remark_json(t, facts);
		o = sonde_text_room(t, ROOM);
	}
	if (facts->message_frames) {
		sonde_text_end(t, o);
		sonde_text_print(t, ",\"frame.message_frames\":[%s]", facts->message_frames);
		o = sonde_text_room(t, ROOM);
	}
	o = put_text(t, o, ",\"frame.file\":", facts->file);
	o = put_number(o, ",\"frame.cause\":", facts->cause);
	if (facts->cause != SONDE_ABSENT)
		o = sonde_put_str(o, facts->cause_exact ? ",\"frame.cause.exact\":true"
							: ",\"frame.cause.exact\":false");
	*o++ = ',';
	sonde_text_end(t, o);
	sonde_layers_json(t, p, &verdict);
	if (v->whole)
		put_whole(t, v->whole);
	sonde_text_bytes(t, "}\n", 2);
}

static void put_value(void *arg, const struct sonde_field *f)
{
	struct sonde_text *t = arg;

	if (t->len)
		sonde_text_bytes(t, " ", 1);
	sonde_value_print(t, f);
}

static void put_column(struct sonde_text *t, const struct sonde_column *c,
		       const struct sonde_beside *facts)
{
	union sonde_column_value value;

	if (!sonde_column_get(c, facts, &value))
		return;
	if (c->kind == SONDE_COLUMN_TEXT)
		sonde_text_escape(t, value.text, strlen(value.text));
	else if (c->kind == SONDE_COLUMN_EACH_TEXT)
		for (size_t i = 0; i < value.list->n; i++) {
			sonde_text_str(t, i ? " " : "");
			sonde_text_escape(t, value.list->at[i], strlen(value.list->at[i]));
		}
	else if (c->kind == SONDE_COLUMN_EACH_UINT)
		for (size_t i = 0; i < value.numbers->n; i++) {
			sonde_text_str(t, i ? " " : "");
			sonde_text_end(t,
				       sonde_put_dec(sonde_text_room(t, 24), value.numbers->at[i]));
		}
	else
		sonde_text_end(t, sonde_put_dec(sonde_text_room(t, 24), value.number));
}

static bool has_shape(const struct sonde_packet *p, enum sonde_shape shape)
{
	return shape < SONDE_PROTOCOLS && sonde_has_(p, shape);
}

/* Quoted where it must be, RFC 4180 section 2. */
static void put_cell(struct sonde_text *t, struct sonde_bytes cell)
{
	bool quoted = memchr(cell.at, ',', cell.len) || memchr(cell.at, '"', cell.len);

	if (!quoted) {
		sonde_text_bytes(t, cell.at, cell.len);
		return;
	}
	sonde_text_bytes(t, "\"", 1);
	for (size_t i = 0; i < cell.len; i++) {
		if (cell.at[i] == '"')
			sonde_text_bytes(t, "\"", 1);
		sonde_text_bytes(t, &cell.at[i], 1);
	}
	sonde_text_bytes(t, "\"", 1);
}

static void show_csv(struct sonde_view *v, const struct sonde_packet *p,
		     const struct sonde_beside *facts)
{
	for (unsigned i = 0; i < v->look.columns; i++) {
		const struct sonde_lookup *is = &v->look.column[i].is;
		struct sonde_text *cell = &v->cell;

		cell->len = 0;
		cell->error = 0;
		if (is->column)
			put_column(cell, is->column, facts);
		else if (is->rows)
			sonde_pick_each(is, p, put_value, cell);
		else if (has_shape(p, is->shape))
			sonde_text_str(cell, "true");
		if (i)
			sonde_text_bytes(v->out, ",", 1);
		put_cell(v->out, (struct sonde_bytes){ (const uint8_t *)cell->at, cell->len });
	}
	sonde_text_bytes(v->out, "\r\n", 2);
}

/* As it was captured: not with a message put together, nor as somebody says that ports are. */
static void show_craft(struct sonde_view *v, const struct sonde_frame *f)
{
	struct sonde_packet p;

	sonde_decode_frame(&p, f, NULL);
	sonde_craft_print(v->out, &p, &v->aside);
	sonde_arena_rewind(&v->aside);
	sonde_text_bytes(v->out, "\n", 1);
}

void sonde_view_show(struct sonde_view *v, const struct sonde_frame *f, struct sonde_packet *p,
		     struct sonde_beside *facts)
{
	char time[SONDE_STAMP_MAX];

	switch (v->look.form) {
	case SONDE_VIEW_LINE: show_line(v, f, p, facts); break;
	case SONDE_VIEW_JSON: show_json(v, f, p, facts); break;
	case SONDE_VIEW_CSV:
		*sonde_stamp_put_rfc3339(&v->look.stamp, time, f->when) = 0;
		facts->time = time;
		show_csv(v, p, facts);
		facts->time = NULL;
		break;
	case SONDE_VIEW_CRAFT: show_craft(v, f); break;
	}
	if (v->look.line_by_line)
		sonde_text_flush(v->out);
}
