#include "run/craft.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "probe/harmless.h"
#include "run/craft_inside.h"
#include "run/spec.h"
#include "run/stamp.h"
#include "sys/clock.h"
#include "sys/sleep.h"

enum {
	LOOKED = 4096, /* packets whose addresses are looked at before any is sent */
	FAST = 1000,   /* a second: more is a flood to somebody else */
	NAME = 140,    /* bytes of an address in words */
};

int sonde_crafting_make(const struct sonde_crafting *r, uint64_t n, uint8_t *room,
			struct sonde_draft *d)
{
	struct sonde_craft_turn turn = { .n = n, .seed = r->plan->seed };

	sonde_draft_init(d, room, SONDE_CRAFTING_ROOM);
	return sonde_craft_encode(r->craft, &turn, d);
}

/* end->why as a text. */
static struct sonde_text reason(struct sonde_crafting *r)
{
	struct sonde_text t;

	sonde_text_init(&t, r->end->why, sizeof r->end->why - 1, NULL, NULL);
	return t;
}

static int end_reason(struct sonde_text *t, int code)
{
	t->at[t->len] = 0; /* slack is kept free behind it */
	return code;
}

static int read_spec(struct sonde_crafting *r)
{
	struct sonde_text why = reason(r);
	int code = sonde_spec_read(&r->craft, &r->arena, r->plan->spec, &why);

	snprintf(r->end->doing, sizeof r->end->doing, "the packet");
	return end_reason(&why, code);
}

/* Whoever reads the packet must find what was said, or it was meant to be wrong and pinned. */
static int check_layers(struct sonde_crafting *r, uint8_t *room)
{
	struct sonde_text why = reason(r);
	struct sonde_draft d;
	size_t at;
	int layer;

	if (sonde_crafting_make(r, 0, room, &d) < 0)
		return 0; /* fill says why */
	layer = sonde_craft_contradicts(r->craft, &d, &at);
	if (layer < 0)
		return 0;
	sonde_text_print(&why,
			 "at byte %zu, %s does not follow %s: whoever reads the packet would find "
			 "something else there; if that is meant, pin the field that tells",
			 at + 1, sonde_shapes[d.p.layer[layer].shape].name,
			 sonde_shapes[d.p.layer[layer - 1].shape].name);
	sonde_spec_point(&why, r->plan->spec, at);
	return end_reason(&why, -EINVAL);
}

static int fill(struct sonde_crafting *r)
{
	const struct sonde_craft_plan *plan = r->plan;
	struct sonde_fill_plan how = { .link = plan->xdp     ? "AF_XDP sends frames"
					       : plan->flood ? "it is the faster way"
							     : NULL,
				       .must = plan->xdp,
				       .dry = plan->dry,
				       .device = plan->device,
				       .seed = plan->seed,
				       .repeated = r->count > 1,
				       .apart = plan->write };
	int code = sonde_fill_make(&r->fill, r->craft, &how);

	if (code < 0)
		snprintf(r->end->why, sizeof r->end->why, "%s", r->fill.wrong);
	return code;
}

/* ---- what is not done to others by mistake ---- */

static bool is_local(const struct sonde_packet *p)
{
	struct sonde_address a = { .family = AF_INET };
	const uint8_t *h;

	if ((h = sonde_find_(p, SONDE_ip))) {
		memcpy(a.ip, h + SONDE_AT_ip_dst / 8, 4);
	} else if ((h = sonde_find_(p, SONDE_ipv6))) {
		a.family = AF_INET6;
		memcpy(a.ip, h + SONDE_AT_ipv6_dst / 8, 16);
	} else {
		return true; /* it goes no further than this link */
	}
	return sonde_address_is_local(&a);
}

/* Whether all of the packets stay among addresses that are local, as far as can be seen. */
static bool stays_local(struct sonde_crafting *r, uint8_t *room)
{
	struct sonde_draft d;

	for (uint64_t n = 0; n < r->count && n < (r->fill.varied_dst ? LOOKED : 1); n++)
		if (sonde_crafting_make(r, n, room, &d) < 0 || !is_local(&d.p))
			return false;
	return !r->fill.varied_dst || r->count <= LOOKED;
}

static int refuse_harm(struct sonde_crafting *r, uint8_t *room)
{
	const struct sonde_craft_plan *plan = r->plan;
	bool fast = r->count > FAST && r->gap < SONDE_SECOND / FAST;

	if (plan->meant || plan->write || !(fast || r->fill.spoofed) || stays_local(r, room))
		return 0;
	snprintf(r->end->why, sizeof r->end->why,
		 "%s an address that is neither local nor private takes --i-mean-it",
		 r->fill.spoofed ? "a source that is not this machine's, to"
				 : "more than 1000 packets a second to");
	return -EINVAL;
}

/* ---- ---- */

