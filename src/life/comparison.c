#include "life/comparison.h"

#include "life/evidence.h"
#include "life/records.h"
#include "life/words.h"

typedef unsigned long long ull;

#define AT(kind, member) [SONDE_KIND_##kind] = offsetof(struct sonde_comparison_record, member)

/* Where the cell of each kind stands in the record. */
static const size_t place[SONDE_COMPARED + 1] = {
	AT(TCP4, tcp4),
	AT(TCP6, tcp6),
	AT(UDP4, udp4),
	AT(UDP6, udp6),
	AT(UNIX_STREAM, unix_stream),
	AT(UNIX_DGRAM, unix_dgram),
	AT(UNIX_SEQPACKET, unix_seqpacket),
};

static const struct sonde_column columns[] = { SONDE_COMPARISON_COLUMNS(SONDE_MEMBER_COLUMN,
									sonde_comparison_record) };
const struct sonde_schema sonde_comparison_schema = { "comparison", columns,
						      sizeof columns / sizeof *columns };

static const char **cell(struct sonde_comparison_record *r, unsigned kind)
{
	return (const char **)((char *)r + place[kind]);
}

static struct sonde_comparison_record *add(struct sonde_comparison *c, struct sonde_arena *arena,
					   const char *group, const char *name)
{
	if (c->rows == c->room) {
		size_t more = c->room ? c->room : 48;

		c->row = sonde_arena_grow(arena, c->row, c->rows, more, sizeof *c->row);
		c->room += more;
	}
	c->row[c->rows] = (struct sonde_comparison_record){ .group = group, .name = name };
	return &c->row[c->rows++];
}

/* What one kind did and another did not. n: how often, 0: not at all. */
static uint64_t shook_hands(const struct sonde_evidence *e)
{
	uint64_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		n += e->of[i]->timing.handshake != SONDE_ABSENT &&
		     e->of[i]->role == SONDE_ROLE_CLIENT;
	return n;
}

static uint64_t told_the_end(const struct sonde_evidence *e)
{
	uint64_t eof = sonde_evidence_in_state(e, SONDE_STATE_PEER_EOF);
	uint64_t drained = sonde_evidence_in_state(e, SONDE_STATE_DRAINED);

	return eof > drained ? eof : drained;
}

static uint64_t moved_boundaries(const struct sonde_evidence *e)
{
	uint64_t sends, reads = sonde_evidence_reads(e, &sends);

	return e->kind == SONDE_KIND_UNIX_SEQPACKET || sends == reads ? 0 : sends;
}

static uint64_t lost_untold(const struct sonde_evidence *e)
{
	uint64_t told, lost = sonde_evidence_lost(e, &told);

	return lost > told ? lost - told : 0;
}

static uint64_t cut(const struct sonde_evidence *e)
{
	return SONDE_EVIDENCE_SUM(e, truncated);
}

static uint64_t waited_for_strays(const struct sonde_evidence *e)
{
	return sonde_evidence_in_state(e, SONDE_STATE_TIME_WAIT);
}

static uint64_t sent_again(const struct sonde_evidence *e)
{
	return SONDE_EVIDENCE_SUM(e, retransmits);
}

static uint64_t was_reset(const struct sonde_evidence *e)
{
	uint64_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		n += e->of[i]->cause == SONDE_CAUSE_RST_RECEIVED;
	return n;
}

static uint64_t untold_errors(const struct sonde_evidence *e)
{
	uint64_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		for (uint32_t k = 0; k < e->of[i]->faults; k++)
			n += !e->of[i]->fault[k].told;
	return n;
}

static const struct {
	uint64_t (*times)(const struct sonde_evidence *e);
	const char *did;   /* after "only tcp4" */
	const char *whats; /* were counted */
} deeds[] = {
	{ shook_hands, "shook hands before the first byte", "connections" },
	{ moved_boundaries, "did not keep the boundaries of what was sent", "sends" },
	{ lost_untold, "lost messages of which no sender was told", "messages" },
	{ cut, "cut messages to the reader's buffer", "messages" },
	{ sent_again, "sent segments again", "segments" },
	{ sonde_evidence_again, "turned senders back with EAGAIN", "sends" },
	{ untold_errors, "met errors of which no call told the program", "errors" },
	{ told_the_end, "told a reader that no more would come: a read of 0", "ends" },
	{ waited_for_strays, "left a TIME_WAIT behind", "ends" },
	{ was_reset, "was reset by its peer", "ends" },
};

static void add_only(struct sonde_comparison *c, struct sonde_arena *arena,
		     const struct sonde_evidence *of)
{
	for (size_t d = 0; d < sizeof deeds / sizeof *deeds; d++) {
		unsigned did = 0, others = 0;
		uint64_t times = 0;
		struct sonde_phrase p;

		sonde_phrase_begin(&p);
		for (unsigned k = 1; k <= SONDE_COMPARED; k++) {
			uint64_t n = c->present[k] ? deeds[d].times(&of[k]) : 0;

			if (!c->present[k])
				continue;
			others += !n;
			times += n;
			if (n)
				sonde_text_print(&p.text, "%s%s", did++ ? ", " : "only ",
						 sonde_kind_name(k));
		}
		if (!did || !others)
			continue;
		sonde_text_print(&p.text, " %s (%s: %llu)", deeds[d].did, deeds[d].whats,
				 (ull)times);
		add(c, arena, "only", sonde_phrase_end(&p, arena));
	}
}

