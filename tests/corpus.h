#ifndef SONDE_TESTS_CORPUS_H
#define SONDE_TESTS_CORPUS_H

/* The captures of $SONDE_CORPUS, each read whole into memory. */

#include <check.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct corpus_file {
	const char *path;
	uint8_t *at; /* exactly len bytes, so that sanitizers guard the end */
	size_t len;
};

static inline const char *corpus_root(void)
{
	const char *path = getenv("SONDE_CORPUS");
	struct stat s;

	path = path ? path : "../shared/corpus";
	if (!stat(path, &s))
		return path;
	printf("skipped: no captures at %s (SONDE_CORPUS)\n", path);
	return NULL;
}

static inline struct corpus_file corpus_file(const char *path)
{
	struct corpus_file f = { .path = path };
	FILE *file = fopen(path, "rb");

	ck_assert_msg(file != NULL, "%s cannot be opened", path);
	fseek(file, 0, SEEK_END);
	f.len = (size_t)ftell(file);
	rewind(file);
	f.at = malloc(f.len ? f.len : 1);
	ck_assert_uint_eq(fread(f.at, 1, f.len, file), f.len);
	fclose(file);
	return f;
}

/* How many there were. */
static inline unsigned corpus_each(void (*hear)(const struct corpus_file *f))
{
	char *const roots[] = { (char *)corpus_root(), NULL };
	FTS *all = roots[0] ? fts_open(roots, FTS_LOGICAL | FTS_NOSTAT, NULL) : NULL;
	unsigned files = 0;

	for (FTSENT *e; all && (e = fts_read(all));) {
		struct corpus_file f;

		if (!strstr(e->fts_name, ".pcap"))
			continue;
		f = corpus_file(e->fts_accpath);
		f.path = e->fts_path;
		hear(&f);
		free(f.at);
		files++;
	}
	if (all)
		fts_close(all);
	return files;
}

#endif
