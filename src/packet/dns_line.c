#include "packet/dns.h"

#include "packet/line_app.h"

/* As far as a message was read. */
struct reading {
	struct sonde_line *l;
	struct sonde_bytes message;
	uint32_t at;
	bool multicast;
};

static void put_name(struct sonde_line *l, const struct sonde_dns_name *name)
{
	sonde_line_text(l, name->text, name->len);
	if (name->text[0] != '.')
		sonde_line_put(l, ".");
}

/* The name at byte at, which need not be the one that is read next. */
static enum sonde_stop name_at(struct reading *r, const char *before, uint32_t at)
{
	struct sonde_dns_name name;
	enum sonde_stop stop = sonde_dns_name(&r->message, &at, &name);

	if (stop)
		return stop;
	sonde_line_put(r->l, before);
	put_name(r->l, &name);
	return SONDE_STOP_END;
}

static void put_type(struct sonde_line *l, const char *before, uint32_t type)
{
	const char *words = sonde_words(SONDE_ROW_dns_rr_type, type);

	sonde_line_put(l, before);
	if (words)
		sonde_line_put(l, words);
	else
		sonde_line_put_number(l, "Type", type);
}

static void put_class(struct sonde_line *l, uint32_t class)
{
	if (class == 255)
		sonde_line_put(l, " ANY");
	else if (class == 3)
		sonde_line_put(l, " CHAOS");
	else if (class != 1) {
		sonde_line_put_number(l, " (Class ", class);
		sonde_line_put(l, ")");
	}
}

/* " A? example.com." */
static enum sonde_stop put_query(struct reading *r)
{
	struct sonde_dns_name name;
	enum sonde_stop stop = sonde_dns_name(&r->message, &r->at, &name);
	uint32_t class;

	if (stop)
		return stop;
	if (r->at + SONDE_BYTES_dns_query > r->message.len)
		return SONDE_STOP_MORE;
	class = (uint32_t)sonde_load(r->message.at + r->at + 2, 2);
	put_type(r->l, " ", (uint32_t)sonde_load(r->message.at + r->at, 2));
	put_class(r->l, r->multicast ? class & 0x7fff : class);
	if (r->multicast)
		sonde_line_put(r->l, class & 0x8000 ? " (QU)" : " (QM)");
	sonde_line_put(r->l, "? ");
	put_name(r->l, &name);
	r->at += SONDE_BYTES_dns_query;
	return SONDE_STOP_END;
}

static enum sonde_stop put_strings(struct reading *r, uint32_t at, uint32_t end)
{
	while (at < end && r->l->o < r->l->stop) {
		uint32_t len = r->message.at[at++];

		if (len > end - at)
			return SONDE_STOP_MALFORMED;
		sonde_line_put(r->l, " \"");
		sonde_line_text(r->l, r->message.at + at, len);
		sonde_line_put(r->l, "\"");
		at += len;
	}
	return SONDE_STOP_END;
}

static enum sonde_stop put_data(struct reading *r, uint32_t type, uint32_t class, uint32_t len)
{
	const uint8_t *h = r->message.at + r->at;
	struct sonde_line *l = r->l;
	enum sonde_stop stop;

	switch (type) {
	case 1:
	case 28:
		if (len != (type == 1 ? 4 : 16))
			return len ? SONDE_STOP_MALFORMED : SONDE_STOP_END;
		sonde_line_put(l, " ");
		l->o = type == 1 ? sonde_put_ip4(l->o, h) : sonde_put_ip6(l->o, h);
		return SONDE_STOP_END;
	case 2:
	case 5:
	case 12:
	case 39: return len ? name_at(r, " ", r->at) : SONDE_STOP_END;
	case 15:
		if (len < 2)
			return len ? SONDE_STOP_MALFORMED : SONDE_STOP_END;
		if ((stop = name_at(r, " ", r->at + 2)))
			return stop;
		sonde_line_put_number(l, " ", sonde_load(h, 2));
		return SONDE_STOP_END;
	case 16:
	case 99: return put_strings(r, r->at, r->at + len);
	case 33:
		if (len < SONDE_BYTES_dns_srv)
			return len ? SONDE_STOP_MALFORMED : SONDE_STOP_END;
		if ((stop = name_at(r, " ", r->at + SONDE_BYTES_dns_srv)))
			return stop;
		sonde_line_put_number(l, ":", sonde_dns_srv_port((const void *)h));
		sonde_line_put_number(l, " ", sonde_dns_srv_priority((const void *)h));
		sonde_line_put_number(l, " ", sonde_dns_srv_weight((const void *)h));
		return SONDE_STOP_END;
	case 41:
		sonde_line_put_number(l, " UDPsize=", class);
		if (h[-4] & 0x80)
			sonde_line_put(l, " DO");
		return SONDE_STOP_END;
	case 256: /* RFC 7553 section 4 */
		if (len < 4)
			return len ? SONDE_STOP_MALFORMED : SONDE_STOP_END;
		sonde_line_put_number(l, " ", sonde_load(h, 2));
		sonde_line_put_number(l, " ", sonde_load(h + 2, 2));
		sonde_line_put(l, " ");
		sonde_line_text(l, h + 4, len - 4);
		return SONDE_STOP_END;
	}
	return SONDE_STOP_END;
}

/* " A 10.0.0.1" */
static enum sonde_stop put_record(struct reading *r, const char *before)
{
	struct sonde_dns_name name;
	enum sonde_stop stop = sonde_dns_name(&r->message, &r->at, &name);
	const uint8_t *h = r->message.at + r->at;
	uint32_t type, class, len;

