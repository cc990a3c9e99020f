#include "packet/ssh.h"

#include "packet/teller.h"

enum { LINE_MOST = 255 }; /* with its end, RFC 4253 section 4.2 */

bool sonde_ssh_is(const struct sonde_range *r)
{
	return r->len >= 6 && !memcmp(r->at, "SSH-", 4) && (r->at[4] == '1' || r->at[4] == '2');
}

struct sonde_reach sonde_ssh_reach(const struct sonde_range *r)
{
	uint32_t most = r->len < LINE_MOST ? r->len : LINE_MOST;
	const uint8_t *lf = memchr(r->at, '\n', most);

	return (struct sonde_reach){ .head = lf ? (uint32_t)(lf - r->at) + 1 : most,
				     .stop = lf || r->len >= LINE_MOST ? SONDE_STOP_END
					     : r->len < r->all	       ? SONDE_STOP_TRUNCATED
					     : r->goes_on	       ? SONDE_STOP_MORE
								       : SONDE_STOP_END };
}

uint32_t sonde_ssh_line(const uint8_t *s, uint32_t len)
{
	while (len && (s[len - 1] == '\n' || s[len - 1] == '\r'))
		len--;
	return len;
}

enum sonde_stop sonde_ssh_tell(struct sonde_teller *t, uint32_t at, uint32_t end)
{
	const uint8_t *s = t->p->byte + at;
	uint32_t len = sonde_ssh_line(s, end - at);

	if (len)
		sonde_tell_octets(t, SONDE_ROW_ssh_protocol, at, len, s, len);
	return t->out == SONDE_STOP_MALFORMED ? SONDE_STOP_END : t->out;
}
