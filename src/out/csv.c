#include "out/csv.h"

/* len counts from at. Quoted where it must be, RFC 4180 section 2. */
static void put_text(struct sonde_text *t, const char *at, size_t len)
{
	const char *end = at + len;

	if (len && !strpbrk(at, ",\"\r\n")) {
		sonde_text_bytes(t, at, len);
		return;
	}
	sonde_text_bytes(t, "\"", 1);
	for (const char *quote; (quote = memchr(at, '"', (size_t)(end - at))); at = quote + 1) {
		sonde_text_bytes(t, at, (size_t)(quote + 1 - at));
		sonde_text_bytes(t, "\"", 1);
	}
	sonde_text_bytes(t, at, (size_t)(end - at));
	sonde_text_bytes(t, "\"", 1);
}

/* The words of a list or map first become one text in buf, so that they are quoted as one. */
static void put_words(struct sonde_text *t, const struct sonde_list *list,
		      const struct sonde_map *map)
{
	char buf[4096];
	struct sonde_text words;

	sonde_text_init(&words, buf, sizeof buf, NULL, NULL);
	for (size_t i = 0; i < (list ? list->n : map->n); i++) {
		if (i)
			sonde_text_str(&words, " ");
		sonde_text_str(&words, list ? list->at[i] : map->at[i].name);
		if (map)
			sonde_text_print(&words, "=%llu", (unsigned long long)map->at[i].n);
	}
	sonde_text_end(&words,
		       sonde_put_str(sonde_text_room(&words, 8), words.error ? " ..." : ""));
	buf[words.len] = 0;
	put_text(t, buf, words.len);
}

void sonde_csv_head(struct sonde_text *t, const struct sonde_schema *s)
{
	for (size_t i = 0; i < s->n; i++) {
		sonde_text_str(t, i ? "," : "");
		sonde_text_str(t, s->column[i].name);
	}
	sonde_text_str(t, "\r\n");
}

void sonde_csv_row(struct sonde_text *t, const struct sonde_schema *s, const void *record)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sonde_column *c = &s->column[i];
		union sonde_column_value v;
		char *o;

		sonde_text_str(t, i ? "," : "");
		if (!sonde_column_get(c, record, &v))
			continue;
		o = sonde_text_room(t, 24);
		switch (c->kind) {
		case SONDE_COLUMN_UINT: sonde_text_end(t, sonde_put_dec(o, v.number)); break;
		case SONDE_COLUMN_INT: sonde_text_end(t, sonde_put_int(o, v.integer)); break;
		case SONDE_COLUMN_BOOL: sonde_text_str(t, v.number ? "true" : "false"); break;
		case SONDE_COLUMN_EACH_UINT:
			sonde_text_end(t, sonde_put_dec(o, *v.numbers->at));
			break;
		case SONDE_COLUMN_EACH_TEXT:
		case SONDE_COLUMN_LIST: put_words(t, v.list, NULL); break;
		case SONDE_COLUMN_MAP: put_words(t, NULL, v.map); break;
		default: put_text(t, v.text, strlen(v.text));
		}
	}
	sonde_text_str(t, "\r\n");
}
