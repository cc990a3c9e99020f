#include "run/probefile.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/reason.h"
#include "cli/cli.h"

enum { BUFFER = 1 << 19, REST_MOST = 1000, ARP = 0x0806, IP4 = 0x0800, IP6 = 0x86dd };
#define TIME_END ((sonde_ns)1 << 62)

/* A field of struct sonde_arrival that a replay needs has a row here, or stands in the event itself
 * (now, from, to), or is the packet (byte). */
static const struct sonde_trait arrival_table[] = {
	SONDE_TRAIT(UINT, "is", struct sonde_arrival, is),
	SONDE_TRAIT(UINT, "begins", struct sonde_arrival, begins),
	SONDE_TRAIT(UINT, "type", struct sonde_arrival, type),
	SONDE_TRAIT(UINT, "code", struct sonde_arrival, code),
	SONDE_TRAIT(INT, "ttl", struct sonde_arrival, ttl),
	SONDE_TRAIT(BOOL, "checked", struct sonde_arrival, checked),
	SONDE_TRAIT(UINT, "token", struct sonde_arrival, token),
	SONDE_TRAIT(UINT, "mtu", struct sonde_arrival, mtu),
	SONDE_TRAIT(INT, "error", struct sonde_arrival, error),
	SONDE_TRAIT(UINT, "real", struct sonde_arrival, real),
	SONDE_TRAIT(UINT, "stamp", struct sonde_arrival, stamp),
	{ .name = NULL },
};

struct place { /* of an arrival's bytes in its packet */
	uint32_t bytes, skip;
};

static const struct sonde_trait place_table[] = {
	SONDE_TRAIT(UINT, "bytes", struct place, bytes),
	SONDE_TRAIT(UINT, "skip", struct place, skip),
	{ .name = NULL },
};

struct sent {
	uint32_t token;
};

static const struct sonde_trait sent_table[] = {
	SONDE_TRAIT(UINT, "token", struct sent, token),
	{ .name = NULL },
};

/* ---- writing ---- */

int sonde_probefile_open(struct sonde_probefile *f, const char *name)
{
	struct sonde_rotate_plan plan = { .name = name };
	int r;

	*f = (struct sonde_probefile){ .files = { .fd = -1 } };
	r = sonde_rotate_open(&f->files, &plan, 0);
	f->files.whole = sonde_savefile_whole;
	f->files.arg = &f->format;
	return r;
}

void sonde_probefile_begin(struct sonde_probefile *f, int64_t wall)
{
	char *buffer = malloc(BUFFER);

	if (!buffer)
		abort();
	f->wall = wall;
	sonde_text_init(&f->text, buffer, BUFFER, sonde_rotate_sink, &f->files);
	f->error = sonde_writer_begin(&f->writer, &f->text, 0, wall, "sonde " SONDE_VERSION);
}

static void put(struct sonde_probefile *f, const struct sonde_item *item, const char *message)
{
	struct sonde_writer_note note = { .message = message };

	/* So no block is given to the file in part before another one. */
	if (!f->error && f->text.len > BUFFER / 2)
		f->error = sonde_text_flush(&f->text);
	if (!f->error)
		f->error = sonde_writer_put(&f->writer, item, &note);
}

static void put_event(struct sonde_probefile *f, sonde_ns when, const char *text, const char *end,
		      const struct sonde_probefile_words *w)
{
	struct sonde_item item = { .is = SONDE_ITEM_EVENT };

	item.event = (struct sonde_event){
		.kind = SONDE_EVENT_MEASURE,
		.when = when,
		.n = { f->stepped },
		.fd = -1,
		.fd2 = -1,
		.text = { (const uint8_t *)text, (size_t)(end - text) },
	};
	if (w->local)
		item.event.local = *w->local;
	if (w->remote)
		item.event.remote = *w->remote;
	item.event.family = item.event.local.family;
	f->stepped = 0;
	put(f, &item, w->message);
}

