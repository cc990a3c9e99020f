#include "packet/app.h"
#include "packet/line_app.h"

enum { VERSION_MOST = 4, CONTROL_LEAST = 8 };

bool sonde_ntp_is(const struct sonde_range *r)
{
	const struct sonde_ntp *h = (const void *)r->at;

	return r->len >= SONDE_BYTES_ntp && sonde_ntp_vn(h) >= 1 &&
	       sonde_ntp_vn(h) <= VERSION_MOST && sonde_ntp_mode(h) <= 5 &&
	       (sonde_ntp_mode(h) || sonde_ntp_vn(h) == 1);
}

bool sonde_ntp_control_is(const struct sonde_range *r)
{
	const struct sonde_ntp_control *h = (const void *)r->at;

	return r->all >= CONTROL_LEAST && r->len >= SONDE_BYTES_ntp_control &&
	       sonde_ntp_control_vn(h) >= 1 && sonde_ntp_control_vn(h) <= VERSION_MOST &&
	       sonde_ntp_control_mode(h) >= 6;
}

void sonde_line_ntp(struct sonde_line *l, const struct sonde_packet *p, unsigned d)
{
	const struct sonde_ntp_control *h = sonde_header(p, d, ntp_control); /* begin alike */
	const char *words = sonde_words(p->layer[d].shape == SONDE_ntp ? SONDE_ROW_ntp_mode
								       : SONDE_ROW_ntp_control_mode,
					sonde_ntp_control_mode(h));

	sonde_line_put_number(l, "NTPv", sonde_ntp_control_vn(h));
	sonde_line_put(l, ", ");
	sonde_line_put(l, words ? words : "unknown mode");
	sonde_line_put_number(l, ", length ", p->layer[d].end - p->layer[d].at);
}
