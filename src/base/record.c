#include "base/record.h"

bool sonde_column_get(const struct sonde_column *c, const void *record,
		      union sonde_column_value *ret)
{
	const void *at = (const char *)record + c->at;

	switch (c->kind) {
	case SONDE_COLUMN_UINT:
		ret->number = *(const uint64_t *)at;
		return ret->number != SONDE_ABSENT;
	case SONDE_COLUMN_INT:
		ret->integer = *(const int64_t *)at;
		return ret->integer != SONDE_ABSENT_INT;
	case SONDE_COLUMN_BOOL: ret->number = *(const uint8_t *)at; return ret->number < 2;
	case SONDE_COLUMN_LIST: ret->list = at; return ret->list->at;
	case SONDE_COLUMN_MAP: ret->map = at; return ret->map->at;
	case SONDE_COLUMN_EACH_UINT: ret->numbers = at; return ret->numbers->n;
	case SONDE_COLUMN_EACH_TEXT: ret->list = at; return ret->list->n;
	default: ret->text = *(const char *const *)at; return ret->text;
	}
}

void sonde_record_clear(const struct sonde_schema *s, void *record)
{
	for (size_t i = 0; i < s->n; i++) {
		void *at = (char *)record + s->column[i].at;

		switch (s->column[i].kind) {
		case SONDE_COLUMN_UINT: *(uint64_t *)at = SONDE_ABSENT; break;
		case SONDE_COLUMN_INT: *(int64_t *)at = SONDE_ABSENT_INT; break;
		case SONDE_COLUMN_BOOL: *(uint8_t *)at = 2; break;
		case SONDE_COLUMN_LIST: *(struct sonde_list *)at = (struct sonde_list){ 0 }; break;
		case SONDE_COLUMN_MAP: *(struct sonde_map *)at = (struct sonde_map){ 0 }; break;
		case SONDE_COLUMN_EACH_UINT:
			*(struct sonde_numbers *)at = (struct sonde_numbers){ 0 };
			break;
		case SONDE_COLUMN_EACH_TEXT:
			*(struct sonde_list *)at = (struct sonde_list){ 0 };
			break;
		default: *(const char **)at = NULL;
		}
	}
}