void sonde_probefile_put(struct sonde_probefile *f, const char *kind, sonde_ns when,
			 const struct sonde_probefile_words *words)
{
	static const struct sonde_probefile_words none;
	const struct sonde_probefile_words *w = words ? words : &none;
	char text[SONDE_TRAITS_MOST + REST_MOST + 64], *o = sonde_put_str(text, kind);

	if (w->table)
		o = sonde_traits_put(o, w->table, w->from);
	if (w->name) {
		size_t len = strnlen(w->rest, REST_MOST);

		*o++ = ' ';
		o = sonde_put_str(o, w->name);
		*o++ = '=';
		memcpy(o, w->rest, len);
		o += len;
	}
	put_event(f, when, text, o, w);
}

void sonde_probefile_step(struct sonde_probefile *f, sonde_ns now)
{
	f->stepped = now;
}

void sonde_probefile_probe(struct sonde_probefile *f, sonde_ns now, uint32_t token,
			   const char *message)
{
	struct sent sent = { token };
	struct sonde_probefile_words w = { .table = sent_table, .from = &sent, .message = message };

	f->stepped = 0; /* asked once more, it sends */
	sonde_probefile_put(f, "probe", now, &w);
}

void sonde_probefile_arrival(struct sonde_probefile *f, const struct sonde_arrival *a,
			     const struct sonde_frame *packet, uint32_t skip, const char *message)
{
	struct sonde_probefile_words w = { .local = &a->to,
					   .remote = &a->from,
					   .message = message };
	struct place place = { (uint32_t)a->byte.len, skip };
	char text[2 * SONDE_TRAITS_MOST], *o = sonde_put_str(text, "arrival");

	o = sonde_traits_put(o, arrival_table, a);
	o = sonde_traits_put(o, place_table, &place);
	put_event(f, a->now, text, o, &w);
	if (packet)
		sonde_probefile_packet(f, packet, message);
}

struct sonde_frame sonde_probefile_frame(const struct sonde_probefile *f, sonde_ns when,
					 struct sonde_bytes byte, bool arp, enum sonde_dir dir)
{
	bool six = byte.len && byte.at[0] >> 4 == 6;

	return (struct sonde_frame){ .when = when - (uint64_t)f->wall,
				     .byte = byte,
				     .wire = (uint32_t)byte.len,
				     .link = 101,
				     .dir = (uint8_t)dir,
				     .protocol = arp   ? ARP
						 : six ? IP6
						       : IP4 };
}

void sonde_probefile_packet(struct sonde_probefile *f, const struct sonde_frame *packet,
			    const char *message)
{
	struct sonde_item item = { .is = SONDE_ITEM_FRAME, .frame = *packet };

	put(f, &item, message);
}

void sonde_probefile_flush(struct sonde_probefile *f)
{
	if (!f->error)
		f->error = sonde_text_flush(&f->text);
}

int sonde_probefile_close(struct sonde_probefile *f)
{
	int r;

	if (f->text.at) {
		r = sonde_writer_end(&f->writer);
		f->error = f->error ? f->error : r;
		free(f->text.at);
	}
	r = sonde_rotate_finish(&f->files);
	sonde_rotate_close(&f->files);
	return f->error ? f->error : r;
}

/* ---- reading ---- */

static bool is_address(const struct sonde_address *a)
{
	return a->family == AF_INET || a->family == AF_INET6;
}

/* What became of a probe here: it has no packet. */
static bool is_about_token(const struct sonde_arrival *a)
{
	return a->is == SONDE_ARRIVAL_QUEUED || a->is == SONDE_ARRIVAL_SENT ||
	       a->is == SONDE_ARRIVAL_REFUSED;
}

/* What an engine relies on; live, the socket sees to it. */
static bool is_sound(const struct sonde_arrival *a)
{
	bool error = a->is == SONDE_ARRIVAL_ERROR;

	if (is_about_token(a))
		return a->real < TIME_END && a->stamp < TIME_END;
	return (a->is == SONDE_ARRIVAL_PACKET || error) && a->begins <= SONDE_BEGINS_UDP &&
	       a->real < TIME_END && a->stamp < TIME_END && (!error || is_address(&a->to)) &&
	       (is_address(&a->from) || (a->begins == SONDE_BEGINS_ARP && !error));
}

