#include "packet/dns.h"

#include "packet/teller.h"

enum {
	NAME_BYTES = 255, /* with lengths and the root */
	LABEL_BYTES = 63,
	POINTER = 0xc0,
	QUERY_LEAST = 5,   /* bytes of a question for the root */
	RECORD_LEAST = 11, /* and of a record of it */
	MULTICAST_PORT = 5353,
};

bool sonde_dns_is_multicast(const struct sonde_udp *udp)
{
	return sonde_udp_sport(udp) == MULTICAST_PORT || sonde_udp_dport(udp) == MULTICAST_PORT;
}

static bool is_dns(const uint8_t *h, uint32_t len, uint32_t all)
{
	const struct sonde_dns *dns = (const void *)h;
	uint32_t records;

	if (len < SONDE_BYTES_dns || all < SONDE_BYTES_dns || sonde_dns_opcode(dns) > 6)
		return false;
	records = sonde_dns_answers(dns) + sonde_dns_authority(dns) + sonde_dns_additional(dns);
	if (!sonde_dns_queries(dns) && !records && !sonde_dns_response(dns))
		return false;
	return QUERY_LEAST * sonde_dns_queries(dns) + RECORD_LEAST * records <=
	       all - SONDE_BYTES_dns;
}

bool sonde_dns_is(const struct sonde_range *r)
{
	return is_dns(r->at, r->len, r->all);
}

/* The length alone is often a segment of its own. */
bool sonde_dns_tcp_is(const struct sonde_range *r)
{
	uint32_t length = r->len < 2 ? 0 : (uint32_t)sonde_load(r->at, 2);

	return length >= SONDE_BYTES_dns && (r->len == 2 || is_dns(r->at + 2, r->len - 2, length));
}

struct sonde_reach sonde_dns_tcp_reach(const struct sonde_range *r)
{
	return (struct sonde_reach){ .head = SONDE_BYTES_dns_tcp,
				     .all = SONDE_BYTES_dns_tcp + (uint32_t)sonde_load(r->at, 2),
				     .next = SONDE_dns };
}

static void put_label(struct sonde_dns_name *n, const uint8_t *at, unsigned len)
{
	if (n->len)
		n->text[n->len++] = '.';
	for (unsigned i = 0; i < len; i++) {
		if (at[i] == '.' || at[i] == '\\') /* RFC 1035 section 5.1 */
			n->text[n->len++] = '\\';
		n->text[n->len++] = at[i];
	}
}

enum sonde_stop sonde_dns_name(const struct sonde_bytes *message, uint32_t *at,
			       struct sonde_dns_name *ret)
{
	const uint8_t *m = message->at;
	uint32_t from = *at, part = from, bytes = 1, jumps = 0;

	ret->len = 0;
	for (;;) {
		uint32_t to;

		if (from >= message->len)
			return SONDE_STOP_MORE;
		if (!m[from])
			break;
		if ((m[from] & POINTER) == POINTER) {
			if (from + 2 > message->len)
				return SONDE_STOP_MORE;
			to = (uint32_t)sonde_load(m + from, 2) & 0x3fff;
			/* Backwards from where the part began: no loop, as each part begins before
			 * the one that led to it. A pointer to a pointer is never needed. */
			if (to >= part || to < SONDE_BYTES_dns || ++jumps > NAME_BYTES / 2)
				return SONDE_STOP_MALFORMED;
			if (jumps == 1)
				*at = from + 2;
			from = part = to;
			continue;
		}
		if (m[from] > LABEL_BYTES || (bytes += 1u + m[from]) > NAME_BYTES)
			return SONDE_STOP_MALFORMED;
		to = from + 1 + m[from];
		if (to > message->len)
			return SONDE_STOP_MORE;
		put_label(ret, m + from + 1, m[from]);
		from = to;
	}
	if (!jumps)
		*at = from + 1;
	if (!ret->len)
		ret->text[ret->len++] = '.';
	return SONDE_STOP_END;
}

