/* What an ICMP error says beside who sent it: what was changed on the way, and what the router adds
 * about itself. */
#include <string.h>
#include <sys/socket.h>

#include "packet/value.h"
#include "probe/extension.h"
#include "probe/rewrite.h"
#include "probe/trace.h"

enum { HEADERS = 128, LONGEST = 2048, LINE = 200 };

/* The quote, from its IP header on; empty: there is none. */
static struct sonde_bytes quote_of(const struct sonde_packet *p)
{
	for (unsigned d = 0; d < p->n; d++) {
		const struct sonde_layer *l = &p->layer[d];
		uint32_t end = l->end < p->len ? l->end : p->len;

		if (l->part & SONDE_PART_QUOTED && (l->shape == SONDE_ip || l->shape == SONDE_ipv6))
			return (struct sonde_bytes){ p->byte + l->at,
						     end > l->at ? end - l->at : 0 };
	}
	return (struct sonde_bytes){ 0 };
}

/* The header of IP as the kernel has written it. What only the kernel knew, the identification and
 * the bits beside it, is taken from the quote. */
static void put_header(const struct sonde_trace *p, const struct sonde_probe *probe,
		       struct sonde_bytes quote, uint32_t len, uint8_t *buf)
{
	static const uint8_t protocols[] = { 1, 17, 6, 6 };
	const struct sonde_address *to = &p->survey.to[probe->target];
	const struct sonde_address *from = &p->survey.from[probe->target];
	uint8_t method = p->survey.look[0].method;

	if (to->family == AF_INET6) {
		sonde_store(buf, 4,
			    6u << 28 | (uint32_t)p->plan.tos << 20 | p->host[probe->target].label);
		sonde_store(buf + 4, 2, len);
		buf[6] = method ? protocols[method] : 58;
		buf[7] = probe->ttl;
		memcpy(buf + 8, from->ip, 16);
		memcpy(buf + 24, to->ip, 16);
		return;
	}
	memset(buf, 0, 20);
	buf[0] = 0x45;
	buf[1] = p->plan.tos;
	sonde_store(buf + 2, 2, len + 20);
	if (quote.len >= 8)
		memcpy(buf + 4, quote.at + 4, 4);
	buf[8] = probe->ttl;
	buf[9] = protocols[method];
	memcpy(buf + 12, from->ip, 4);
	memcpy(buf + 16, to->ip, 4);
}

static void put_value(struct sonde_text *t, const struct sonde_rewrite_finding *f, uint64_t number,
		      struct sonde_bytes bytes)
{
	struct sonde_field field = { .row = f->row,
				     .number = number,
				     .octets = bytes.at,
				     .octets_len = (uint32_t)bytes.len };

	if (f->is == SONDE_REWRITE_FIELD) {
		sonde_value_print(t, &field);
		return;
	}
	for (size_t i = 0; i < bytes.len && i < 16; i++)
		sonde_text_print(t, "%02x", bytes.at[i]);
	sonde_text_str(t, bytes.len ? "" : "nothing");
}

/* "ip.dsfield.dscp 46 -> 0", "tcp.options.mss_val 1460 -> 1300", "option 30 removed". */
static void put_finding(struct sonde_text *t, const struct sonde_rewrite_finding *f)
{
	char name[64];

	sonde_text_str(t, sonde_rewrite_name(f, name, sizeof name));
	switch (f->is) {
	case SONDE_REWRITE_REMOVED: sonde_text_str(t, " removed"); break;
	case SONDE_REWRITE_ADDED: sonde_text_str(t, " added"); break;
	case SONDE_REWRITE_OPTIONS: sonde_text_str(t, " changed"); break;
	case SONDE_REWRITE_PAYLOAD: sonde_text_print(t, " changed from byte %u on", f->at); break;
	case SONDE_REWRITE_UNSEEN: sonde_text_str(t, " changed, says the checksum"); break;
	default:
		sonde_text_str(t, " ");
		put_value(t, f, f->sent, f->sent_bytes);
		sonde_text_str(t, " -> ");
		put_value(t, f, f->quoted, f->quoted_bytes);
	}
	if (f->grade != SONDE_REWRITE_CERTAIN)
		sonde_text_print(t, " (%s)", sonde_rewrite_grade_text(f->grade));
}

