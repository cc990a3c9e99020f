#include "run/names.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "packet/field.h"
#include "sys/file.h"

enum { KEY = 16, FILE_MOST = 1 << 20, ROOM = 1 << 10 };

struct sonde_names_entry {
	const char *name; /* escaped; NULL: free */
	uint8_t key[KEY]; /* an address, or protocol and port */
	uint8_t len;
	uint8_t from; /* enum sonde_names_from */
};

static size_t hash(const uint8_t *key, size_t len)
{
	uint64_t h = len;

	for (size_t i = 0; i < len; i++)
		h = (h ^ key[i]) * 0x9e3779b97f4a7c15;
	return (size_t)(h >> 32);
}

/* The entry of this key, or the free one where it belongs. */
static struct sonde_names_entry *find(const struct sonde_names *names, const uint8_t *key,
				      size_t len)
{
	size_t i = hash(key, len) & (names->room - 1);

	while (names->entry[i].name &&
	       !(names->entry[i].len == len && !memcmp(names->entry[i].key, key, len)))
		i = (i + 1) & (names->room - 1);
	return &names->entry[i];
}

static void grow(struct sonde_names *names)
{
	struct sonde_names old = *names;

	names->room = old.room ? 2 * old.room : ROOM;
	names->entry = sonde_arena_take(&names->arena, names->room * sizeof *names->entry);
	for (size_t i = 0; i < old.room; i++)
		if (old.entry[i].name)
			*find(names, old.entry[i].key, old.entry[i].len) = old.entry[i];
}

static bool is_letter(uint8_t c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* Letters, digits, dots, hyphens and underscores as they are, all else as \xNN: in the midst of a
 * line, a space or a colon would be taken for the line's own. NULL: it is no name. */
static const char *harmless(struct sonde_arena *a, struct sonde_bytes name)
{
	char text[SONDE_MANNER_NAME_MAX + 1], *o = text;
	bool letter = false;

	while (name.len && name.at[name.len - 1] == '.') /* of the root */
		name.len--;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.at[i];
		bool plain = is_letter(c) || (c >= '0' && c <= '9') || (c && strchr(".-_", c));

		if ((size_t)(o - text) + (plain ? 1 : 4) > SONDE_MANNER_NAME_MAX)
			return NULL;
		letter |= is_letter(c);
		if (plain) {
			*o++ = (char)c;
			continue;
		}
		o = SONDE_PUT_LIT(o, "\\x");
		memcpy(o, sonde_text_tables.hex2 + 2 * c, 2);
		o += 2;
	}
	return letter ? sonde_arena_string(a, text, (size_t)(o - text)) : NULL;
}

static void learn(struct sonde_names *names, enum sonde_names_from from, const uint8_t *key,
		  size_t len, struct sonde_bytes name)
{
	struct sonde_names_entry *e = find(names, key, len);
	const char *text;

	if (e->name ? e->from > from || (e->from == from && from != SONDE_NAMES_ANSWER)
		    : names->n >= SONDE_NAMES_MOST)
		return;
	if (e->name && strlen(e->name) == name.len && !memcmp(e->name, name.at, name.len))
		return; /* as it is told again and again */
	text = names->arena.used < FILE_MOST * 16 ? harmless(&names->arena, name) : NULL;
	if (!text)
		return;
	names->n += !e->name;
	*e = (struct sonde_names_entry){ .name = text, .len = (uint8_t)len, .from = (uint8_t)from };
	memcpy(e->key, key, len);
	if (2 * names->n > names->room)
		grow(names);
}

void sonde_names_learn(struct sonde_names *names, enum sonde_names_from from,
		       const uint8_t *address, size_t address_len, struct sonde_bytes name)
{
	if (address_len == 4 || address_len == 16)
		learn(names, from, address, address_len, name);
}

/* ---- the files of the machine ---- */

/* The words of a line, which ends in a remark or not. */
static char *next_word(char **line)
{
	char *word = *line + strspn(*line, " \t\r");
	size_t len = strcspn(word, " \t\r#");

	if (!len)
		return NULL;
	*line = word + len;
	if (**line == '#')
		**line = 0;
	else if (**line)
		*(*line)++ = 0;
	return word;
}

static struct sonde_bytes bytes_of(const char *word)
{
	return (struct sonde_bytes){ (const uint8_t *)word, strlen(word) };
}