static const char *name_of(const struct sonde_address *a, char word[static NAME])
{
	struct sonde_address plain = *a;
	char *o;

	if (!a->family)
		return NULL;
	o = a->family == AF_INET6 ? sonde_put_ip6(word, plain.ip) : sonde_put_ip4(word, plain.ip);
	*o = 0;
	return word;
}

static void say_plan(struct sonde_crafting *r)
{
	const struct sonde_craft_plan *plan = r->plan;
	char src[NAME], dst[NAME], guarded[NAME], time[SONDE_STAMP_MAX];
	struct sonde_stamp stamp = { 0 };
	struct sonde_craft_record c;

	sonde_record_clear(&sonde_craft_schema, &c);
	*sonde_stamp_put_rfc3339(&stamp, time, sonde_clock_real()) = 0;
	c.started = time;
	c.spec = plan->spec;
	c.by = plan->write ? "file" : sonde_crafting_mode(r);
	c.why = plan->write ? NULL : r->fill.why;
	c.interface = plan->write ? NULL : r->fill.device;
	c.linktype = r->fill.linktype;
	c.source = name_of(&r->fill.src, src);
	c.destination = name_of(&r->fill.dst, dst);
	if (r->fill.deaf)
		c.deaf = true;
	if (plan->no_rst && !plan->write) {
		*sonde_put_address(guarded, &r->fill.src) = 0;
		c.guarded = guarded;
	}
	c.count = r->count == UINT64_MAX ? SONDE_ABSENT : r->count;
	c.bytes = r->fill.len;
	c.gap_ns = r->gap;
	c.seed = plan->seed;
	sonde_craft_say_plan(&r->say, &c);
}

static int say_piece(void *arg, const uint8_t *byte, uint32_t len)
{
	struct sonde_crafting *r = arg;
	struct sonde_packet p;

	sonde_decode_link(&p, byte, len, len, r->fill.linktype);
	sonde_craft_say_sent(&r->say, r->at, r->when, &p);
	return 0;
}

int sonde_crafting_show(struct sonde_crafting *r, uint64_t n, sonde_ns when,
			const struct sonde_draft *d)
{
	r->at = n;
	r->when = when;
	return sonde_craft_send(r->craft, d, say_piece, r);
}

/* Each packet as it would leave. */
static int show_all(struct sonde_crafting *r, uint8_t *room)
{
	struct sonde_draft d;
	int code = 0;

	for (uint64_t n = 0; n < (r->count == UINT64_MAX ? 1 : r->count) && code >= 0; n++) {
		if (n % LOOKED == 0 && sonde_sleep_signal())
			break;
		code = sonde_crafting_make(r, n, room, &d);
		if (code >= 0)
			code = sonde_crafting_show(r, n, 0, &d);
	}
	r->end->met = code >= 0;
	return code < 0 ? code : 0;
}

/* How many and how fast, as far as nobody said. */
static void settle(struct sonde_crafting *r)
{
	const struct sonde_craft_plan *plan = r->plan;
	uint64_t turns = sonde_craft_count(r->craft);

	r->count = plan->endless || (plan->paced && turns == 1) ? UINT64_MAX
		   : plan->count				? plan->count
								: turns;
	r->gap = plan->gap != UINT64_MAX ? plan->gap : turns > 1 ? plan->gap_varied : SONDE_SECOND;
}

static int run(struct sonde_crafting *r)
{
	const struct sonde_craft_plan *plan = r->plan;
	uint8_t *room = sonde_arena_take(&r->arena, SONDE_CRAFTING_ROOM);
	int code = read_spec(r);

	if (code)
		return code;
	settle(r);
	code = check_layers(r, room);
	if (!code)
		code = fill(r);
	if (!code)
		code = refuse_harm(r, room);
	if (!code && !plan->write && !plan->dry)
		code = sonde_crafting_open(r);
	if (code)
		return code;
	say_plan(r);
	if (plan->dry)
		return show_all(r, room);
	if (plan->write)
		return sonde_crafting_write(r);
	return r->tap || !plan->quiet ? sonde_crafting_talk(r) : sonde_crafting_blast(r);
}

int sonde_craft_run(const struct sonde_craft_plan *plan, struct sonde_craft_end *end)
{
	struct sonde_crafting *r = calloc(1, sizeof *r);
	int code, said;

	if (!r)
		abort();
	*end = (struct sonde_craft_end){ 0 };
	r->plan = plan;
	r->end = end;
	r->fill.held = -1;
	sonde_sleep_init();
	sonde_craft_say_init(&r->say, plan);
	code = run(r);
	sonde_crafting_close(r);
	sonde_fill_done(&r->fill);
	end->refused = r->say.end.refused;
	said = sonde_craft_say_done(&r->say);
	sonde_arena_done(&r->arena);
	sonde_sleep_done();
	free(r);
	return code ? code : said;
}
