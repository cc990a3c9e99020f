/* Any text as a match expression, and a packet to try it on: an expression and its negation never
 * agree, and why it holds can be told. An input is the text, a zero, the packet. */
#include "tests/fuzz/fuzz.h"
#include "tests/match_beside.h"

enum { TEXT_MOST = 400, ROOM = 1 << 20 };

static struct sonde_arena arena;

/* With text in place of each %. */
static bool parsed(struct sonde_match *m, const char *form, const char *text)
{
	char all[4 * TEXT_MOST + 64], *o = all;
	struct sonde_match_error e = { .at = SIZE_MAX };

	for (; *form; form++)
		o = *form == '%' ? o + sprintf(o, "%s", text) : (*o = *form, o + 1);
	*o = 0;
	if (sonde_match_parse(m, &arena, all, &schema, &e))
		return true;
	stop_unless(e.at <= strlen(all) && e.expected && *e.expected);
	return false;
}

/* What a form of the expression gives, or instead where it is nested too deeply. */
static bool form(const char *form, const char *text, const struct sonde_packet *p, bool instead)
{
	struct sonde_match m;

	return parsed(&m, form, text) ? sonde_match(&m, p, &beside) : instead;
}

static void check(const char *text, const struct sonde_packet *p)
{
	static char why[ROOM];
	struct sonde_match m;
	struct sonde_text t;
	bool holds, quoted;

	if (!parsed(&m, "%", text))
		return;
	holds = sonde_match(&m, p, &beside);
	stop_unless(form("!(%)", text, p, !holds) == !holds);
	stop_unless(form("(%) && (%)", text, p, holds) == holds);
	stop_unless(form("(%) or not (%)", text, p, true));
	stop_unless(!form("not (%) and (%)", text, p, false));
	m.quoted = true;
	quoted = sonde_match(&m, p, &beside);
	stop_unless(quoted == sonde_match(&m, p, &beside));
	sonde_text_init(&t, why, sizeof why, NULL, NULL);
	sonde_match_explain(&m, p, &beside, &t);
	stop_unless(!t.error && t.len);
	stop_unless_harmless(why, t.len, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	const uint8_t *zero = len ? memchr(at, 0, len) : NULL;
	size_t n = zero ? (size_t)(zero - at) : len, rest = zero ? len - n - 1 : 0;
	char text[TEXT_MOST + 1];
	struct sonde_packet p;

	if (n > TEXT_MOST)
		return 0;
	memcpy(text, at, n);
	text[n] = 0;
	sonde_decode(&p, at + len - rest, (uint32_t)rest, (uint32_t)rest, SONDE_eth);
	check(text, &p);
	sonde_arena_rewind(&arena);
	return 0;
}

/* A word of the language: half of the time the name of a field or of a header. */
static const char *word(unsigned i)
{
	static const char *const words[] = { " && ",
					     " || ",
					     " and ",
					     " or ",
					     "!",
					     "not ",
					     "(",
					     ")",
					     " == ",
					     " != ",
					     " < ",
					     " >= ",
					     " in ",
					     "{",
					     "}",
					     ", ",
					     "..",
					     " & ",
					     "[0:3]",
					     "[1]",
					     " contains ",
					     "\"a\"",
					     "80",
					     "0x12",
					     "10.0.0.0/8",
					     "fe80::1",
					     "00:1b:21",
					     "true",
					     "18446744073709551615",
					     "frame.number",
					     "frame.comment",
					     "frame.names",
					     "tcp.port",
					     "ip.addr" };

	switch (i % 4) {
	case 0: return sonde_rows[i / 4 % SONDE_ROWS].name;
	case 1: return sonde_shapes[1 + i / 4 % (SONDE_SHAPES - 1)].name;
	default: return words[i / 4 % (sizeof words / sizeof *words)];
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *at, size_t len, size_t most, unsigned seed)
{
	const uint8_t *zero = len ? memchr(at, 0, len) : NULL;
	size_t end = zero ? (size_t)(zero - at) : len, to = end ? seed / 64 % (end + 1) : 0;
	const char *w = word(seed / 4 * 2654435761u >> 8);
	size_t n = strlen(w);

	if (seed % 4 == 0 || len + n > most)
		return LLVMFuzzerMutate(at, len, most);
	memmove(at + to + n, at + to, len - to);
	memcpy(at + to, w, n);
	return len + n;
}
