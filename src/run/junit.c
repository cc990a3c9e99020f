#include "run/junit.h"

void sonde_junit_begin(struct sonde_text *t, const char *suite, uint64_t tests, unsigned failures)
{
	sonde_text_print(t,
			 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			 "<testsuite name=\"%s\" tests=\"%llu\" failures=\"%u\">\n",
			 suite, (unsigned long long)tests, failures);
}

/* Text inside an attribute of XML: what is no plain character there is left to its number. */
static void put_xml(struct sonde_text *t, const char *at, size_t len)
{
	char buf[1100];
	struct sonde_text plain;

	sonde_text_init(&plain, buf, sizeof buf, NULL, NULL);
	sonde_text_escape(&plain, at, len < 250 ? len : 250);
	for (size_t i = 0; i < plain.len; i++)
		if (strchr("<>&\"'", plain.at[i]))
			sonde_text_print(t, "&#%u;", (unsigned char)plain.at[i]);
		else
			sonde_text_bytes(t, plain.at + i, 1);
}

void sonde_junit_case(struct sonde_text *t, const char *of, const char *name, size_t len,
		      const char *why)
{
	sonde_text_str(t, "  <testcase classname=\"");
	put_xml(t, of, strlen(of));
	sonde_text_str(t, "\" name=\"");
	put_xml(t, name, len);
	if (!why) {
		sonde_text_str(t, "\"/>\n");
		return;
	}
	sonde_text_str(t, "\"><failure message=\"it is ");
	put_xml(t, why, strlen(why));
	sonde_text_str(t, "\"/></testcase>\n");
}

void sonde_junit_end(struct sonde_text *t)
{
	sonde_text_str(t, "</testsuite>\n");
}
