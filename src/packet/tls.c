#include "packet/tls.h"

#include "packet/teller.h"

enum {
	RECORD_MOST = (1 << 14) + 2048, /* RFC 5246 section 6.2.3 */
	HANDSHAKE_MOST = 1 << 17,
	RANDOM_BYTES = 32,
};

/* Whether a record begins with these bytes, of which there are SONDE_BYTES_tls_record. */
static bool is_record(const uint8_t *h)
{
	const struct sonde_tls_record *r = (const void *)h;
	uint8_t type = sonde_tls_record_type(r);
	uint16_t version = sonde_tls_record_version(r), length = sonde_tls_record_length(r);

	return type >= SONDE_TLS_CHANGE_CIPHER && type <= SONDE_TLS_HEARTBEAT &&
	       version >= 0x0300 && version <= 0x0304 && length && length <= RECORD_MOST;
}

bool sonde_tls_is(const struct sonde_range *r)
{
	return r->len >= SONDE_BYTES_tls_record && is_record(r->at);
}

/* All records that begin here. What is encrypted needs not be whole. */
struct sonde_reach sonde_tls_reach(const struct sonde_range *r)
{
	enum sonde_stop out = r->len < r->all ? SONDE_STOP_TRUNCATED
			      : r->goes_on    ? SONDE_STOP_MORE
					      : SONDE_STOP_MALFORMED;
	struct sonde_reach to = { .stop = SONDE_STOP_END };
	uint32_t most = r->len < UINT16_MAX ? r->len : UINT16_MAX, at = 0;

	while (most - at >= SONDE_BYTES_tls_record && is_record(r->at + at)) {
		uint32_t all = SONDE_BYTES_tls_record + (uint32_t)sonde_load(r->at + at + 3, 2);

		if (all > most - at) {
			to.stop = r->at[at] == SONDE_TLS_HANDSHAKE && most == r->len
					  ? out
					  : SONDE_STOP_END;
			to.whole = at;
			at = most;
			break;
		}
		at += all;
	}
	to.head = at;
	return to;
}

