/* Any text as a description of a network: it is taken or refused with a sentence, and what is taken
 * is planned in itself consistently and told as valid JSON. */
#include "lab/oracle.h"
#include "lab/sim.h"
#include "out/json.h"
#include "tests/fuzz/fuzz.h"
#include "tests/valid_json.h"

enum { TEXT_MOST = 4096, TOLD_MOST = 400, ROOM = 1 << 20 };

static struct sonde_arena arena, scratch;
static unsigned told;

static void tell(void *arg, const struct sonde_schema *schema, const void *record)
{
	static char line[ROOM];
	struct sonde_text t;

	(void)arg;
	if (told++ > TOLD_MOST)
		return;
	sonde_text_init(&t, line, sizeof line, NULL, NULL);
	sonde_json_record(&t, schema, record);
	stop_unless(!t.error && t.len && line[t.len - 1] == '\n');
	stop_unless(valid_json(line, t.len - 1));
}

static void check_links(const struct sonde_lab *lab)
{
	for (unsigned i = 0; i < lab->links; i++) {
		const struct sonde_lab_link *l = &lab->link[i];
		char number[16];
		unsigned end;

		stop_unless(l->end[0].node != l->end[1].node && l->metric);
		for (unsigned e = 0; e < 2; e++) {
			const struct sonde_lab_end *at = &l->end[e];

			stop_unless(at->node < lab->nodes && at->name[0]);
			stop_unless(at->v4.family && at->v4_prefix && at->v4_prefix < 32);
			stop_unless(at->v6.family && at->v6_prefix && at->v6_prefix < 128);
			stop_unless(at->impair.loss <= 1000000 && at->impair.corrupt <= 1000000);
			stop_unless(lab->node[at->node].v4.family);
		}
		stop_unless(!sonde_address_equal(&l->end[0].v4, &l->end[1].v4));
		snprintf(number, sizeof number, "%u", i + 1);
		stop_unless(sonde_lab_find_link(lab, number, &end) == (int)i);
	}
}

static void check_routes(const struct sonde_lab *lab)
{
	for (unsigned i = 0; i < lab->routes; i++) {
		const struct sonde_lab_route *r = &lab->route[i];

		stop_unless(r->node < lab->nodes && r->to < lab->nodes && r->node != r->to);
		stop_unless(!r->hops == !!r->kind && r->hops <= SONDE_LAB_HOPS);
		for (unsigned h = 0; h < r->hops; h++)
			stop_unless(lab->link[r->hop[h].link].end[r->hop[h].end].node == r->node);
	}
}

static void check_rules(const struct sonde_lab *lab)
{
	for (unsigned i = 0; i < lab->rules; i++)
		stop_unless(lab->rule[i].node < lab->nodes && *lab->rule[i].text);
	for (unsigned i = 0; i < lab->nodes; i++) {
		stop_unless(sonde_lab_find(lab, lab->node[i].name) == (int)i);
		stop_unless(!lab->node[i].sim == (lab->node[i].kind != SONDE_LAB_SIM));
	}
}

/* A change is made as a whole or not at all. */
static void check_change(const struct sonde_lab *lab, const char *text, size_t len)
{
	struct sonde_lab_error e = { 0 };
	struct sonde_lab_link l, before;

	if (!lab->links)
		return;
	l = before = lab->link[0];
	if (sonde_lab_impair_parse(&l, &arena, text, len, &e) < 0)
		stop_unless(!memcmp(&l, &before, sizeof l) && e.text && *e.text);
	stop_unless(!memcmp(&l.end[0].v4, &before.end[0].v4, sizeof l.end[0].v4));
}

static void stop_unless_said(const struct sonde_lab_error *e)
{
	stop_unless(e->line && e->text && *e->text);
	stop_unless_harmless(e->text, strlen(e->text), false);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct sonde_lab_error e = { 0 };
	const char *text = (const char *)at;
	struct sonde_lab lab;

	if (len > TEXT_MOST)
		return 0;
	if (sonde_lab_parse(&lab, &arena, text, len, &e) < 0 || sonde_lab_plan(&lab, &e) < 0) {
		stop_unless_said(&e);
	} else {
		const char *line = len ? memchr(text, '\n', len) : NULL;

		check_links(&lab);
		check_routes(&lab);
		check_rules(&lab);
		check_change(&lab, text, line ? (size_t)(line - text) : len);
		told = 0;
		if (lab.nodes <= 40) {
			sonde_oracle_addresses(&lab, &scratch, tell, NULL);
			sonde_oracle_paths(&lab, &scratch, tell, NULL);
		}
	}
	sonde_arena_rewind(&arena);
	return 0;
}

/* Half of the time a word or a line of the language is put in. */
size_t LLVMFuzzerCustomMutator(uint8_t *at, size_t len, size_t most, unsigned seed)
{
	static const char *const words[] = {
		"host a b\n",
		"router r s hash=l4\n",
		"sim f { hop 1; hop 2 }\n",
		"link a r\n",
		"link r b delay=1ms ->loss=1%\n",
		"link r s\n",
		"link s b\n",
		"link r f\n",
		"route * auto\n",
		"route r b via s\n",
		"route a * via r\n",
		"route r a prohibit\n",
		"box r nat=s\n",
		"box s firewall=reset open=80\n",
		"box r ttl=3\n",
		"nft r { drop }\n",
		"serve a tcp 80 http\n",
		" icmp-rate=1/s",
		" silent",
		" jitter=1us",
		" rate=1mbit",
		" queue=3",
		" mtu=1400",
		" v4=192.0.2.0/30",
		" ->v6=2001:db8::1/64 <-v6=2001:db8::2/64",
		" precise",
		" metric=5",
		"{",
		"}",
		"#",
		"\n",
		";",
		"loop 1 2;",
		" refuse=net",
		" mpls=1,2",
		" addr=192.0.2.1",
		" mtu=1280",
	};
	const char *w = words[seed / 2 % (sizeof words / sizeof *words)];
	size_t n = strlen(w), to = len ? (seed >> 8) % (len + 1) : 0;

	if (seed % 2 || len + n > most)
		return LLVMFuzzerMutate(at, len, most);
	memmove(at + to + n, at + to, len - to);
	memcpy(at + to, w, n);
	return len + n;
}
