#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/reason.h"
#include "capture/live.h"
#include "run/craft_inside.h"
#include "sys/guard.h"
#include "sys/privilege.h"
#include "sys/sender.h"

enum { NAME = 140, BUFFER = 4 << 20 };

/* What can be an answer, where that is cheap to say: the rest never leaves the kernel. */
static const char *filter(const struct sonde_crafting *r, char text[static 2 * NAME])
{
	const struct sonde_fill *f = &r->fill;
	char word[NAME], *o;
	unsigned first = f->linktype == 1 && f->link ? 1 : 0;
	enum sonde_shape shape = sonde_craft_layer(r->craft, first);

	if (shape == SONDE_arp)
		return "arp";
	if ((shape != SONDE_ip && shape != SONDE_ipv6) || f->varied_dst ||
	    (f->dst.family == AF_INET6 ? f->dst.ip[0] == 0xff : f->dst.ip[0] >= 224) ||
	    sonde_craft_layer(r->craft, first + 1) == SONDE_nd_ns)
		return NULL;
	o = f->dst.family == AF_INET6 ? sonde_put_ip6(word, f->dst.ip)
				      : sonde_put_ip4(word, f->dst.ip);
	*o = 0;
	snprintf(text, 2 * NAME, "host %s or icmp or icmp6", word);
	return text;
}

static int open_tap(struct sonde_crafting *r)
{
	const struct sonde_craft_plan *plan = r->plan;
	char text[2 * NAME];
	struct sonde_live_plan live = { .interface = r->fill.device,
					.filter = filter(r, text),
					.buffer = BUFFER };

	if (plan->flood || !plan->listen)
		return 0;
	return sonde_live_open(&r->tap, &live);
}

/* Of the connection whose first packet is known; of all that a packet may be of, where its
 * addresses vary. */
static int open_guard(struct sonde_crafting *r)
{
	struct sonde_guard_end end = { r->fill.src, r->fill.dst };
	bool tcp = false;

	if (!r->plan->no_rst)
		return 0;
	for (unsigned i = 0; sonde_craft_layer(r->craft, i) != SONDE_NONE; i++)
		tcp |= sonde_craft_layer(r->craft, i) == SONDE_tcp;
	if (!tcp || !end.from.family) {
		snprintf(r->end->why, sizeof r->end->why,
			 "--no-rst keeps resets of TCP back, and the packet has none");
		return -EINVAL;
	}
	end.to.port = 0;
	if (r->fill.varied_dst)
		memset(end.to.ip, 0, sizeof end.to.ip);
	if (r->fill.spoofed)
		memset(end.from.ip, 0, sizeof end.from.ip);
	return sonde_guard_open(&r->guard, &end, 1);
}

/* A flood goes by all processors. */
static int open_senders(struct sonde_crafting *r, const struct sonde_sender_plan *plan)
{
	unsigned n = r->plan->flood && !r->plan->xdp ? sonde_crew_processors() - 1 : 0;
	int code = sonde_sender_open(&r->sender, plan);

	for (unsigned i = 0; i < n && i < SONDE_CREW_MOST && !code; i++)
		if (!(code = sonde_sender_open(&r->beside[i], plan)))
			r->besides++;
	return code;
}

int sonde_crafting_open(struct sonde_crafting *r)
{
	struct sonde_sender_plan plan = {
		.by = r->plan->xdp   ? SONDE_SENDER_XDP
		      : r->fill.link ? SONDE_SENDER_LINK
				     : SONDE_SENDER_RAW,
		.device = r->plan->device || r->fill.link ? r->fill.device : NULL,
		.mark = r->plan->no_rst ? SONDE_GUARD_MARK : -1,
	};
	int code = open_tap(r);

	snprintf(r->end->doing, sizeof r->end->doing, "%s", r->fill.device);
	if (!code)
		code = open_guard(r);
	if (!code)
		code = open_senders(r, &plan);
	sonde_privilege_drop(-1);
	return code;
}

const char *sonde_crafting_mode(const struct sonde_crafting *r)
{
	return r->sender      ? sonde_sender_mode(r->sender)
	       : r->fill.link ? "packet socket"
			      : "raw socket";
}

void sonde_crafting_close(struct sonde_crafting *r)
{
	r->sender = sonde_sender_close(r->sender);
	while (r->besides)
		sonde_sender_close(r->beside[--r->besides]);
	r->tap = sonde_live_close(r->tap);
	r->guard = sonde_guard_close(r->guard);
}