	if (stop)
		return stop;
	if (r->at + SONDE_BYTES_dns_rr > r->message.len)
		return SONDE_STOP_MORE;
	type = (uint32_t)sonde_load(h, 2);
	class = (uint32_t)sonde_load(h + 2, 2);
	len = (uint32_t)sonde_load(h + 8, 2);
	sonde_line_put(r->l, before);
	if (type != 41) {
		put_class(r->l, r->multicast ? class & 0x7fff : class);
		if (r->multicast && class & 0x8000)
			sonde_line_put(r->l, " (Cache flush)");
	}
	put_type(r->l, " ", type);
	r->at += SONDE_BYTES_dns_rr;
	if (r->at + len > r->message.len)
		return SONDE_STOP_MORE;
	stop = put_data(r, type, class, len);
	r->at += len;
	return stop ? SONDE_STOP_MALFORMED : SONDE_STOP_END;
}

static enum sonde_stop put_answers(struct reading *r, const struct sonde_dns *dns)
{
	uint32_t n = sonde_dns_answers(dns);
	struct sonde_dns_name name;

	for (uint32_t i = sonde_dns_queries(dns); i--; r->at += SONDE_BYTES_dns_query) {
		enum sonde_stop stop = sonde_dns_name(&r->message, &r->at, &name);

		if (stop)
			return stop;
	}
	for (uint32_t i = 0; i < n; i++) {
		enum sonde_stop stop;

		if (r->l->o >= r->l->stop) {
			sonde_line_put(r->l, ", ...");
			break;
		}
		if ((stop = put_record(r, i ? "," : "")))
			return stop;
	}
	return SONDE_STOP_END;
}

static void put_opcode(struct sonde_line *l, const struct sonde_dns *dns)
{
	const char *words = sonde_words(SONDE_ROW_dns_opcode, sonde_dns_opcode(dns));

	if (words) {
		sonde_line_put(l, " ");
		sonde_line_put(l, words);
	} else if (sonde_dns_opcode(dns)) {
		sonde_line_put_number(l, " op", sonde_dns_opcode(dns));
	}
}

static void put_count(struct sonde_line *l, uint32_t n, const char *unit)
{
	sonde_line_put_number(l, " [", n);
	sonde_line_put(l, unit);
}

static enum sonde_stop put_response(struct reading *r, const struct sonde_dns *dns)
{
	uint32_t code = sonde_dns_rcode(dns) | sonde_dns_upper_rcode(&r->message) << 4;
	const char *rcode = sonde_words(SONDE_ROW_dns_rcode, code);
	struct sonde_line *l = r->l;

	if (rcode) {
		sonde_line_put(l, " ");
		sonde_line_put(l, rcode);
	} else if (code) {
		sonde_line_put_number(l, " Resp", code);
	}
	sonde_line_put(l, sonde_dns_aa(dns) ? "*" : "");
	sonde_line_put(l, sonde_dns_ra(dns) ? "" : "-");
	sonde_line_put(l, sonde_dns_tc(dns) ? "|" : "");
	sonde_line_put(l, sonde_dns_ad(dns) ? "$" : "");
	if (sonde_dns_queries(dns) != 1)
		put_count(l, sonde_dns_queries(dns), "q]");
	sonde_line_put_number(l, " ", sonde_dns_answers(dns));
	sonde_line_put_number(l, "/", sonde_dns_authority(dns));
	sonde_line_put_number(l, "/", sonde_dns_additional(dns));
	return put_answers(r, dns);
}

static enum sonde_stop put_request(struct reading *r, const struct sonde_dns *dns)
{
	struct sonde_line *l = r->l;
	enum sonde_stop stop = SONDE_STOP_END;

	sonde_line_put(l, sonde_dns_rd(dns) ? "+" : "");
	sonde_line_put(l, sonde_dns_cd(dns) ? "%" : "");
	if (sonde_dns_flags(dns) & 0x6cf) { /* what only an answer should say */
		l->o = sonde_put_hex(sonde_put_str(l->o, " [b2&3=0x"), sonde_dns_flags(dns));
		sonde_line_put(l, "]");
	}
	if (sonde_dns_answers(dns))
		put_count(l, sonde_dns_answers(dns), "a]");
	if (sonde_dns_queries(dns) != 1)
		put_count(l, sonde_dns_queries(dns), "q]");
	if (sonde_dns_authority(dns))
		put_count(l, sonde_dns_authority(dns), "n]");
	if (sonde_dns_additional(dns))
		put_count(l, sonde_dns_additional(dns), "au]");
	for (uint32_t n = sonde_dns_queries(dns); n-- && !stop && l->o < l->stop;)
		stop = put_query(r);
	return stop;
}

void sonde_line_dns(struct sonde_line *l, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_dns *dns = sonde_header(p, d, dns);
	struct reading r = { l,
			     { p->byte + p->layer[d].at, p->layer[d].head },
			     SONDE_BYTES_dns,
			     d && p->layer[d - 1].shape == SONDE_udp &&
				     sonde_dns_is_multicast(sonde_header(p, d - 1, udp)) };
	enum sonde_stop stop;

	l->o = sonde_put_dec(l->o, sonde_dns_id(dns));
	put_opcode(l, dns);
	stop = sonde_dns_response(dns) ? put_response(&r, dns) : put_request(&r, dns);
	if (stop == SONDE_STOP_MALFORMED || (stop && p->stop == SONDE_STOP_END))
		sonde_line_put(l, " [malformed]");
	sonde_line_put_number(l, " (", p->layer[d].end - p->layer[d].at);
	sonde_line_put(l, ")");
}