/* Behind the name at byte at, or where the message ends. */
static uint32_t behind_name(const struct sonde_bytes *m, uint32_t at)
{
	while (at < m->len && m->at[at] && m->at[at] <= LABEL_BYTES)
		at += 1u + m->at[at];
	return at >= m->len ? (uint32_t)m->len : at + (m->at[at] ? 2 : 1);
}

uint32_t sonde_dns_upper_rcode(const struct sonde_bytes *message)
{
	const struct sonde_dns *dns = (const void *)message->at;
	uint32_t before = sonde_dns_answers(dns) + sonde_dns_authority(dns);
	uint32_t all = before + sonde_dns_additional(dns), at = SONDE_BYTES_dns;

	if (before == all)
		return 0;
	for (uint32_t n = sonde_dns_queries(dns); n--;)
		at = behind_name(message, at) + SONDE_BYTES_dns_query;
	for (uint32_t n = 0; n < all; n++) {
		const uint8_t *h;

		at = behind_name(message, at);
		if (at + SONDE_BYTES_dns_opt > message->len)
			break;
		h = message->at + at;
		if (n >= before && sonde_load(h, 2) == 41)
			return sonde_dns_opt_rcode((const void *)h);
		at += SONDE_BYTES_dns_rr + (uint32_t)sonde_load(h + 8, 2);
	}
	return 0;
}

/* What is told of a message: where it begins in the packet, and how far it was read. */
struct telling {
	struct sonde_teller *t;
	struct sonde_bytes message;
	uint32_t base, at;
	bool multicast;
};

/* SONDE_STOP_MORE, where bytes ran out, is what that means here. */
static enum sonde_stop out(const struct telling *m, enum sonde_stop stop)
{
	return stop == SONDE_STOP_MORE ? m->t->out : stop;
}

/* A name in the data of a record, which ends at byte end of the message. */
static enum sonde_stop tell_name(struct telling *m, enum sonde_row_id row, uint32_t end)
{
	struct sonde_dns_name name;
	uint32_t from = m->at;
	enum sonde_stop stop = sonde_dns_name(&m->message, &m->at, &name);

	if (m->at > end)
		stop = SONDE_STOP_MALFORMED;
	if (stop == SONDE_STOP_END)
		sonde_tell_octets(m->t, row, m->base + from, m->at - from, name.text, name.len);
	return stop;
}

/* Octets up to byte end of the message. */
static void tell_octets(struct telling *m, enum sonde_row_id row, uint32_t end)
{
	if (end > m->at)
		sonde_tell_octets(m->t, row, m->base + m->at, end - m->at, m->message.at + m->at,
				  end - m->at);
	m->at = end;
}

static void tell_rows(struct telling *m, enum sonde_shape shape, uint32_t end)
{
	sonde_tell_rows(m->t, shape, m->base + m->at, m->base + end);
	m->at += sonde_shapes[shape].bytes;
}

/* Options of EDNS and parameters of SVCB: a number, a length, so many bytes, up to end. */
static enum sonde_stop tell_pairs(struct telling *m, enum sonde_shape shape, const char *list,
				  enum sonde_row_id row, uint32_t end)
{
	while (m->at < end) {
		const uint8_t *h = m->message.at + m->at;
		uint32_t len = end - m->at < 4 ? UINT32_MAX : 4 + (uint32_t)sonde_load(h + 2, 2);
		uint32_t number;

		if (len > end - m->at)
			return SONDE_STOP_MALFORMED;
		number = (uint32_t)sonde_load(h, 2);
		sonde_tell_open(m->t, (struct sonde_field){ .list = list,
							    .name = sonde_words(row, number),
							    .shape = (uint8_t)shape,
							    .number = number,
							    .at = m->base + m->at,
							    .len = len,
							    .octets = h + 4,
							    .octets_len = len - 4 });
		tell_rows(m, shape, m->at + len);
		m->at += len - 4;
		sonde_tell_close(m->t);
	}
	return SONDE_STOP_END;
}

