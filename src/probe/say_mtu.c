/* What a trace has found of the MTU of a path, as lines. */
#include "probe/say_trace.h"

/* "hop 3: the next link takes 1300 bytes, says 10.0.0.3" */
static void say_teller(struct sonde_text *t, const struct sonde_trace_mtu_hop *h, unsigned ttl)
{
	char text[64];

	if (ttl)
		sonde_text_print(t, "  hop %u: ", ttl);
	else
		sonde_text_str(t, "  on the way: ");
	sonde_text_print(t, "the next link takes %u bytes, says %s", h->told,
			 sonde_survey_put_host(text, &h->from));
	if (h->doubt)
		sonde_text_print(t, " of %u; not believed: %s", h->about,
				 sonde_trace_mtu_doubt(h->doubt));
	sonde_text_str(t, "\n");
}

/* Packets vanish that are too big for this hop, and for none before it. */
static void say_hole(struct sonde_text *t, const struct sonde_trace_mtu *m, unsigned ttl)
{
	unsigned before;
	int behind = sonde_trace_mtu_hole(m, ttl, &before);

	if (behind < 0 || before != ttl)
		return;
	if (behind)
		sonde_text_print(t, "  black hole behind hop %d", behind);
	else
		sonde_text_str(t, "  black hole behind this machine");
	if ((int)ttl > behind + 1)
		sonde_text_print(t, " and before hop %u", ttl);
	if (m->hop[ttl].passed + 1 == m->hop[ttl].stopped)
		sonde_text_print(t, ": packets above %u bytes vanish\n", m->hop[ttl].passed);
	else
		sonde_text_print(t, ": packets of %u bytes vanish\n", m->hop[ttl].stopped);
}

static void say_result(struct sonde_text *t, const struct sonde_trace *p, uint32_t host)
{
	const struct sonde_trace_mtu *m = &p->host[host].mtu;
	const struct sonde_trace_mtu_hop *end = &m->hop[m->end];
	uint32_t mtu = sonde_trace_mtu_path(m);

	if (mtu)
		sonde_text_print(t, "mtu %u", mtu);
	else if (m->end && end->passed >= m->base)
		sonde_text_print(t, "mtu not found, %u or more", end->passed);
	else
		sonde_text_str(t, "mtu not found");
	if (m->end && !p->host[host].reached)
		sonde_text_print(t, " as far as hop %u", m->end);
	if (!m->end)
		sonde_text_str(t, ": nothing answers");
	else if (m->mute)
		sonde_text_print(t, ": hop %u answers too seldom", m->end);
	else if (!m->done)
		sonde_text_str(t, ": the search was ended");
	else if (!sonde_trace_mtu_is_confirmed(m))
		sonde_text_str(t, ", unconfirmed: answers do not agree with each other");
	sonde_text_str(t, "\n");
}

void sonde_say_path_mtu(struct sonde_text *t, const struct sonde_trace *p, uint32_t host)
{
	const struct sonde_trace_mtu *m = &p->host[host].mtu;

	if (!m->hop)
		return;
	for (unsigned ttl = 0; ttl <= m->end; ttl++) {
		if (m->hop[ttl].tells)
			say_teller(t, &m->hop[ttl], ttl);
		if (ttl)
			say_hole(t, m, ttl);
	}
	say_result(t, p, host);
}
