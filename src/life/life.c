#include "life/life.h"

#include <string.h>

#include "life/inside.h"

void sonde_life_init(struct sonde_life *l, struct sonde_arena *arena)
{
	*l = (struct sonde_life){ .arena = arena };
	l->inside = sonde_arena_take(arena, sizeof *l->inside);
}

static void hear_event(struct sonde_life *l, const struct sonde_event *e, struct sonde_heard *ret)
{
	struct sonde_endpoint *p;

	if (!l->began)
		l->began = e->when;
	l->ended = e->when;
	l->late += !!(e->flags & SONDE_FLAG_LATE);
	if (e->kind == SONDE_EVENT_RUN)
		l->backend = (uint8_t)e->n[1];
	if (e->kind == SONDE_EVENT_LOST)
		l->lost += e->n[0];
	if (!e->ino && !e->cookie)
		return;
	p = sonde_endpoint_find(l, e->cookie, e->ino, &ret->how);
	if (p) {
		sonde_endpoint_learn(l, p, e);
	} else {
		p = sonde_endpoint_make(l, e);
		ret->how = e->cookie ? SONDE_HOW_COOKIE : SONDE_HOW_INO;
	}
	ret->sid = p->sid;
	if (e->kind == SONDE_EVENT_STATE) {
		sonde_endpoint_step(l, p, e->when, e->to, false);
		ret->milestone = SONDE_MILESTONE_STATE;
	}
}

void sonde_life_hear(struct sonde_life *l, const struct sonde_item *item, struct sonde_heard *ret)
{
	memset(ret, 0, sizeof *ret);
	if (item->is == SONDE_ITEM_FRAME) {
		ret->frame = ++l->frames;
	} else {
		l->events++;
		hear_event(l, &item->event, ret);
	}
}

void sonde_life_end(struct sonde_life *l)
{
	(void)l;
}
