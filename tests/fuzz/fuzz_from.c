/* A file that claims to hold a ping, all the way: reader, engine, and every form of the report.
 * What is printed is harmless to a terminal, whatever the file holds. */
#include <sys/mman.h>
#include <unistd.h>

#include "probe/expect.h"
#include "run/measure.h"
#include "tests/fuzz/captures.h"
#include "tests/fuzz/fuzz.h"

/* The report goes to a descriptor; what it was is read back from there. */
static void look_at(int out)
{
	off_t len = lseek(out, 0, SEEK_END);
	char *text = len > 0 ? mmap(NULL, (size_t)len, PROT_READ, MAP_SHARED, out, 0) : NULL;

	stop_unless(text != MAP_FAILED && len >= 0);
	for (off_t i = 0; i < len; i++)
		stop_unless(((uint8_t)text[i] >= 0x20 && text[i] != 0x7f) ||
			    strchr("\n\t\r\b\a", text[i]));
	if (text)
		munmap(text, (size_t)len);
}

static void report(struct input file, enum sonde_measure_form form)
{
	struct sonde_expect expect[SONDE_EXPECT_MOST];
	const char *expected;
	unsigned at;
	int demands = sonde_expect_parse(&sonde_expect_of_target, expect,
					 "loss<1% p99<20ms jitter<2ms", &at, &expected);
	struct sonde_measure_plan plan = { .form = form,
					   .lost = true,
					   .stamp = true,
					   .histogram = true,
					   .expect = expect,
					   .expects = (unsigned)demands,
					   .width = 80,
					   .out = memfd_create("report", 0) };
	struct sonde_measure_end end;
	struct sonde_reader *reader = input_reader(&file);

	stop_unless(plan.out >= 0 && demands == 3);
	sonde_measure_replay(&plan, reader, -1, &end);
	sonde_reader_close(reader);
	look_at(plan.out);
	close(plan.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	for (int form = SONDE_MEASURE_USUAL; form <= SONDE_MEASURE_CSV; form++)
		report((struct input){ at, len }, (enum sonde_measure_form)form);
	return 0;
}
