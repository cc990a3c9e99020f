#include <netinet/in.h>

#include "life/pen.h"
#include "life/words.h"
#include "packet/summary.h"
#include "packet/tuple.h"

/* Lines of packets, and of datagrams that went no further. */

static void packet_in_words(struct sonde_pen *p, const struct sonde_tuple *t)
{
	if (t->has & SONDE_TUPLE_TCP)
		sonde_text_end(p->t, sonde_words_flags(sonde_text_room(p->t, 48), t->flags));
	else if (t->protocol == IPPROTO_UDP)
		put(p, t->fragment == SONDE_FRAGMENT_LATER ? "UDP fragment" : "UDP");
	else
		say(p, "protocol %u", t->protocol);
	if (t->length || !(t->has & SONDE_TUPLE_TCP))
		say(p, " %u B", t->length);
	put(p, " ");
	sonde_text_end(p->t, sonde_put_address(sonde_text_room(p->t, 80), &t->src));
	put(p, " -> ");
	sonde_text_end(p->t, sonde_put_address(sonde_text_room(p->t, 80), &t->dst));
}

void sonde_pen_packet(struct sonde_pen *p, const struct sonde_frame *f, const struct sonde_heard *h,
		      bool whole)
{
	struct sonde_packet packet;
	struct sonde_tuple t;

	paint(p, SONDE_PAINT_WIRE);
	put(p, "wire: ");
	sonde_decode_frame(&packet, f, NULL);
	if (whole || !sonde_packet_tuple(&packet, &t) || t.has & SONDE_TUPLE_ICMP)
		sonde_text_end(p->t,
			       sonde_summary(sonde_text_room(p->t, SONDE_SUMMARY_MAX), &packet));
	else
		packet_in_words(p, &t);
	paint(p, SONDE_PAINT_PLAIN);
	if (h->sid2 || (h->listener && h->listener != h->sid))
		say(p, ", to #%u", h->sid2 ? h->sid2 : h->listener);
	if (h->message)
		say(p, ", message %llu", (unsigned long long)h->message);
	if (h->how == SONDE_HOW_INFERRED || h->how2 == SONDE_HOW_INFERRED)
		put(p, " (inferred)");
}

void sonde_pen_arrival(struct sonde_pen *p, const struct sonde_heard *h)
{
	paint(p, SONDE_PAINT_WIRE);
	say(p, "wire: packet %llu came to the other end", (unsigned long long)h->frame);
	paint(p, SONDE_PAINT_PLAIN);
}

void sonde_pen_drop(struct sonde_pen *p, const struct sonde_event *e, const struct sonde_heard *h,
		    const struct sonde_endpoint *s)
{
	const struct sonde_endpoint *sender = sonde_life_endpoint(p->line->life, h->sid2);
	char name[64];
	const char *why;

	paint(p, SONDE_PAINT_BAD);
	if (e->kind == SONDE_EVENT_TRUNCATED) {
		say(p, "message cut: %lld of %llu B read, the rest is lost", (long long)e->ret,
		    (unsigned long long)e->n[0]);
		paint(p, SONDE_PAINT_PLAIN);
		return;
	}
	if (e->kind != SONDE_EVENT_DROP) { /* a receive that said MSG_TRUNC */
		put(p, "message cut to the buffer, the rest is lost");
		paint(p, SONDE_PAINT_PLAIN);
		return;
	}
	if (e->protocol == IPPROTO_TCP) /* how long it was is not told */
		put(p, "dropped a segment");
	else
		say(p, "dropped %llu B", (unsigned long long)e->bytes);
	if (e->remote.family) {
		put(p, " from ");
		sonde_text_end(p->t, sonde_put_address(sonde_text_room(p->t, 80), &e->remote));
	}
	why = sonde_words_drop_means(terminated(name, e->text));
	put(p, ": ");
	put(p, why ? why : "reason ");
	if (e->text.len) {
		put(p, why ? " (" : "");
		sonde_text_escape(p->t, e->text.at, e->text.len);
		put(p, why ? ")" : "");
	} else if (!why) {
		say(p, "%u", e->reason);
	}
	paint(p, SONDE_PAINT_PLAIN);
	if (s && sonde_kind_is_datagram(s->kind)) {
		put(p, "; the sender");
		if (sender) {
			say(p, " #%u ", sender->sid);
			sonde_words_who(p->t, sender->comm, sender->pid);
		}
		put(p, " is not told");
	}
}