static void keep_change(struct sonde_trace *p, struct sonde_trace_hop *hop,
			const struct sonde_rewrite_finding *f)
{
	char buf[LINE + SONDE_TEXT_SLACK];
	struct sonde_text t;
	uint8_t i = 0;

	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	put_finding(&t, f);
	if (t.error) /* it is not what it was */
		return;
	while (i < hop->n_change &&
	       (strlen(hop->change[i].text) != t.len || memcmp(hop->change[i].text, t.at, t.len)))
		i++;
	if (i == SONDE_TRACE_CHANGES)
		return;
	if (i == hop->n_change) {
		hop->change[i].text = sonde_arena_string(&p->arena, t.at, t.len);
		hop->n_change++;
	}
	hop->change[i].n++;
}

/* A checksum that was made anew is another one in each probe; what it was made for is told. */
static bool is_made_anew(const struct sonde_rewrite *w, const struct sonde_rewrite_finding *f)
{
	bool sum = f->row == SONDE_ROW_udp_checksum || f->row == SONDE_ROW_tcp_checksum ||
		   f->row == SONDE_ROW_icmp_checksum || f->row == SONDE_ROW_icmpv6_checksum;

	return f->is == SONDE_REWRITE_FIELD && sum && w->sum >= SONDE_REWRITE_SUM_MADE;
}

static void see_changes(struct sonde_trace *p, const struct sonde_probe *probe,
			struct sonde_trace_hop *hop, struct sonde_bytes quote)
{
	const struct sonde_address *to = &p->survey.to[probe->target];
	uint32_t head = to->family == AF_INET6 ? 40 : 20;
	struct sonde_method_probe is = probe->is;
	uint8_t sent[HEADERS + LONGEST], nat;
	struct sonde_rewrite w;
	uint16_t sum;
	int len =
		sonde_method_make(&p->survey.look[head == 40], &is, &p->survey.from[probe->target],
				  to, sent + head, sizeof sent - head, &sum);

	if (len < 0 || !quote.len)
		return;
	put_header(p, probe, quote, (uint32_t)len, sent);
	sonde_rewrite_find(&w, (struct sonde_bytes){ sent, head + (uint32_t)len }, quote, true);
	for (unsigned i = 0; i < w.n; i++)
		if (w.finding[i].grade >= SONDE_REWRITE_INFERRED &&
		    !is_made_anew(&w, &w.finding[i]))
			keep_change(p, hop, &w.finding[i]);
	nat = (uint8_t)sonde_rewrite_nat(&w);
	hop->nat = nat > hop->nat ? nat : hop->nat;
}

static void see_extension(struct sonde_trace *p, struct sonde_trace_hop *hop,
			  const struct sonde_packet *packet)
{
	char buf[SONDE_TRACE_TEXT];
	struct sonde_extension e;
	struct sonde_text t;

	sonde_extension_read(&e, packet);
	if (e.is == SONDE_EXTENSION_NONE)
		return;
	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_extension_print(&t, &e);
	if (t.error)
		return;
	if (!hop->extension)
		hop->extension = sonde_arena_take(&p->arena, SONDE_TRACE_TEXT);
	memcpy(hop->extension, t.at, t.len);
	hop->extension[t.len] = 0;
}

void sonde_trace_see(struct sonde_trace *p, const struct sonde_heard *heard,
		     const struct sonde_arrival *a)
{
	struct sonde_trace_hop *hop = &p->host[heard->probe->target].hop[heard->probe->ttl - 1];
	struct sonde_packet packet;

	if (a->is != SONDE_ARRIVAL_PACKET || !sonde_method_decode(a, &packet))
		return;
	see_extension(p, hop, &packet);
	if (!p->survey.look[0].via) /* its header is not known then */
		see_changes(p, heard->probe, hop, quote_of(&packet));
}
