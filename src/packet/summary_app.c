#include "packet/http.h"
#include "packet/line_app.h"
#include "packet/quic.h"
#include "packet/ssh.h"

void sonde_line_text(struct sonde_line *l, const void *at, size_t len)
{
	const uint8_t *s = at, *end = s + len;

	while (s < end) {
		uint64_t eight = sonde_text_eight(at, s, end);
		unsigned n = sonde_text_plain(eight);
		uint32_t c = 0;

		if (l->o >= l->stop) {
			sonde_line_put(l, "...");
			return;
		}
		if (n) {
			n = n < l->stop - l->o ? n : (unsigned)(l->stop - l->o);
			sonde_put_eight(l->o, eight);
			l->o += n;
		} else if ((n = sonde_text_char(s, (size_t)(end - s), &c)) && c != '\\' &&
			   sonde_text_harmless(c)) {
			memcpy(l->o, s, n);
			l->o += n;
		} else {
			n = n ? n : 1;
			for (unsigned i = 0; i < n; i++) {
				l->o = SONDE_PUT_LIT(l->o, "\\x");
				memcpy(l->o, &sonde_text_tables.hex2[2 * s[i]], 2);
				l->o += 2;
			}
		}
		s += n;
	}
}

static void http_line(struct sonde_line *l, const struct sonde_packet *p, unsigned d)
{
	const uint8_t *s = p->byte + p->layer[d].at;

	sonde_line_put(l, ": HTTP: ");
	sonde_line_text(l, s, sonde_http_line_len(s, p->layer[d].head));
}

static void ssh_line(struct sonde_line *l, const struct sonde_packet *p, unsigned d)
{
	const uint8_t *s = p->byte + p->layer[d].at;

	sonde_line_put(l, ": SSH: ");
	sonde_line_text(l, s, sonde_ssh_line(s, p->layer[d].head));
}

static void put_hex(struct sonde_line *l, const char *words, struct sonde_bytes b)
{
	if (!b.len)
		return;
	sonde_line_put(l, words);
	for (size_t i = 0; i < b.len; i++, l->o += 2)
		memcpy(l->o, &sonde_text_tables.hex2[2 * b.at[i]], 2);
}

static void quic_line(struct sonde_line *l, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_quic *h = sonde_header(p, d, quic);
	struct sonde_quic_long q;

	sonde_quic_read(h->byte, p->layer[d].head, &q);
	sonde_line_put(l, "quic, ");
	sonde_line_put(l, sonde_quic_version(h) ? sonde_words(SONDE_ROW_quic_type, q.type)
						: "version negotiation");
	if (sonde_quic_version(h) > 1)
		l->o = sonde_put_hex(sonde_put_str(l->o, ", v"), sonde_quic_version(h));
	put_hex(l, ", dcid ", q.dcid);
	put_hex(l, ", scid ", q.scid);
	if (q.length_len)
		sonde_line_put_number(l, ", length ", q.length);
}

char *sonde_line_app(char *o, const struct sonde_packet *p, unsigned d)
{
	struct sonde_line l = { o, o + SONDE_LINE_APP_MAX };
	bool tcp = d && p->layer[d - 1].shape == SONDE_tcp;

	switch (p->layer[d].shape) {
	case SONDE_dns_tcp:
		if (d + 1 == p->n)
			break;
		d++;
		tcp = true; /* fall through */
	case SONDE_dns:
		sonde_line_put(&l, tcp ? " " : "");
		sonde_line_dns(&l, p, d);
		break;
	case SONDE_dhcp: sonde_line_dhcp(&l, p, d); break;
	case SONDE_dhcpv6:
	case SONDE_dhcpv6_relay: sonde_line_dhcpv6(&l, p, d); break;
	case SONDE_http: http_line(&l, p, d); break;
	case SONDE_ntp:
	case SONDE_ntp_control: sonde_line_ntp(&l, p, d); break;
	case SONDE_quic: quic_line(&l, p, d); break;
	case SONDE_ssh: ssh_line(&l, p, d); break;
	case SONDE_tls: sonde_line_tls(&l, p, d); break;
	}
	if (p->stop == SONDE_STOP_MORE)
		sonde_line_put(&l, " [continues]");
	return l.o;
}
