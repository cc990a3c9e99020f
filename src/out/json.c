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

void sonde_json_string(struct sonde_json *j, const void *at, size_t len)
{
	comma(j);
	sonde_text_json(j->text, at, len);
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
		case SONDE_COLUMN_EACH_UINT: sonde_json_uint(j, *v.numbers->at); break;
		case SONDE_COLUMN_EACH_TEXT:
			sonde_json_string(j, *v.list->at, strlen(*v.list->at));
			break;
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