static enum sonde_stop tell_strings(struct telling *m, uint32_t end)
{
	for (uint64_t n = 0; m->at < end; n++) {
		uint32_t len = 1u + m->message.at[m->at];

		if (len > end - m->at)
			return SONDE_STOP_MALFORMED;
		sonde_tell_open(m->t, (struct sonde_field){ .list = "strings",
							    .shape = SONDE_dns_string,
							    .number = n,
							    .at = m->base + m->at,
							    .len = len });
		tell_rows(m, SONDE_dns_string, m->at + len);
		m->at += len - 1;
		sonde_tell_close(m->t);
	}
	return SONDE_STOP_END;
}

/* RFC 8659 section 4.1. */
static enum sonde_stop tell_caa(struct telling *m, uint32_t end)
{
	const uint8_t *h = m->message.at + m->at;

	if (end - m->at < 2 || h[1] > end - m->at - 2)
		return SONDE_STOP_MALFORMED;
	sonde_tell_number(m->t, SONDE_ROW_dns_rr_caa_flags, m->base + m->at, 1, h[0]);
	m->at += 2;
	tell_octets(m, SONDE_ROW_dns_rr_caa_tag, m->at + h[1]);
	tell_octets(m, SONDE_ROW_dns_rr_caa_value, end);
	return SONDE_STOP_END;
}

static enum sonde_stop tell_soa(struct telling *m, uint32_t end)
{
	enum sonde_stop stop = tell_name(m, SONDE_ROW_dns_soa_mname, end);

	if (stop || (stop = tell_name(m, SONDE_ROW_dns_soa_rname, end)))
		return stop;
	if (m->at + SONDE_BYTES_dns_soa > end)
		return SONDE_STOP_MALFORMED;
	tell_rows(m, SONDE_dns_soa, end);
	return SONDE_STOP_END;
}

/* The data of a record up to byte end of the message, which are all there. */
static enum sonde_stop tell_data(struct telling *m, uint32_t type, uint32_t end)
{
	const uint8_t *h = m->message.at + m->at;
	uint32_t len = end - m->at;

	if (!len) /* of an update: all of that type, RFC 2136 section 2.5.2 */
		return SONDE_STOP_END;
	switch (type) {
	case 1:
		if (len != 4)
			return SONDE_STOP_MALFORMED;
		sonde_tell_number(m->t, SONDE_ROW_dns_rr_a, m->base + m->at, 4, sonde_load(h, 4));
		return SONDE_STOP_END;
	case 28:
		if (len != 16)
			return SONDE_STOP_MALFORMED;
		tell_octets(m, SONDE_ROW_dns_rr_aaaa, end);
		return SONDE_STOP_END;
	case 2: return tell_name(m, SONDE_ROW_dns_rr_ns, end);
	case 5: return tell_name(m, SONDE_ROW_dns_rr_cname, end);
	case 12: return tell_name(m, SONDE_ROW_dns_rr_ptr, end);
	case 39: return tell_name(m, SONDE_ROW_dns_rr_dname, end);
	case 6: return tell_soa(m, end);
	case 15:
		if (len < 2)
			return SONDE_STOP_MALFORMED;
		sonde_tell_number(m->t, SONDE_ROW_dns_rr_mx_pref, m->base + m->at, 2,
				  sonde_load(h, 2));
		m->at += 2;
		return tell_name(m, SONDE_ROW_dns_rr_mx, end);
	case 16:
	case 99: return tell_strings(m, end);
	case 33:
		if (len < SONDE_BYTES_dns_srv)
			return SONDE_STOP_MALFORMED;
		tell_rows(m, SONDE_dns_srv, end);
		return tell_name(m, SONDE_ROW_dns_srv_target, end);
	case 41: return tell_pairs(m, SONDE_dns_option, "options", SONDE_ROW_dns_option_code, end);
	case 64:
	case 65:
		if (len < SONDE_BYTES_dns_svcb)
			return SONDE_STOP_MALFORMED;
		tell_rows(m, SONDE_dns_svcb, end);
		if (tell_name(m, SONDE_ROW_dns_svcb_target, end))
			return SONDE_STOP_MALFORMED;
		return tell_pairs(m, SONDE_dns_svcparam, "params", SONDE_ROW_dns_svcparam_key, end);
	case 257: return tell_caa(m, end);
	}
	tell_octets(m, SONDE_ROW_dns_rr_data, end);
	return SONDE_STOP_END;
}

