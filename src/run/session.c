#include "run/session.h"

#include "base/reason.h"
#include "life/comparison.h"
#include "life/ladder.h"
#include "life/records.h"
#include "life/table.h"
#include "out/json.h"

void sonde_session_init(struct sonde_session *s, const struct sonde_look *look,
			struct sonde_text *report, struct sonde_writer *save)
{
	*s = (struct sonde_session){ .look = *look, .report = report, .save = save };
	sonde_life_init(&s->life, &s->arena);
	sonde_account_init(&s->account, &s->arena);
	sonde_story_init(&s->story, &s->arena, 0);
	s->line = (struct sonde_line){ .text = report,
				       .life = &s->life,
				       .palette = look->style.palette,
				       .classes = look->classes };
}

static void keep(struct sonde_session *s, const struct sonde_item *item,
		 const struct sonde_heard *heard)
{
	const struct sonde_endpoint *e = sonde_life_endpoint(&s->life, heard->sid);
	struct sonde_writer_note note = {
		.sid = heard->sid,
		.sid2 = heard->sid2,
		.how = sonde_how_name(heard->how),
		.pid = e ? e->pid : 0,
		.comm = e && e->comm[0] ? e->comm : NULL,
	};

	if (!s->saved)
		s->saved = sonde_writer_put(s->save, item, &note);
}

static void show_json(struct sonde_session *s, const struct sonde_item *item,
		      const struct sonde_heard *heard)
{
	if (item->is == SONDE_ITEM_FRAME) {
		struct sonde_packet_record r;

		sonde_packet_record_fill(&r, &s->scratch, &s->life, &item->frame, heard);
		sonde_json_record(s->report, &sonde_packet_schema, &r);
	} else {
		struct sonde_event_record r;

		sonde_event_record_fill(&r, &s->scratch, &s->life, &item->event, heard);
		sonde_json_record(s->report, &sonde_event_schema, &r);
	}
	sonde_arena_rewind(&s->scratch);
}

void sonde_session_hear(struct sonde_session *s, const struct sonde_item *item)
{
	struct sonde_heard heard;

	sonde_life_hear(&s->life, item, &heard);
	if (item->is == SONDE_ITEM_EVENT)
		sonde_account_hear(&s->account, &item->event);
	if (s->save)
		keep(s, item, &heard);
	if (s->look.ladder)
		sonde_story_hear(&s->story, item, &heard);
	if (s->look.json)
		show_json(s, item, &heard);
	else
		sonde_line_print(&s->line, item, &heard);
}

static void end_json(struct sonde_session *s)
{
	struct sonde_connection_record c;
	struct sonde_endpoint_record e;
	struct sonde_comparison comparison;
	struct sonde_run_record run;

	for (size_t i = 0; i < s->life.endpoints; i++) {
		if (!sonde_endpoint_counts(s->life.endpoint[i]))
			continue;
		sonde_endpoint_record_fill(&e, &s->scratch, &s->life, s->life.endpoint[i]);
		sonde_json_record(s->report, &sonde_endpoint_schema, &e);
		sonde_arena_rewind(&s->scratch);
	}
	for (size_t i = 0; i < s->life.connections; i++) {
		sonde_connection_record_fill(&c, &s->scratch, &s->life, s->life.connection[i]);
		sonde_json_record(s->report, &sonde_connection_schema, &c);
		sonde_arena_rewind(&s->scratch);
	}
	for (size_t i = 0; i < s->life.flows; i++) {
		sonde_flow_record_fill(&c, &s->scratch, &s->life, s->life.flow[i]);
		sonde_json_record(s->report, &sonde_connection_schema, &c);
		sonde_arena_rewind(&s->scratch);
	}
	sonde_comparison_make(&comparison, &s->scratch, &s->life, &s->account);
	for (size_t i = 0; i < comparison.rows; i++)
		sonde_json_record(s->report, &sonde_comparison_schema, &comparison.row[i]);
	sonde_run_record_fill(&run, &s->scratch, &s->life, &s->account);
	sonde_json_record(s->report, &sonde_run_schema, &run);
	sonde_arena_rewind(&s->scratch);
}

enum { LADDERS = 8 };

/* The grid, and a line if the width was too small for all of it. */
static void print_grid(struct sonde_session *s, const struct sonde_grid *grid)
{
	unsigned out = sonde_cells_print(s->report, grid, &s->look.style);
	struct sonde_grid line;

	if (!out)
		return;
	sonde_grid_init(&line, &s->scratch, &(struct sonde_grid_column){ 0 }, 1);
	sonde_grid_wide(&line, SONDE_PAINT_FAINT, 0,
			sonde_arena_print(&s->scratch, "%u column%s left out; --width shows %s",
					  out, out == 1 ? "" : "s", out == 1 ? "it" : "them"));
	sonde_cells_print(s->report, &line, &s->look.style);
}

static void end_ladders(struct sonde_session *s)
{
	struct sonde_ladder ladder[LADDERS];
	struct sonde_grid grid;
	size_t more = 0, n = sonde_ladder_list(&s->life, &s->scratch, ladder, LADDERS, &more);

	for (size_t i = 0; i < n; i++) {
		sonde_text_str(s->report, "\n");
		sonde_ladder_draw(&grid, &s->scratch, &s->life, &s->story, &ladder[i], 0);
		print_grid(s, &grid);
		sonde_arena_rewind(&s->scratch);
	}
	if (more)
		sonde_text_print(s->report, "%zu more conversations are not drawn\n", more);
}

static void end_text(struct sonde_session *s)
{
	struct sonde_comparison comparison;
	struct sonde_grid grid;

	if (s->look.ladder)
		end_ladders(s);
	sonde_text_str(s->report, "\n");
	sonde_table_draw(&grid, &s->scratch, &s->life);
	print_grid(s, &grid);
	sonde_comparison_make(&comparison, &s->scratch, &s->life, &s->account);
	if (!comparison.rows) {
		if (s->account.lost_all)
			sonde_text_print(s->report, "events lost: %llu; counts are lower bounds\n",
					 (unsigned long long)s->account.lost_all);
		return;
	}
	sonde_text_str(s->report, "\n");
	sonde_comparison_draw(&grid, &s->scratch, &comparison);
	print_grid(s, &grid);
}

int sonde_session_end(struct sonde_session *s)
{
	int r;

	sonde_life_end(&s->life);
	if (s->look.json)
		end_json(s);
	else
		end_text(s);
	if (s->save) {
		r = sonde_writer_end(s->save);
		s->saved = s->saved ? s->saved : r;
	}
	r = sonde_text_flush(s->report);
	if (!r && (s->account.lost_all || s->life.lost))
		r = SONDE_LOST;
	if (!r && !s->account.ended)
		r = SONDE_CUT;
	return r;
}

void sonde_session_done(struct sonde_session *s)
{
	sonde_arena_done(&s->scratch);
	sonde_arena_done(&s->arena);
}
