#include "out/json.h"

static void comma(struct sonde_json *j)
{
	if (j->comma)
		sonde_text_bytes(j->text, ",", 1);
	j->comma = true;
}

void sonde_json_open(struct sonde_json *j, char bracket)
{
	comma(j);
	sonde_text_bytes(j->text, &bracket, 1);
	j->comma = false;
}

void sonde_json_close(struct sonde_json *j, char bracket)
{
	sonde_text_bytes(j->text, &bracket, 1);
	j->comma = true;
}

void sonde_json_key(struct sonde_json *j, const char *name)
{
	comma(j);
	sonde_text_bytes(j->text, "\"", 1);
	sonde_text_str(j->text, name);
	sonde_text_bytes(j->text, "\":", 2);
	j->comma = false;
}

static bool plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static char *put_u16(char *o, uint32_t v)
{
	o = SONDE_PUT_LIT(o, "\\u");
	memcpy(o, &sonde_text_tables.hex2[v >> 8 << 1], 2);
	memcpy(o + 2, &sonde_text_tables.hex2[(v & 255) << 1], 2);
	return o + 4;
}

/* One character that cannot stand as it is, or can only because it is harmless UTF-8. */
static char *put_special(char *o, const uint8_t *s, unsigned n, uint32_t c)
{
	if (!n) {
		o = SONDE_PUT_LIT(o, "\\\\x");
		memcpy(o, &sonde_text_tables.hex2[*s << 1], 2);
		return o + 2;
	}
	if (c == '"' || c == '\\') {
		*o++ = '\\';
		*o++ = (char)c;
		return o;
	}
	if (sonde_text_harmless(c)) {
		memcpy(o, s, n);
		return o + n;
	}
	if (c == '\n')
		return SONDE_PUT_LIT(o, "\\n");
	if (c == '\t')
		return SONDE_PUT_LIT(o, "\\t");
	if (c < 0x10000)
		return put_u16(o, c);
	o = put_u16(o, 0xd800 + ((c - 0x10000) >> 10)); /* a surrogate pair, RFC 8259 section 7 */
	return put_u16(o, 0xdc00 + ((c - 0x10000) & 0x3ff));
}

void sonde_json_string(struct sonde_json *j, const void *at, size_t len)
{
	const uint8_t *s = at;

	comma(j);
	sonde_text_bytes(j->text, "\"", 1);
	while (len) {
		size_t run = 0;

		while (run < len && plain(s[run]))
			run++;
		sonde_text_bytes(j->text, s, run);
		s += run;
		len -= run;
		if (len) {
			uint32_t c = 0;
			unsigned n = sonde_text_char(s, len, &c);

			sonde_text_end(j->text, put_special(sonde_text_room(j->text, 16), s, n, c));
			s += n ? n : 1;
			len -= n ? n : 1;
		}
	}
	sonde_text_bytes(j->text, "\"", 1);
}

void sonde_json_uint(struct sonde_json *j, uint64_t v)
{
	comma(j);
	sonde_text_end(j->text, sonde_put_dec(sonde_text_room(j->text, 24), v));
}

void sonde_json_int(struct sonde_json *j, int64_t v)
{
	comma(j);
	sonde_text_end(j->text, sonde_put_int(sonde_text_room(j->text, 24), v));
}

void sonde_json_bool(struct sonde_json *j, bool v)
{
	sonde_json_raw(j, v ? "true" : "false");
}

void sonde_json_null(struct sonde_json *j)
{
	sonde_json_raw(j, "null");
}

void sonde_json_raw(struct sonde_json *j, const char *json)
{
	comma(j);
	sonde_text_str(j->text, json);
}

static void put_list(struct sonde_json *j, const struct sonde_list *list)
{
	sonde_json_open(j, '[');
	for (size_t i = 0; i < list->n; i++)
		sonde_json_string(j, list->at[i], strlen(list->at[i]));
	sonde_json_close(j, ']');
}

static void put_map(struct sonde_json *j, const struct sonde_map *map)
{
	sonde_json_open(j, '{');
	for (size_t i = 0; i < map->n; i++) {
		/* names may come from elsewhere: they are strings first, keys then */
		sonde_json_string(j, map->at[i].name, strlen(map->at[i].name));
		sonde_text_bytes(j->text, ":", 1);
		j->comma = false;
		sonde_json_uint(j, map->at[i].n);
	}
	sonde_json_close(j, '}');
}

void sonde_json_members(struct sonde_json *j, const struct sonde_schema *s, const void *record)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sonde_column *c = &s->column[i];
		union sonde_column_value v;

		if (!sonde_column_get(c, record, &v))
			continue;
		sonde_json_key(j, c->name);
		switch (c->kind) {
		case SONDE_COLUMN_UINT: sonde_json_uint(j, v.number); break;
		case SONDE_COLUMN_INT: sonde_json_int(j, v.integer); break;
		case SONDE_COLUMN_BOOL: sonde_json_bool(j, v.number); break;
		case SONDE_COLUMN_TEXT: sonde_json_string(j, v.text, strlen(v.text)); break;
		case SONDE_COLUMN_LIST: put_list(j, v.list); break;
		case SONDE_COLUMN_MAP: put_map(j, v.map); break;
		default: sonde_json_raw(j, v.text);
		}
	}
}

void sonde_json_record(struct sonde_text *t, const struct sonde_schema *s, const void *record)
{
	struct sonde_json j = { .text = t };

	sonde_json_open(&j, '{');
	sonde_json_key(&j, "record");
	sonde_json_string(&j, s->name, strlen(s->name));
	sonde_json_key(&j, "v");
	sonde_json_uint(&j, SONDE_RECORD_VERSION);
	sonde_json_members(&j, s, record);
	sonde_json_close(&j, '}');
	sonde_text_bytes(t, "\n", 1);
}