/* A question or record of this shape, whose name is followed by its fixed fields. */
static enum sonde_stop begin(struct telling *m, const char *list, enum sonde_row_id name_row,
			     enum sonde_shape shape, const struct sonde_dns_name *name,
			     uint32_t name_end, uint32_t data)
{
	uint32_t type = (uint32_t)sonde_load(m->message.at + name_end, 2), from = m->at;
	uint64_t end = (uint64_t)name_end + sonde_shapes[shape].bytes + data;
	bool cut = end > m->message.len;

	sonde_tell_open(m->t,
			(struct sonde_field){
				.list = list,
				.name = sonde_words(SONDE_ROW_dns_rr_type, type),
				.shape = (uint8_t)shape,
				.bad = cut && m->t->out == SONDE_STOP_MALFORMED,
				.number = type,
				.at = m->base + from,
				.len = (cut ? (uint32_t)m->message.len : (uint32_t)end) - from });
	sonde_tell_octets(m->t, name_row, m->base + from, name_end - from, name->text, name->len);
	m->at = name_end;
	tell_rows(m, shape, m->at);
	return cut ? SONDE_STOP_MORE : SONDE_STOP_END;
}

static enum sonde_stop tell_query(struct telling *m)
{
	enum sonde_shape shape = m->multicast ? SONDE_dns_mquery : SONDE_dns_query;
	struct sonde_dns_name name;
	uint32_t end = m->at;
	enum sonde_stop stop = sonde_dns_name(&m->message, &end, &name);

	if (stop)
		return stop;
	if (end + SONDE_BYTES_dns_query > m->message.len)
		return SONDE_STOP_MORE;
	begin(m, "queries", m->multicast ? SONDE_ROW_dns_mquery_name : SONDE_ROW_dns_query_name,
	      shape, &name, end, 0);
	sonde_tell_close(m->t);
	return SONDE_STOP_END;
}

static enum sonde_stop tell_record(struct telling *m, const char *list)
{
	enum sonde_row_id row = m->multicast ? SONDE_ROW_dns_mrr_name : SONDE_ROW_dns_rr_name;
	enum sonde_shape shape = m->multicast ? SONDE_dns_mrr : SONDE_dns_rr;
	struct sonde_dns_name name;
	uint32_t end = m->at, type, len;
	enum sonde_stop stop = sonde_dns_name(&m->message, &end, &name);

	if (stop)
		return stop;
	if (end + SONDE_BYTES_dns_rr > m->message.len)
		return SONDE_STOP_MORE;
	type = (uint32_t)sonde_load(m->message.at + end, 2);
	len = (uint32_t)sonde_load(m->message.at + end + 8, 2);
	if (type == 41) {
		row = SONDE_ROW_dns_opt_name;
		shape = SONDE_dns_opt;
	}
	stop = begin(m, list, row, shape, &name, end, len);
	end = m->at + len;
	if (stop == SONDE_STOP_END && tell_data(m, type, end))
		stop = SONDE_STOP_MALFORMED; /* all its bytes are there */
	sonde_tell_close(m->t);
	m->at = end;
	return stop;
}

enum sonde_stop sonde_dns_tell(struct sonde_teller *t, uint32_t at, uint32_t end)
{
	const struct sonde_dns *dns = (const void *)(t->p->byte + at);
	struct telling m = { t, { t->p->byte + at, end - at }, at, SONDE_BYTES_dns, false };
	const struct sonde_udp *udp = sonde_find(t->p, udp);
	const struct {
		const char *list;
		uint32_t n;
	} section[] = { { "answers", sonde_dns_answers(dns) },
			{ "authorities", sonde_dns_authority(dns) },
			{ "additionals", sonde_dns_additional(dns) } };
	enum sonde_stop stop = SONDE_STOP_END;

	m.multicast = udp && sonde_dns_is_multicast(udp);
	for (uint32_t n = sonde_dns_queries(dns); n-- && !stop;)
		stop = tell_query(&m);
	for (unsigned s = 0; s < 3; s++)
		for (uint32_t n = section[s].n; n-- && !stop;)
			stop = tell_record(&m, section[s].list);
	return out(&m, stop);
}
