#ifndef SONDE_TESTS_FUZZ_PACKET_H
#define SONDE_TESTS_FUZZ_PACKET_H

/* What holds of every packet, whatever its bytes. A target of a protocol family says where decoding
 * may begin; of an input the first byte chooses among these, the second says how many bytes the
 * capture left out, the rest is the packet. */

#include "base/text.h"
#include "packet/draft.h"
#include "packet/field.h"
#include "packet/summary.h"
#include "packet/tuple.h"
#include "tests/fuzz/fuzz.h"

#ifndef FUZZ_PACKET_MOST
#define FUZZ_PACKET_MOST 4096
#endif

struct fuzz_start {
	enum sonde_space space;
	uint32_t key;
};

/* Layers lie in the packet, one behind the other, each packet inside the one around it; messages of
 * an application stand side by side in the segment that carries them. */
static inline void check_layers(const struct sonde_packet *p)
{
	uint32_t from = 0, end = p->wire, ours = end; /* ours: around what is quoted */
	uint32_t segment = end;
	uint64_t has[2] = { 0 };

	stop_unless(p->stop <= SONDE_STOP_MORE && p->n <= SONDE_LAYERS && p->wire >= p->len);
	for (unsigned d = 0; d < p->n; d++) {
		const struct sonde_layer *l = &p->layer[d];

		if (!(l->part & SONDE_PART_QUOTED))
			end = ours;
		if (sonde_is_app((enum sonde_shape)l->shape) && l->at == end)
			end = segment;
		stop_unless(l->shape > SONDE_NONE && l->shape < SONDE_PROTOCOLS);
		stop_unless(l->at >= from && l->at + l->head <= p->len && l->end <= end);
		stop_unless(l->head >= sonde_shapes[l->shape].bytes);
		from = l->at + l->head;
		end = l->end;
		ours = l->part & SONDE_PART_QUOTED ? ours : end;
		segment = sonde_is_app((enum sonde_shape)l->shape) ? segment : end;
		has[l->shape / 64] |= 1ULL << l->shape % 64;
	}
	stop_unless(has[0] == p->has[0] && has[1] == p->has[1]);
}

struct fuzz_telling {
	const struct sonde_packet *p;
	uint32_t from[SONDE_FIELD_DEPTH + 1], to[SONDE_FIELD_DEPTH + 1]; /* of what is open */
	unsigned layer, depth;
	uint64_t told;
};

static inline void check_field(void *arg, const struct sonde_field *f)
{
	struct fuzz_telling *t = arg;
	unsigned d = t->depth;

	t->told++;
	stop_unless(f->layer == t->layer);
	if (f->is == SONDE_FIELD_CLOSE) {
		stop_unless(d > 0);
		t->depth--;
		return;
	}
	stop_unless(f->len <= t->p->len &&
		    (!f->len || (f->at >= t->from[d] && f->at + f->len <= t->to[d])));
	for (uint32_t i = 0; i < f->octets_len; i++)
		t->told += f->octets[i] == 0; /* so that every byte is truly read */
	if (f->is == SONDE_FIELD_OPEN) {
		stop_unless(f->list && *f->list && d < SONDE_FIELD_DEPTH);
		t->depth = ++d;
		t->from[d] = f->len ? f->at : t->from[d - 1];
		t->to[d] = f->len ? f->at + f->len : t->to[d - 1];
		return;
	}
	stop_unless(f->row < SONDE_ROWS && sonde_rows[f->row].shape == f->shape);
}

/* Fields lie in their layer or element, elements in theirs, and each that opens closes. */
static inline void check_fields(const struct sonde_packet *p)
{
	for (unsigned d = 0; d < p->n; d++) {
		const struct sonde_layer *l = &p->layer[d];
		struct fuzz_telling t = { p, { l->at }, { l->at + l->head }, d, 0, 0 };

		stop_unless(sonde_field_each(p, d, check_field, &t) <= SONDE_STOP_MORE);
		stop_unless(!t.depth && t.told <= 256 + 1024ull * l->head);
	}
}

static inline void check_words(const struct sonde_packet *p)
{
	static char line[SONDE_SUMMARY_MAX];
	const uint8_t *end = p->byte + p->len;
	struct sonde_tuple t;
	char *o = sonde_summary(line, p);

	stop_unless(o >= line && o <= line + sizeof line - SONDE_TEXT_SLACK);
	stop_unless_harmless(line, (size_t)(o - line), false);
	if (sonde_packet_tuple(p, &t) && t.body.len)
		stop_unless(t.body.at >= p->byte && t.body.at + t.body.len <= end);
	if (sonde_packet_quoted(p, &t) && t.body.len)
		stop_unless(t.body.at >= p->byte && t.body.at + t.body.len <= end);
}