/* hosts(5): "127.0.0.1 localhost" */
static void hear_hosts(struct sonde_names *names, char *line)
{
	char *address = next_word(&line), *name = address ? next_word(&line) : NULL;
	uint8_t bytes[16];

	if (name && inet_pton(AF_INET, address, bytes) == 1)
		learn(names, SONDE_NAMES_HOSTS, bytes, 4, bytes_of(name));
	else if (name && inet_pton(AF_INET6, address, bytes) == 1)
		learn(names, SONDE_NAMES_HOSTS, bytes, 16, bytes_of(name));
}

/* services(5): "http 80/tcp" */
static void hear_services(struct sonde_names *names, char *line)
{
	static const struct {
		const char *name;
		uint8_t number;
	} protocols[] = { { "tcp", 6 }, { "udp", 17 }, { "sctp", 132 }, { "udplite", 136 } };
	char *name = next_word(&line), *end = name ? next_word(&line) : NULL;
	unsigned long port = end ? strtoul(end, &end, 10) : 0;

	for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
		uint8_t key[3] = { protocols[i].number, (uint8_t)(port >> 8), (uint8_t)port };

		if (port && port <= UINT16_MAX && *end == '/' &&
		    !strcmp(end + 1, protocols[i].name))
			learn(names, SONDE_NAMES_HOSTS, key, sizeof key, bytes_of(name));
	}
}

static void read_lines(struct sonde_names *names, const char *path,
		       void (*hear)(struct sonde_names *names, char *line))
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = malloc(FILE_MOST + 1), *next;
	size_t len = 0;
	ssize_t n = -1;

	while (fd >= 0 && text && len < FILE_MOST &&
	       (n = sonde_file_pull(&fd, text + len, FILE_MOST - len)) > 0)
		len += (size_t)n;
	if (text) {
		text[len] = 0;
		for (char *line = text; line; line = next) {
			next = strchr(line, '\n');
			if (next)
				*next++ = 0;
			hear(names, line);
		}
	}
	free(text);
	if (fd >= 0)
		close(fd);
}

void sonde_names_init(struct sonde_names *names)
{
	*names = (struct sonde_names){ 0 };
	grow(names);
	read_lines(names, "/etc/hosts", hear_hosts);
	read_lines(names, "/etc/services", hear_services);
}

void sonde_names_done(struct sonde_names *names)
{
	sonde_arena_done(&names->arena);
	*names = (struct sonde_names){ 0 };
}

/* ---- what DNS answers ---- */

struct answer {
	struct sonde_names *names;
	struct sonde_bytes name;
};

static void hear_field(void *arg, const struct sonde_field *f)
{
	struct answer *a = arg;
	uint8_t ip[4];

	if (f->is != SONDE_FIELD_VALUE)
		return;
	if (f->row == SONDE_ROW_dns_rr_name || f->row == SONDE_ROW_dns_mrr_name) {
		a->name = (struct sonde_bytes){ f->octets, f->octets_len };
	} else if (f->row == SONDE_ROW_dns_rr_a) {
		sonde_store(ip, 4, f->number);
		sonde_names_learn(a->names, SONDE_NAMES_ANSWER, ip, 4, a->name);
	} else if (f->row == SONDE_ROW_dns_rr_aaaa) {
		sonde_names_learn(a->names, SONDE_NAMES_ANSWER, f->octets, f->octets_len, a->name);
	}
}

void sonde_names_hear(struct sonde_names *names, const struct sonde_packet *p)
{
	struct answer a = { .names = names };

	if (!sonde_has(p, dns))
		return;
	for (unsigned d = 0; d < p->n; d++)
		if (p->layer[d].shape == SONDE_dns && !(p->layer[d].part & SONDE_PART_QUOTED))
			sonde_field_each(p, d, hear_field, &a);
}

/* ---- asking ---- */

const char *sonde_names_host(void *arg, const uint8_t *address, unsigned len)
{
	return find(arg, address, len)->name;
}

const char *sonde_names_port(void *arg, uint8_t protocol, uint16_t port)
{
	uint8_t key[3] = { protocol, (uint8_t)(port >> 8), (uint8_t)port };

	return find(arg, key, sizeof key)->name;
}
