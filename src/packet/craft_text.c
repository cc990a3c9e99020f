#include "packet/craft_inside.h"

int sonde_craft_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "text" with \" \\ \n \r \t and \xNN. */
static bool quoted(struct sonde_craft_parser *p, struct sonde_bytes *ret)
{
	static const char letters[] = "nrt\"\\", meant[] = "\n\r\t\"\\";
	const char *begin = p->at++;
	uint8_t *out = sonde_arena_take(p->arena, (size_t)(p->to - p->at) + 1);
	size_t n = 0;

	for (; *p->at && *p->at != '"'; p->at++) {
		const char *known;

		if (*p->at != '\\') {
			out[n++] = (uint8_t)*p->at;
			continue;
		}
		p->at++;
		if (*p->at == 'x' && sonde_craft_digit(p->at[1]) >= 0 &&
		    sonde_craft_digit(p->at[2]) >= 0) {
			out[n++] = (uint8_t)(sonde_craft_digit(p->at[1]) << 4 |
					     sonde_craft_digit(p->at[2]));
			p->at += 2;
		} else if (*p->at && (known = strchr(letters, *p->at))) {
			out[n++] = (uint8_t)meant[known - letters];
		} else {
			return sonde_craft_expected(p, "one of \\\" \\\\ \\n \\r \\t \\xNN");
		}
	}
	if (!*p->at)
		return sonde_craft_wrong(p, begin, "a closing quote for this one");
	p->at++;
	*ret = (struct sonde_bytes){ out, n };
	return true;
}

bool sonde_craft_read_hex(struct sonde_craft_parser *p, struct sonde_bytes *ret)
{
	uint8_t *out = sonde_arena_take(p->arena, (size_t)(p->to - p->at) / 2 + 1);
	size_t n = 0;

	for (sonde_craft_skip_space(p); sonde_craft_digit(*p->at) >= 0; sonde_craft_skip_space(p)) {
		if (sonde_craft_digit(p->at[1]) < 0) {
			p->at++;
			return sonde_craft_expected(p, "a second hex digit");
		}
		out[n++] =
			(uint8_t)(sonde_craft_digit(p->at[0]) << 4 | sonde_craft_digit(p->at[1]));
		p->at += 2;
		if (*p->at == ':')
			p->at++;
	}
	*ret = (struct sonde_bytes){ out, n };
	return true;
}

bool sonde_craft_read_text(struct sonde_craft_parser *p, struct sonde_bytes *ret)
{
	sonde_craft_skip_space(p);
	return *p->at == '"' ? quoted(p, ret) : sonde_craft_read_hex(p, ret);
}