bool sonde_tls_is_grease(uint32_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

/* Where in the packet a reader is, and what it means when the bytes run out there. */
struct place {
	uint32_t at, end;
	enum sonde_stop out;
};

static uint32_t left(const struct place *w)
{
	return w->end - w->at;
}

static uint32_t load(const struct sonde_teller *t, const struct place *w, unsigned width)
{
	return (uint32_t)sonde_load(t->p->byte + w->at, width);
}

static void tell_number(struct sonde_teller *t, struct place *w, enum sonde_row_id row,
			unsigned width)
{
	sonde_tell_number(t, row, w->at, width, load(t, w, width));
	w->at += width;
}

static void tell_octets(struct sonde_teller *t, struct place *w, enum sonde_row_id row,
			uint32_t len)
{
	if (len)
		sonde_tell_octets(t, row, w->at, len, t->p->byte + w->at, len);
	w->at += len;
}

/* Numbers of two bytes, up to end; row is what their shape has, and names them. */
static void tell_pairs(struct sonde_teller *t, struct place w, enum sonde_shape shape,
		       enum sonde_row_id row, const char *list)
{
	for (; left(&w) >= 2; w.at += 2) {
		uint32_t v = load(t, &w, 2);

		sonde_tell_open(t, (struct sonde_field){ .list = list,
							 .shape = (uint8_t)shape,
							 .number = v,
							 .name = sonde_tls_is_grease(v)
									 ? "GREASE"
									 : sonde_words(row, v),
							 .at = w.at,
							 .len = 2 });
		sonde_tell_rows(t, shape, w.at, w.at + 2);
		sonde_tell_close(t);
	}
}

/* RFC 6066 section 3: a list with one name, its type and length before it. */
static bool tell_server_name(struct sonde_teller *t, struct place w)
{
	uint32_t len;

	if (left(&w) < 5 || load(t, &w, 2) != left(&w) - 2 || t->p->byte[w.at + 2])
		return false;
	w.at += 3;
	len = load(t, &w, 2);
	w.at += 2;
	if (!len || len > left(&w))
		return false;
	tell_octets(t, &w, SONDE_ROW_tls_extension_sni, len);
	return true;
}

static bool tell_protocols(struct sonde_teller *t, struct place w)
{
	if (left(&w) < 2 || load(t, &w, 2) != left(&w) - 2)
		return false;
	w.at += 2;
	for (uint64_t n = 0; left(&w); n++) {
		uint32_t len = 1 + load(t, &w, 1);

		if (len > left(&w))
			return n > 0;
		sonde_tell_open(t, (struct sonde_field){ .list = "protocols",
							 .shape = SONDE_tls_protocol,
							 .number = n,
							 .at = w.at,
							 .len = len });
		sonde_tell_rows(t, SONDE_tls_protocol, w.at, w.at + len);
		sonde_tell_close(t);
		w.at += len;
	}
	return true;
}

static bool tell_versions(struct sonde_teller *t, struct place w, bool server)
{
	if (server) {
		if (left(&w) != 2)
			return false;
		tell_number(t, &w, SONDE_ROW_tls_extension_version, 2);
		return true;
	}
	if (!left(&w) || load(t, &w, 1) != left(&w) - 1)
		return false;
	w.at++;
	tell_pairs(t, w, SONDE_tls_version, SONDE_ROW_tls_version_version, "versions");
	return true;
}

static bool tell_groups(struct sonde_teller *t, struct place w)
{
	if (left(&w) < 2 || load(t, &w, 2) != left(&w) - 2)
		return false;
	w.at += 2;
	tell_pairs(t, w, SONDE_tls_group, SONDE_ROW_tls_group_group, "groups");
	return true;
}

static void tell_extension(struct sonde_teller *t, struct place w, uint32_t type, bool server)
{
	bool told = false;

	switch (type) {
	case 0: told = tell_server_name(t, w); break;
	case 10: told = tell_groups(t, w); break;
	case 16: told = tell_protocols(t, w); break;
	case 43: told = tell_versions(t, w, server); break;
	}
	if (!told)
		tell_octets(t, &w, SONDE_ROW_tls_extension_data, left(&w));
}

static enum sonde_stop tell_extensions(struct sonde_teller *t, struct place w, bool server)
{
	while (left(&w)) {
		uint32_t type, len;

		if (left(&w) < SONDE_BYTES_tls_extension)
			return w.out;
		type = load(t, &w, 2);
		len = (uint32_t)sonde_load(t->p->byte + w.at + 2, 2);
		if (len > left(&w) - SONDE_BYTES_tls_extension)
			return w.out;
		sonde_tell_open(
			t,
			(struct sonde_field){
				.list = "extensions",
				.shape = SONDE_tls_extension,
				.number = type,
				.name = sonde_tls_is_grease(type)
						? "GREASE"
						: sonde_words(SONDE_ROW_tls_extension_type, type),
				.at = w.at,
				.len = SONDE_BYTES_tls_extension + len,
				.octets = t->p->byte + w.at + 4,
				.octets_len = len });
		sonde_tell_rows(t, SONDE_tls_extension, w.at, w.at + 4 + len);
		w.at += SONDE_BYTES_tls_extension;
		tell_extension(t, (struct place){ w.at, w.at + len, w.out }, type, server);
		sonde_tell_close(t);
		w.at += len;
	}
	return SONDE_STOP_END;
}

/* Ciphers and compression: the client offers some, the server says which. */
static enum sonde_stop tell_suites(struct sonde_teller *t, struct place *w, bool server)
{
	uint32_t len = server ? 1 : 0;

	if (left(w) < 2)
		return w->out;
	if (server) {
		tell_number(t, w, SONDE_ROW_tls_handshake_suite, 2);
	} else {
		len = load(t, w, 2);
		tell_number(t, w, SONDE_ROW_tls_handshake_suites, 2);
		if (len > left(w))
			return w->out;
		tell_pairs(t, (struct place){ w->at, w->at + len, w->out }, SONDE_tls_suite,
			   SONDE_ROW_tls_suite_suite, "ciphersuites");
		w->at += len;
		if (!left(w))
			return w->out;
		len = 1 + load(t, w, 1);
	}
	if (len > left(w))
		return w->out;
	w->at += len;
	return SONDE_STOP_END;
}

/* RFC 8446 section 4.1.2 and 4.1.3; older ones may end before the extensions. */
static enum sonde_stop tell_hello(struct sonde_teller *t, struct place w, bool server)
{
	enum sonde_stop stop;
	uint32_t len;

	if (left(&w) < 2 + RANDOM_BYTES + 1)
		return w.out;
	tell_number(t, &w, SONDE_ROW_tls_handshake_version, 2);
	tell_octets(t, &w, SONDE_ROW_tls_handshake_random, RANDOM_BYTES);
	len = load(t, &w, 1);
	tell_number(t, &w, SONDE_ROW_tls_handshake_sid_len, 1);
	if (len > left(&w))
		return w.out;
	tell_octets(t, &w, SONDE_ROW_tls_handshake_sid, len);
	if ((stop = tell_suites(t, &w, server)))
		return stop;
	if (!left(&w) && w.out == SONDE_STOP_MALFORMED)
		return SONDE_STOP_END;
	if (left(&w) < 2)
		return w.out;
	len = load(t, &w, 2);
	tell_number(t, &w, SONDE_ROW_tls_handshake_extensions, 2);
	if (len < left(&w))
		w.end = w.at + len;
	else if (len > left(&w) && w.out == SONDE_STOP_MALFORMED)
		return SONDE_STOP_MALFORMED;
	stop = tell_extensions(t, w, server);
	return stop || len <= left(&w) ? stop : w.out;
}

/* Encrypted ones look like anything: only what fits is believed, or what is too long for most
 * records. */
static bool is_handshake(const uint8_t *h, uint32_t there)
{
	const struct sonde_tls_handshake *m = (const void *)h;
	uint8_t type = sonde_tls_handshake_type(m);
	uint32_t all = SONDE_BYTES_tls_handshake + sonde_tls_handshake_length(m);

	if (!sonde_words(SONDE_ROW_tls_handshake_type, type) || all > HANDSHAKE_MOST)
		return false;
	return all <= there || type == SONDE_TLS_CLIENT_HELLO || type == SONDE_TLS_SERVER_HELLO ||
	       type == SONDE_TLS_CERTIFICATE;
}

/* The messages in a record, whose data are those bytes; out: what it means if it is not whole. */
static enum sonde_stop tell_handshakes(struct sonde_teller *t, struct place w)
{
	while (left(&w) >= SONDE_BYTES_tls_handshake) {
		const uint8_t *h = t->p->byte + w.at;
		uint32_t all =
			SONDE_BYTES_tls_handshake + sonde_tls_handshake_length((const void *)h);
		bool whole = all <= left(&w);
		uint32_t here = whole ? all : left(&w);
		struct place in = { w.at + SONDE_BYTES_tls_handshake, w.at + here,
				    whole ? SONDE_STOP_MALFORMED : w.out };
		enum sonde_stop stop = whole ? SONDE_STOP_END : w.out;

		if (!is_handshake(h, left(&w)))
			return SONDE_STOP_END;
		sonde_tell_open(t, (struct sonde_field){
					   .list = "handshakes",
					   .shape = SONDE_tls_handshake,
					   .number = *h,
					   .name = sonde_words(SONDE_ROW_tls_handshake_type, *h),
					   .at = w.at,
					   .len = here,
					   .octets = h + SONDE_BYTES_tls_handshake,
					   .octets_len = here - SONDE_BYTES_tls_handshake });
		sonde_tell_rows(t, SONDE_tls_handshake, w.at, w.at + here);
		if (*h == SONDE_TLS_CLIENT_HELLO || *h == SONDE_TLS_SERVER_HELLO)
			stop = tell_hello(t, in, *h == SONDE_TLS_SERVER_HELLO);
		sonde_tell_close(t);
		if (stop)
			return stop;
		w.at += here;
	}
	return SONDE_STOP_END;
}

enum sonde_stop sonde_tls_tell(struct sonde_teller *t, uint32_t at, uint32_t end)
{
	bool sealed = false; /* behind a change of ciphers all is encrypted */

	while (end - at >= SONDE_BYTES_tls_record) {
		const uint8_t *h = t->p->byte + at;
		uint32_t all = SONDE_BYTES_tls_record + (uint32_t)sonde_load(h + 3, 2);
		bool whole = all <= end - at;
		uint32_t here = whole ? all : end - at;
		struct place in = { at + SONDE_BYTES_tls_record, at + here,
				    whole ? SONDE_STOP_MORE : t->out };
		enum sonde_stop stop = SONDE_STOP_END;

		sonde_tell_open(
			t, (struct sonde_field){ .list = "records",
						 .shape = SONDE_tls_record,
						 .number = *h,
						 .name = sonde_words(SONDE_ROW_tls_record_type, *h),
						 .at = at,
						 .len = here,
						 .octets = h + SONDE_BYTES_tls_record,
						 .octets_len = here - SONDE_BYTES_tls_record });
		sonde_tell_rows(t, SONDE_tls_record, at, at + here);
		if (*h == SONDE_TLS_CHANGE_CIPHER)
			sealed = true;
		else if (*h == SONDE_TLS_ALERT && all == here && left(&in) == SONDE_BYTES_tls_alert)
			sonde_tell_rows(t, SONDE_tls_alert, in.at, in.end);
		else if (*h == SONDE_TLS_HANDSHAKE && !sealed)
			stop = tell_handshakes(t, in);
		if (!stop && !whole && *h == SONDE_TLS_HANDSHAKE)
			stop = t->out;
		sonde_tell_close(t);
		if (stop)
			return stop;
		at += here;
	}
	return at == end ? SONDE_STOP_END : t->out;
}
