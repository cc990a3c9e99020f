#include "life/account.h"

#include "life/words.h"

void sonde_account_init(struct sonde_account *a, struct sonde_arena *arena)
{
	*a = (struct sonde_account){ .arena = arena };
}

const char *sonde_backend_name(unsigned backend)
{
	static const char *const names[] = { NULL, "bpf", "ptrace", "diag" };

	return backend < sizeof names / sizeof *names ? names[backend] : NULL;
}

/* Days since 1970 to a date of the Gregorian calendar; years begin in March while counting, so
 * that the leap day is the last of them. */
static const char *put_time(struct sonde_arena *a, uint64_t ns)
{
	uint64_t s = ns / SONDE_SECOND, days = s / 86400 + 719468;
	uint64_t era = days / 146097, of_era = days % 146097;
	uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	unsigned march = (unsigned)((5 * of_year + 2) / 153);
	unsigned day = (unsigned)(of_year - (153 * march + 2) / 5 + 1);
	unsigned month = march < 10 ? march + 3 : march - 9;

	return sonde_arena_print(a, "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ",
				 (unsigned)(year + era * 400 + (month <= 2)), month, day,
				 (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60),
				 (unsigned)(s % 60), (unsigned)(ns % SONDE_SECOND));
}

const char *sonde_account_command(struct sonde_arena *a, struct sonde_bytes words)
{
	size_t cap = 4 * words.len + SONDE_TEXT_SLACK + 32;
	struct sonde_text t;

	if (!words.len)
		return NULL;
	sonde_text_init(&t, sonde_arena_take(a, cap), cap, NULL, NULL);
	for (size_t i = 0, from = 0; i < words.len; i++)
		if (!words.at[i] || i + 1 == words.len) {
			if (from)
				sonde_text_str(&t, " ");
			sonde_text_escape(&t, words.at + from, i - from + (words.at[i] != 0));
			from = i + 1;
		}
	t.at[t.len] = 0;
	return t.at;
}

static void count_lost(struct sonde_account *a, const struct sonde_event *e)
{
	const char *source = e->text.len ? sonde_words_escaped(a->arena, e->text) : "";

	a->lost_all += e->n[0];
	for (size_t i = 0; i < a->losts; i++)
		if (!strcmp(a->lost[i].name, source)) {
			a->lost[i].n += e->n[0];
			return;
		}
	if (a->losts == a->lost_room) {
		a->lost = sonde_arena_grow(a->arena, a->lost, a->losts, 4, sizeof *a->lost);
		a->lost_room += 4;
	}
	a->lost[a->losts++] = (struct sonde_count){ source, e->n[0] };
}

void sonde_account_hear(struct sonde_account *a, const struct sonde_event *e)
{
	switch (e->kind) {
	case SONDE_EVENT_RUN:
		a->started = put_time(a->arena, e->when + e->n[0]);
		a->command = sonde_account_command(a->arena, e->text);
		a->backend = (uint8_t)e->n[1];
		break;
	case SONDE_EVENT_BLIND:
		if (a->blinds == a->blind_room) {
			a->blind = sonde_arena_grow(a->arena, a->blind, a->blinds, 8,
						    sizeof *a->blind);
			a->blind_room += 8;
		}
		a->blind[a->blinds++] = e->text.len ? sonde_words_escaped(a->arena, e->text) : "";
		break;
	case SONDE_EVENT_LOST: count_lost(a, e); break;
	case SONDE_EVENT_END:
		a->ended = true;
		a->status = (int)e->arg[0];
		a->had_command = e->arg[1];
		a->left_running = sonde_words_escaped(a->arena, e->text);
		break;
	default: break;
	}
}
