#include "run/demand.h"

#include <errno.h>
#include <stdlib.h>

#include "run/junit.h"
#include "sys/file.h"

enum { BUFFER = 1 << 16 };

/* What one target owes. Returns how much of it is not met. */
static unsigned judge(const struct sonde_demand_run *r, uint32_t target, struct sonde_text *xml,
		      struct sonde_text *words)
{
	const struct sonde_demands *d = r->demands;
	bool answered;
	const char *name;
	const void *subject = r->subject(r->arg, target, &name, &answered);
	unsigned failed = 0;

	if (!d->n && xml)
		sonde_junit_case(xml, name, "answers", 7, answered ? NULL : "silent");
	for (unsigned i = 0; i < d->n; i++) {
		const struct sonde_expect *e = &d->expect[i];
		char buf[64 + SONDE_TEXT_SLACK];
		struct sonde_text why;
		uint64_t is;
		bool met = sonde_expect_judge(e, subject, &is) == SONDE_EXPECT_MET;

		failed += !met;
		sonde_text_init(&why, buf, sizeof buf, NULL, NULL);
		sonde_expect_say(&why, e, is);
		sonde_text_bytes(&why, "", 1);
		if (xml)
			sonde_junit_case(xml, name, e->text, e->text_len, met ? NULL : buf);
		if (met || !words)
			continue;
		sonde_text_str(words, "expected of ");
		sonde_text_escape(words, name, strlen(name));
		sonde_text_print(words, ": %.*s; it is %s\n", (int)e->text_len, e->text, buf);
	}
	return d->n ? failed : !answered;
}

static unsigned judge_all(const struct sonde_demand_run *r, struct sonde_text *xml,
			  struct sonde_text *words)
{
	unsigned failed = 0;

	for (uint32_t i = 0; i < r->targets; i++)
		failed += judge(r, i, xml, words);
	return failed;
}

unsigned sonde_demand_judge(const struct sonde_demand_run *r, struct sonde_text *words)
{
	return judge_all(r, NULL, words);
}

int sonde_demand_write(const struct sonde_demand_run *r, unsigned failures, int fd)
{
	unsigned each = r->demands->n ? r->demands->n : 1;
	struct sonde_text t;
	char *buf = malloc(BUFFER);
	int code;

	if (!buf)
		return -ENOMEM;
	sonde_text_init(&t, buf, BUFFER, sonde_file_sink, &fd);
	sonde_junit_begin(&t, r->suite, (uint64_t)each * r->targets, failures);
	judge_all(r, &t, NULL);
	sonde_junit_end(&t);
	code = sonde_text_flush(&t);
	free(buf);
	return code;
}