/* The packet that belongs to the arrival. */
static int read_packet(struct sonde_reader *r, const struct place *p, struct sonde_bytes *ret)
{
	struct sonde_item item;
	int k = sonde_reader_next(r, &item);

	if (k <= 0)
		return k ? k : SONDE_CUT;
	if (item.is != SONDE_ITEM_FRAME || !sonde_reader_ours(r) || p->skip > item.frame.byte.len ||
	    p->bytes > item.frame.byte.len - p->skip)
		return SONDE_DAMAGED;
	*ret = (struct sonde_bytes){ item.frame.byte.at + p->skip, p->bytes };
	return 1;
}

static int read_arrival(struct sonde_reader *r, struct sonde_probefile_item *ret)
{
	struct sonde_arrival *a = &ret->arrival;
	struct place place = { 0 };

	*a = (struct sonde_arrival){ .now = ret->now, .from = ret->remote, .to = ret->local };
	if (sonde_traits_get(ret->words, arrival_table, a) < 0 ||
	    sonde_traits_get(ret->words, place_table, &place) < 0 || !is_sound(a))
		return SONDE_DAMAGED;
	if (is_about_token(a))
		return 1;
	return read_packet(r, &place, &a->byte);
}

static int read_event(struct sonde_reader *r, const struct sonde_event *e,
		      struct sonde_probefile_item *ret)
{
	static const char *const kinds[] = {
		[SONDE_PROBEFILE_PLAN] = "plan",     [SONDE_PROBEFILE_LOOK] = "look",
		[SONDE_PROBEFILE_TARGET] = "target", [SONDE_PROBEFILE_BEGIN] = "begin",
		[SONDE_PROBEFILE_PROBE] = "probe",   [SONDE_PROBEFILE_ARRIVAL] = "arrival",
		[SONDE_PROBEFILE_STOP] = "stop",     [SONDE_PROBEFILE_END] = "end",
		[SONDE_PROBEFILE_TOLD] = "told",
	};
	const uint8_t *blank = e->text.len ? memchr(e->text.at, ' ', e->text.len) : NULL;
	size_t len = blank ? (size_t)(blank - e->text.at) : e->text.len;
	struct sent sent = { 0 };

	if (!e->text.len)
		return SONDE_UNSUPPORTED;
	*ret = (struct sonde_probefile_item){
		.now = e->when,
		.stepped = e->n[0],
		.words = { e->text.at + len, e->text.len - len },
		.local = e->local,
		.remote = e->remote,
	};
	if (ret->now >= TIME_END || ret->stepped >= TIME_END)
		return SONDE_DAMAGED;
	for (unsigned i = 1; i < sizeof kinds / sizeof *kinds; i++)
		if (len == strlen(kinds[i]) && !memcmp(kinds[i], e->text.at, len))
			ret->is = (uint8_t)i;
	if (ret->is == SONDE_PROBEFILE_ARRIVAL)
		return read_arrival(r, ret);
	if (ret->is == SONDE_PROBEFILE_PROBE) {
		if (sonde_traits_get(ret->words, sent_table, &sent) < 0)
			return SONDE_DAMAGED;
		ret->token = sent.token;
	}
	return ret->is ? 1 : SONDE_UNSUPPORTED;
}

int sonde_probefile_next(struct sonde_reader *r, struct sonde_probefile_item *ret)
{
	struct sonde_item item;
	int k;

	while ((k = sonde_reader_next(r, &item)) > 0) {
		if (item.is == SONDE_ITEM_FRAME)
			continue;
		if (item.event.kind != SONDE_EVENT_MEASURE)
			return SONDE_OTHER_RUN;
		if ((k = read_event(r, &item.event, ret)))
			break;
	}
	return k;
}
