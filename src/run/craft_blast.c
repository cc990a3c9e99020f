/* Many packets, whose answers nobody looks for: in batches, from a mold where they have one, as
 * fast as can be or at a rate that holds over the whole run. */
#include "packet/mold.h"
#include "run/craft_inside.h"
#include "sys/clock.h"
#include "sys/sender.h"
#include "sys/sleep.h"

/* Who was kept from running so long does not make up for it at once. */
#define LAG (100 * SONDE_MILLISECOND)

struct blast {
	struct sonde_crafting *run;
	struct sonde_mold *mold; /* NULL: each is encoded by itself */
	uint8_t *room;
	uint64_t next;
	sonde_ns began; /* when the first was due, as the rate has it */
};

static int put(void *arg, const uint8_t *byte, uint32_t len)
{
	struct blast *b = arg;

	sonde_sender_put(b->run->sender, byte, len); /* what is refused is counted there */
	return 0;
}

static int put_one(struct blast *b)
{
	struct sonde_draft d;
	int r;

	if (b->mold) {
		sonde_mold_cast(b->mold, b->next, sonde_sender_room(b->run->sender));
		sonde_sender_put_room(b->run->sender, sonde_mold_length(b->mold));
		return 0;
	}
	r = sonde_crafting_make(b->run, b->next, b->room, &d);
	return r < 0 ? r : sonde_craft_send(b->run->craft, &d, put, b);
}

/* How many are due now, of at most a batch. */
static uint64_t due(struct blast *b, sonde_ns now)
{
	sonde_ns gap = b->run->gap;
	uint64_t left = b->run->count - b->next, n = SONDE_SENDER_BATCH;

	if (gap) {
		sonde_ns at = b->began + b->next * gap;

		if (now > at + LAG) {
			b->began += now - at;
			at = now;
		}
		n = now < at ? 0 : (now - at) / gap + 1;
	}
	n = n < SONDE_SENDER_BATCH ? n : SONDE_SENDER_BATCH;
	return n < left ? n : left;
}

static int blast(struct blast *b)
{
	while (b->next < b->run->count && !sonde_sleep_signal()) {
		sonde_ns now = sonde_clock_now();
		uint64_t n = due(b, now);
		int r;

		if (!n)
			sonde_sleep_for(NULL, 0, b->began + b->next * b->run->gap - now);
		for (uint64_t i = 0; i < n; i++, b->next++)
			if ((r = put_one(b)) < 0)
				return r;
		sonde_sender_flush(b->run->sender);
	}
	sonde_sender_drain(b->run->sender);
	return 0;
}

/* ---- by all processors ---- */

struct flood {
	const struct sonde_mold *mold;
	uint64_t count, next; /* the first packet that nobody has taken */
	bool stop;
};

struct hand {
	struct flood *flood;
	struct sonde_sender *sender;
};

/* A batch of packets, the next that nobody has taken. False: there are none. */
static bool send_batch(struct flood *f, struct sonde_sender *sender)
{
	uint64_t n = __atomic_fetch_add(&f->next, SONDE_SENDER_BATCH, __ATOMIC_RELAXED);
	uint64_t end = f->count - n < SONDE_SENDER_BATCH ? f->count : n + SONDE_SENDER_BATCH;

	if (n >= f->count || __atomic_load_n(&f->stop, __ATOMIC_RELAXED))
		return false;
	for (; n < end; n++) {
		sonde_mold_cast(f->mold, n, sonde_sender_room(sender));
		sonde_sender_put_room(sender, sonde_mold_length(f->mold));
	}
	sonde_sender_flush(sender);
	return true;
}

static void lend_hand(void *arg)
{
	struct hand *h = arg;

	while (send_batch(h->flood, h->sender))
		;
}

/* As many as there are processors send what is not sent yet, in no order. */
static void flood(struct blast *b)
{
	struct flood f = { .mold = b->mold, .count = b->run->count };
	struct hand hand[SONDE_CREW_MOST];
	struct sonde_crew crew = { .n = 0 };

	for (unsigned i = 0; i < b->run->besides; i++) {
		hand[i] = (struct hand){ &f, b->run->beside[i] };
		if (sonde_crew_add(&crew, lend_hand, &hand[i]) < 0)
			break; /* then fewer do all of it */
	}
	while (!sonde_sleep_signal() && send_batch(&f, b->run->sender))
		;
	__atomic_store_n(&f.stop, true, __ATOMIC_RELAXED);
	sonde_crew_join(&crew);
	b->next = f.next < f.count ? f.next : f.count;
}

static void take_count(struct sonde_craft_end_record *e, const struct sonde_sender *sender)
{
	struct sonde_sender_count count = sonde_sender_count(sender);

	e->sent += count.sent;
	e->bytes += count.bytes;
	e->refused += count.refused;
	if (count.error)
		e->refusal = sonde_reason_text(-count.error);
}

int sonde_crafting_blast(struct sonde_crafting *run)
{
	struct blast b = { .run = run, .room = sonde_arena_take(&run->arena, SONDE_CRAFTING_ROOM) };
	struct sonde_craft_end_record *e = &run->say.end;
	sonde_ns began;
	int r = 0;

	b.mold = sonde_mold_make(run->craft, run->plan->seed, b.room, SONDE_CRAFTING_ROOM,
				 &run->arena);
	began = b.began = sonde_clock_now();
	if (b.mold && run->besides)
		flood(&b);
	else
		r = blast(&b);
	e->sent = e->bytes = e->refused = 0;
	take_count(e, run->sender);
	for (unsigned i = 0; i < run->besides; i++)
		take_count(e, run->beside[i]);
	run->end->met = !e->refused && b.next == run->count;
	sonde_craft_say_end(&run->say, sonde_clock_now() - began);
	return r;
}
