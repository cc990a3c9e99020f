/* An ICMP error whose quote is held against what is said to have been sent, and what a router added
 * to it. Whatever the bytes are: what was not changed is no finding, what is borrowed lies in what
 * was given, and nothing reaches a terminal unescaped.
 *
 *   choice, length of what was sent (2 bytes), what was sent, the error */
#include "probe/extension.h"
#include "probe/rewrite.h"
#include "tests/fuzz/fuzz.h"

static bool lies_in(struct sonde_bytes b, struct sonde_bytes whole)
{
	return !b.len || (b.at >= whole.at && b.at + b.len <= whole.at + whole.len);
}

static void compare(struct sonde_bytes sent, struct sonde_bytes quote, bool padded)
{
	struct sonde_rewrite w;
	char buf[16];

	sonde_rewrite_find(&w, sent, quote, padded);
	for (unsigned i = 0; i < w.n; i++) {
		const struct sonde_rewrite_finding *f = &w.finding[i];

		stop_unless(*sonde_rewrite_name(f, buf, sizeof buf));
		stop_unless(f->grade >= SONDE_REWRITE_SWAPPED && f->grade <= SONDE_REWRITE_CERTAIN);
		stop_unless(lies_in(f->sent_bytes, sent) && lies_in(f->quoted_bytes, quote));
	}
	sonde_rewrite_nat_text(sonde_rewrite_nat(&w));
	/* As it was sent, and cut where the quote was. */
	quote = (struct sonde_bytes){ sent.at, quote.len < sent.len ? quote.len : sent.len };
	sonde_rewrite_find(&w, sent, quote, padded);
	stop_unless(!w.n &&
		    (w.sum == SONDE_REWRITE_SUM_UNKNOWN || w.sum == SONDE_REWRITE_SUM_KEPT));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sonde_packet p;
	struct sonde_extension e;
	struct sonde_bytes sent, quote = { NULL, 0 };
	struct sonde_text t;
	char buf[8192];
	uint32_t len;

	if (size < 3)
		return 0;
	sent = (struct sonde_bytes){ data + 3, sonde_load(data + 1, 2) };
	if (sent.len > size - 3)
		return 0;
	len = (uint32_t)(size - 3 - sent.len);
	sonde_decode(&p, sent.at + sent.len, len, len, *data & 1 ? SONDE_icmpv6 : SONDE_icmp);
	sonde_extension_read(&e, &p);
	stop_unless(e.is == SONDE_EXTENSION_GOOD || !(e.labels | e.interfaces | e.others));
	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_extension_print(&t, &e);
	stop_unless(!t.error);
	stop_unless_harmless(buf, t.len, false);
	for (unsigned d = 0; d < p.n && !quote.len; d++)
		if (p.layer[d].part & SONDE_PART_QUOTED)
			quote = (struct sonde_bytes){ p.byte + p.layer[d].at, len - p.layer[d].at };
	compare(sent, quote, *data & 2);
	return 0;
}