/* What the strict judge calls wrong, and the rows, are all there is to know of the headers. */
static inline void check_copy(const struct sonde_packet *p)
{
	static uint8_t again[2 * FUZZ_PACKET_MOST];
	struct sonde_verdict lax, strict;
	struct sonde_draft d;

	sonde_judge(p, SONDE_JUDGE_SUMS, &lax);
	sonde_judge(p, SONDE_JUDGE_SUMS | SONDE_JUDGE_STRICT, &strict);
	for (unsigned i = 0; i < p->n; i++)
		stop_unless(!(lax.wrong[i] & ~strict.wrong[i]));
	sonde_draft_init(&d, again, sizeof again);
	stop_unless(sonde_draft_copy(&d, p, &strict) == (int)p->len &&
		    (!p->len || !memcmp(again, p->byte, p->len)));
}

/* With fewer bytes captured, what is still told is what was told before. */
static inline void check_cut(const struct sonde_packet *p, const struct fuzz_start *s, uint32_t len)
{
	uint8_t *byte = malloc(len ? len : 1);
	struct sonde_packet cut;

	if (!byte)
		return;
	memcpy(byte, p->byte, len);
	sonde_decode(&cut, byte, len, p->wire, sonde_child(s->space, s->key));
	check_layers(&cut);
	check_words(&cut);
	for (unsigned d = 0; d + 1 < cut.n && d < p->n; d++)
		stop_unless(cut.layer[d].at == p->layer[d].at &&
			    (sonde_is_app(p->layer[d].shape) ||
			     cut.layer[d].shape == p->layer[d].shape));
	free(byte);
}

static inline void fuzz_decode(struct sonde_packet *p, const struct fuzz_start *s,
			       const uint8_t *at, size_t len)
{
	uint32_t wire = (uint32_t)len - 2 + at[1];

	if (s->space == SONDE_SPACE_linktype)
		sonde_decode_link(p, at + 2, (uint32_t)len - 2, wire, s->key);
	else
		sonde_decode(p, at + 2, (uint32_t)len - 2, wire, sonde_child(s->space, s->key));
}

static inline int fuzz_packet(const struct fuzz_start *starts, unsigned n, const uint8_t *at,
			      size_t len)
{
	const struct fuzz_start *s = starts + (len ? at[0] % n : 0);
	struct sonde_packet p;

	if (len < 2 || len > FUZZ_PACKET_MOST)
		return 0;
	fuzz_decode(&p, s, at, len);
	check_layers(&p);
	check_fields(&p);
	check_words(&p);
	check_copy(&p);
	if (s->space != SONDE_SPACE_linktype && len > 2)
		check_cut(&p, s, (uint32_t)((at[len - 1] << 8 | at[len / 2]) % (len - 2)));
	return 0;
}

/* The engine's change; then, half of the time, lengths, keys and sums made true again. */
static inline size_t fuzz_mutate(const struct fuzz_start *starts, unsigned n, uint8_t *at,
				 size_t len, size_t most, unsigned seed)
{
	static uint8_t right[2 * FUZZ_PACKET_MOST];
	struct sonde_packet p;
	struct sonde_draft d;
	int all;

	len = LLVMFuzzerMutate(at, len, most);
	if (seed % 2 || len < 2 || len > FUZZ_PACKET_MOST)
		return len;
	fuzz_decode(&p, starts + at[0] % n, at, len);
	sonde_draft_init(&d, right, sizeof right);
	all = sonde_draft_copy(&d, &p, NULL);
	if (all < 0 || (size_t)all + 2 > most)
		return len;
	memcpy(at + 2, right, (size_t)all);
	return (size_t)all + 2;
}

#define FUZZ_PACKETS(starts)                                                                       \
	int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)                                  \
	{                                                                                          \
		return fuzz_packet(starts, sizeof starts / sizeof *starts, at, len);               \
	}                                                                                          \
	size_t LLVMFuzzerCustomMutator(uint8_t *at, size_t len, size_t most, unsigned seed)        \
	{                                                                                          \
		return fuzz_mutate(starts, sizeof starts / sizeof *starts, at, len, most, seed);   \
	}

#endif
