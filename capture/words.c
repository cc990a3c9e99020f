#include "capture/words.h"

#include "capture/escape.h"

#define WORD(o, key, v) sonde_put_dec(SONDE_PUT_LIT(o, " " key "="), v)

char *sonde_words_frame_put(char *o, const struct sonde_frame *f,
			    const struct sonde_writer_note *note, bool guessed)
{
	char *begin = o, *first = SONDE_PUT_LIT(o, "sonde:");

	o = first;
	o = note->sid ? WORD(o, "sid", note->sid) : o;
	o = note->sid2 ? WORD(o, "sid2", note->sid2) : o;
	if (note->how) {
		o = SONDE_PUT_LIT(o, " how=");
		o = sonde_escape_put(o, (const uint8_t *)note->how, strnlen(note->how, 32), 0x21);
	}
	o = note->pid ? WORD(o, "pid", note->pid) : o;
	if (note->comm) {
		o = SONDE_PUT_LIT(o, " comm=");
		o = sonde_escape_put(o, (const uint8_t *)note->comm, strnlen(note->comm, 16), 0x21);
	}
	o = f->cookie ? WORD(o, "cookie", f->cookie) : o;
	o = f->gso_size ? WORD(o, "gso_size", f->gso_size) : o;
	o = f->gso_segs ? WORD(o, "gso_segs", f->gso_segs) : o;
	o = f->cpu ? WORD(o, "cpu", f->cpu) : o;
	o = guessed ? WORD(o, "protocol", 0) : o;
	o = f->link != 101 ? WORD(o, "link", f->link) : o;
	return o == first ? begin : o;
}

/* The next word of text; its value as a number where it is one, "-" in front allowed. False at the
 * end. */
static bool next(struct sonde_bytes *text, struct sonde_bytes *key, uint64_t *value)
{
	const uint8_t *at = text->at, *end = at + text->len;
	bool minus;

	while (at < end && *at == ' ')
		at++;
	if (at == end)
		return false;
	key->at = at;
	while (at < end && *at != ' ' && *at != '=')
		at++;
	key->len = (size_t)(at - key->at);
	at += at < end && *at == '=';
	minus = at < end && *at == '-';
	*value = 0;
	for (at += minus; at < end && *at >= '0' && *at <= '9'; at++)
		*value = *value * 10 + (*at - '0');
	*value = minus ? 0 - *value : *value;
	while (at < end && *at != ' ')
		at++;
	*text = (struct sonde_bytes){ at, (size_t)(end - at) };
	return true;
}

#define IS(key, name) ((key).len == sizeof(name) - 1 && !memcmp((key).at, name, sizeof(name) - 1))

void sonde_words_frame_get(struct sonde_bytes comment, struct sonde_frame *f)
{
	struct sonde_bytes key;
	uint64_t v;

	if (comment.len < 6 || memcmp(comment.at, "sonde:", 6))
		return;
	comment = (struct sonde_bytes){ comment.at + 6, comment.len - 6 };
	while (next(&comment, &key, &v)) {
		if (IS(key, "cookie"))
			f->cookie = v;
		else if (IS(key, "gso_size"))
			f->gso_size = (uint16_t)v;
		else if (IS(key, "gso_segs"))
			f->gso_segs = (uint16_t)v;
		else if (IS(key, "cpu"))
			f->cpu = (uint16_t)v;
		else if (IS(key, "protocol"))
			f->protocol = (uint16_t)v;
		else if (IS(key, "link"))
			f->link = (uint16_t)v;
	}
}

char *sonde_words_interface_put(char *o, uint32_t netns, uint32_t ifindex, int64_t clock)
{
	o = WORD(SONDE_PUT_LIT(o, "sonde"), "netns", netns);
	o = WORD(o, "ifindex", ifindex);
	return sonde_put_int(SONDE_PUT_LIT(o, " clock="), clock);
}

bool sonde_words_interface_get(struct sonde_bytes text, uint32_t *ret_netns, uint32_t *ret_ifindex,
			       int64_t *ret_clock)
{
	struct sonde_bytes key;
	bool clock = false;
	uint64_t v;

	if (!next(&text, &key, &v) || !IS(key, "sonde"))
		return false;
	while (next(&text, &key, &v)) {
		if (IS(key, "netns"))
			*ret_netns = (uint32_t)v;
		else if (IS(key, "ifindex"))
			*ret_ifindex = (uint32_t)v;
		else if (IS(key, "clock"))
			*ret_clock = (int64_t)v, clock = true;
	}
	return clock;
}
