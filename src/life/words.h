#ifndef SONDE_LIFE_WORDS_H
#define SONDE_LIFE_WORDS_H

/* The phrases that lines, ladders, tables and comparisons share, so that one thing has one name
 * and one form everywhere. Everything from elsewhere leaves escaped. */

#include "base/text.h"
#include "life/life.h"

/* Writers of values, as in base/text.h: o has 32 bytes room, the end is returned. */
char *sonde_words_stamp(char *o, int64_t ns); /* "0.001234": seconds since the run's start */
char *sonde_words_span(char *o,
		       uint64_t ns); /* "840 ns", "79.1 us", "1.24 ms", "2.30 s": three digits */
char *sonde_words_size(char *o, uint64_t n);	/* "14 B", "24014 B", "1.25 MB" */
char *sonde_words_flags(char *o, unsigned tcp); /* "SYN", "SYN ACK", "PSH ACK"; "none" */

/* Its name, else its number. */
void sonde_words_netns(struct sonde_text *t, const struct sonde_life *life, uint32_t netns);
/* comm need not end with NUL. "server[812]"; "[812]" where comm is empty, "?" where pid is 0. */
void sonde_words_who(struct sonde_text *t, const char comm[16], uint32_t pid);
/* Bytes from elsewhere in the arena, as harmless text; NULL where there are none. */
const char *sonde_words_escaped(struct sonde_arena *a, struct sonde_bytes s);
/* Unix name: "/run/x", "@abstract", "unnamed" where empty. */
void sonde_words_path(struct sonde_text *t, struct sonde_bytes path);
/* The same of the one that has the endpoint; "nobody" where it was never accepted. */
void sonde_words_owner(struct sonde_text *t, const struct sonde_endpoint *e);
/* "fin-local (killed), half-close": how it ended, mark behind the cause where that is inferred.
 * Writes nothing where that is not known yet. */
void sonde_words_end(struct sonde_text *t, const struct sonde_endpoint *e, const char *mark);
/* The endpoint's own name and its peer's: address or path; writes nothing where none is known. */
void sonde_words_local(struct sonde_text *t, const struct sonde_endpoint *e);
void sonde_words_remote(struct sonde_text *t, const struct sonde_endpoint *e);
/* A sockaddr as it stands in an event; writes nothing where it is none that is known. */
void sonde_words_sockaddr(struct sonde_text *t, struct sonde_bytes address);
/* "ECONNREFUSED"; a number that has no name as "errno 4711". */
void sonde_words_errno(struct sonde_text *t, int error);

/* What it means, in a few words for somebody who meets it the first time; NULL: nothing to add.
 * Static. */
const char *sonde_words_errno_means(int error);
const char *sonde_words_state_means(unsigned state); /* enum sonde_state */
/* "FIN_W1": for narrow columns; NULL where the name is short already. Static. */
const char *sonde_words_state_brief(unsigned state);
/* The kernel's reason of a drop, with or without its prefix SKB_DROP_REASON_. name may be NULL. */
const char *sonde_words_drop_means(const char *name);
/* The kernel's reason of a reset that e sent, with or without its prefix SK_RST_REASON_; either may
 * be NULL. */
const char *sonde_words_reset_means(const char *name, const struct sonde_endpoint *e);
/* How the last reference went, if not by close: "exit", "killed". NULL: by close, or not yet. */
const char *sonde_words_release(unsigned release);

/* The step that an endpoint took on the kernel's axis at this time, the last of several; NULL:
 * none. It can be another than the event said: the kernel's socket is in CLOSE when its remains,
 * which are another object, go to TIME_WAIT. */
const struct sonde_step *sonde_words_step(const struct sonde_endpoint *e, sonde_ns when);

bool sonde_kind_is_tcp(unsigned kind);
bool sonde_kind_is_stream(unsigned kind); /* TCP, Unix stream and seqpacket: connected before use */
bool sonde_kind_is_datagram(unsigned kind); /* UDP, Unix datagram */
bool sonde_kind_is_unix(unsigned kind);

/* One phrase on its way into an arena. */
struct sonde_phrase {
	struct sonde_text text;
	char buf[2048];
};

struct sonde_text *sonde_phrase_begin(struct sonde_phrase *p);
/* The text with a NUL; NULL where it is empty, or longer than two thousand bytes. */
const char *sonde_phrase_end(struct sonde_phrase *p, struct sonde_arena *a);

#endif