static void add_notes(struct sonde_comparison *c, struct sonde_arena *arena,
		      const struct sonde_life *life, const struct sonde_account *account)
{
	uint64_t joined = 0, unseen = 0;

	for (unsigned h = SONDE_HOW_COOKIE; h < SONDE_HOW_END_; h++)
		joined += life->joined[h];
	if (account->lost_all)
		add(c, arena, "note",
		    sonde_arena_print(arena, "events lost: %llu; counts are lower bounds",
				      (ull)account->lost_all));
	if (life->frames)
		add(c, arena, "note",
		    sonde_arena_print(arena, "packets whose socket is known: %llu of %llu",
				      (ull)joined, (ull)life->frames));
	else
		add(c, arena, "note", "no packets were seen in this run");
	for (size_t i = 0; i < life->connections; i++)
		unseen += !life->connection[i]->client || !life->connection[i]->server;
	for (size_t i = 0; i < life->flows; i++)
		unseen += !life->flow[i]->sender || !life->flow[i]->receiver;
	if (unseen)
		add(c, arena, "note",
		    sonde_arena_print(arena, "conversations of which one end is not followed: %llu",
				      (ull)unseen));
	for (size_t i = 0; i < account->blinds; i++)
		add(c, arena, "note", sonde_arena_print(arena, "not seen: %s", account->blind[i]));
}

static void add_rows(struct sonde_comparison *c, struct sonde_arena *arena,
		     struct sonde_evidence *of, const struct sonde_evidence_row *row)
{
	for (; row->group; row++) {
		struct sonde_comparison_record r = { .group = row->group, .name = row->name };
		bool told = false;

		for (unsigned k = 1; k <= SONDE_COMPARED; k++) {
			if (c->present[k])
				*cell(&r, k) =
					row->cell ? row->cell(&of[k]) : row->with(&of[k], row->arg);
			told |= *cell(&r, k) != NULL;
		}
		if (told)
			*add(c, arena, row->group, row->name) = r;
	}
}

void sonde_comparison_make(struct sonde_comparison *ret, struct sonde_arena *arena,
			   const struct sonde_life *life, const struct sonde_account *account)
{
	struct sonde_evidence of[SONDE_COMPARED + 1];
	bool any = false;

	*ret = (struct sonde_comparison){ 0 };
	for (unsigned k = 1; k <= SONDE_COMPARED; k++) {
		sonde_evidence_gather(&of[k], arena, life, k);
		any |= ret->present[k] = of[k].n > 0;
	}
	if (!any)
		return;
	add_rows(ret, arena, of, sonde_evidence_talk);
	add_rows(ret, arena, of, sonde_evidence_end);
	add_only(ret, arena, of);
	add_notes(ret, arena, life, account);
}

/* The nine groups as they are headed. */
static const char *heading(const char *group)
{
	static const struct {
		const char *group, *heading;
	} all[] = {
		{ "setup", "1 setup, by the side that begins" },
		{ "identity", "2 identity" },
		{ "boundaries", "3 message boundaries" },
		{ "delivery", "4 delivery, and who was told" },
		{ "back-pressure", "5 back-pressure" },
		{ "errors", "6 errors" },
		{ "close", "7 close" },
		{ "cost", "8 cost, both ends together" },
		{ "timing", "9 timing: least / median / 99th percentile (of so many)" },
		{ "only", "what only one of them did" },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (!strcmp(group, all[i].group))
			return all[i].heading;
	return NULL;
}

void sonde_comparison_draw(struct sonde_grid *ret, struct sonde_arena *arena,
			   const struct sonde_comparison *c)
{
	struct sonde_grid_column column[SONDE_COMPARED + 1] = {
		{ .title = "stream against datagram",
		  .brief = "",
		  .weight = 3,
		  .least = 14,
		  .most = 34,
		  .wrap = true },
	};
	unsigned n = 1, kind_of[SONDE_COMPARED + 1];
	const char *group = "";

	for (unsigned k = 1; k <= SONDE_COMPARED; k++)
		if (c->present[k]) {
			kind_of[n] = k;
			column[n++] = (struct sonde_grid_column){ .title = sonde_kind_name(k),
								  .weight = 2,
								  .least = 5,
								  .most = 44,
								  .wrap = true };
		}
	sonde_grid_init(ret, arena, column, n);
	ret->head_first = true;
	for (size_t i = 0; i < c->rows; i++) {
		struct sonde_comparison_record *r = &c->row[i];
		struct sonde_cell *at;

		if (strcmp(group, r->group)) {
			group = r->group;
			if (heading(group))
				sonde_grid_wide(ret, SONDE_PAINT_TITLE, 2, heading(group));
		}
		if (!strcmp(group, "only") || !strcmp(group, "note")) {
			sonde_grid_wide(ret, *group == 'n' ? SONDE_PAINT_FAINT : SONDE_PAINT_PLAIN,
					4,
					*group == 'n' ? r->name
						      : sonde_arena_print(arena, "  %s", r->name));
			continue;
		}
		at = sonde_grid_row(ret);
		at[0].text = sonde_arena_print(arena, "  %s", r->name);
		for (unsigned k = 1; k < n; k++) {
			at[k].text = *cell(r, kind_of[k]);
			if (!at[k].text)
				at[k] = (struct sonde_cell){ .text = "-",
							     .paint = SONDE_PAINT_FAINT };
		}
	}
}
