#include "run/labwire_inside.h"

enum { ETHER_HEADER = 14 }; /* no bit in front of that is ever corrupted */

/* What is kept with a frame that waits. */
struct note {
	struct sonde_truth truth;
	bool answer; /* of a sim: it has yet to enter the link */
};

_Static_assert(sizeof(struct note) <= SONDE_RELAY_NOTE, "a frame's note has too little room");

static void tell(struct sonde_labwire *w, const struct sonde_truth *t)
{
	if (w->truth && (w->line[t->link].told || t->verdict > SONDE_TRUTH_FULL))
		sonde_truth_put(w->truth, t);
}

/* One copy of a frame waits for its time on the link. */
static void keep_copy(struct sonde_labwire *w, struct note *note, const uint8_t *frame)
{
	const struct sonde_labwire_line *line = &w->line[note->truth.link];
	struct sonde_truth *t = &note->truth;
	uint8_t *kept = sonde_relay_keep(w->relay, &(struct sonde_relay_item){
							   .port = line->end[!t->end].port,
							   .due = t->due,
							   .precise = line->precise,
							   .frame = frame,
							   .len = t->len,
							   .note = note,
							   .note_len = sizeof *note,
						   });

	if (kept && t->corrupt)
		kept[(t->corrupt - 1) / 8] ^= (uint8_t)(0x80 >> (t->corrupt - 1) % 8);
	if (kept)
		return;
	t->verdict = SONDE_TRUTH_OVERFLOW;
	tell(w, t);
}

/* A frame enters a link at one of its ends. */
static void enter(struct sonde_labwire *w, struct sonde_labwire_place at, sonde_ns in,
		  const uint8_t *frame, uint32_t len)
{
	static const uint8_t verdicts[] = { [SONDE_FATE_PASS] = SONDE_TRUTH_PASS,
					    [SONDE_FATE_LOST] = SONDE_TRUTH_LOST,
					    [SONDE_FATE_FULL] = SONDE_TRUTH_FULL };
	struct sonde_fate_decision d;
	struct note note = { 0 };

	sonde_fate_decide(&w->line[at.link].end[at.end].fate, in, len, &d);
	note.truth = (struct sonde_truth){
		.link = at.link,
		.end = (uint8_t)at.end,
		.verdict = verdicts[d.verdict],
		.reordered = d.reordered,
		.number = d.number,
		.in = in,
		.len = len,
		.corrupt = d.corrupt ? 8 * ETHER_HEADER + d.corrupt : 0,
	};
	if (d.verdict != SONDE_FATE_PASS)
		tell(w, &note.truth);
	for (unsigned i = 0; d.verdict == SONDE_FATE_PASS && i < d.copies; i++) {
		note.truth.due = d.due[i];
		note.truth.copy = d.copies > 1 ? (uint8_t)(i + 1) : 0;
		keep_copy(w, &note, frame);
	}
}

void sonde_labwire_came(void *arg, int port, sonde_ns at, uint8_t *frame, uint32_t len)
{
	struct sonde_labwire *w = arg;

	enter(w, w->place[port], at, frame, len);
}

void sonde_labwire_missed(void *arg, uint64_t n)
{
	struct sonde_labwire *w = arg;
	struct sonde_truth t = { .link = SONDE_TRUTH_ANY,
				 .verdict = SONDE_TRUTH_MISSED,
				 .number = n };

	if (w->truth)
		sonde_truth_put(w->truth, &t);
}

/* The sim that hears, and at which end of which link. */
struct hearing {
	struct sonde_labwire *wire;
	struct sonde_labwire_place at;
};

/* A sim's answer waits inside until it leaves the sim. */
static void emit(void *arg, sonde_ns due, const uint8_t *frame, size_t len)
{
	const struct hearing *h = arg;
	struct sonde_labwire *w = h->wire;
	struct note note = { .truth = { .link = h->at.link,
					.end = (uint8_t)h->at.end,
					.due = due,
					.len = (uint32_t)len },
			     .answer = true };

	if (!sonde_relay_keep(w->relay, &(struct sonde_relay_item){
						.port = SONDE_RELAY_INSIDE,
						.due = due,
						.precise = w->line[h->at.link].precise,
						.frame = frame,
						.len = (uint32_t)len,
						.note = &note,
						.note_len = sizeof note,
					})) {
		note.truth.verdict = SONDE_TRUTH_OVERFLOW;
		tell(w, &note.truth);
	}
}

void sonde_labwire_left(void *arg, const void *kept, sonde_ns out, int err, uint8_t *frame,
			uint32_t len)
{
	const struct note *note = kept;
	struct sonde_truth t = note->truth;
	struct hearing h = { arg, { t.link, !t.end } };
	struct sonde_sim *sim = h.wire->line[t.link].end[!t.end].sim;

	if (note->answer) {
		enter(h.wire, (struct sonde_labwire_place){ t.link, t.end }, t.due, frame, len);
		return;
	}
	t.out = err ? 0 : out;
	t.error = err;
	t.verdict = err ? SONDE_TRUTH_UNSENT : SONDE_TRUTH_PASS;
	tell(h.wire, &t);
	if (sim)
		sonde_sim_hear(sim, t.due, frame, len, emit, &h);
}
