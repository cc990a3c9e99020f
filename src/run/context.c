#include "run/context.h"

#include "base/text.h"

void sonde_context_init(struct sonde_context *c, bool origins)
{
	*c = (struct sonde_context){ 0 };
	if (origins)
		sonde_origins_init(&c->origins, &c->arena);
}

/* Whether it may be a fragment: such a packet ends early, or its last layer is a part. */
static bool is_part(const struct sonde_packet *p)
{
	return p->stop != SONDE_STOP_END || (p->n && p->layer[p->n - 1].part & SONDE_PART_FRAGMENT);
}

/* "4,7" */
static const char *put_frames(char *o, const struct sonde_message *m)
{
	const char *ret = o;

	for (unsigned i = 0; i < m->frames; i++) {
		o = sonde_put_dec(o, m->frame[i]);
		*o++ = ',';
	}
	o[-1] = 0;
	return ret;
}

struct sonde_whole *sonde_context_take(struct sonde_context *c, const struct sonde_frame *f,
				       struct sonde_packet *p, struct sonde_beside *beside)
{
	struct sonde_whole *w = &c->whole;
	struct sonde_whole *ret = NULL;
	const struct sonde_packet *spoken = p;
	struct sonde_origin origin;
	struct sonde_message message;

	if (is_part(p) &&
	    sonde_fragment_put(&c->fragments, p, (uint32_t)beside->interface, beside->number,
			       f->when, &w->datagram) == SONDE_FRAGMENT_COMPLETE) {
		uint32_t len = (uint32_t)w->datagram.byte.len;

		sonde_decode(&w->p, w->datagram.byte.at, len, len, w->datagram.shape);
		ret = w;
		spoken = &w->p;
	}
	if (sonde_message_put(&c->messages, p, beside->number, &message))
		beside->message_frames = put_frames(c->frames, &message);
	if (c->origins.line && sonde_origin_find(&c->origins, spoken, beside->number, &origin)) {
		beside->cause = origin.frame;
		beside->cause_exact = origin.exact;
	}
	return ret;
}

void sonde_context_done(struct sonde_context *c)
{
	sonde_fragments_done(&c->fragments);
	sonde_messages_done(&c->messages);
	sonde_arena_done(&c->arena);
}
