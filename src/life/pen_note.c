#include <sys/wait.h>

#include "base/name.h"
#include "life/account.h"
#include "life/pen.h"

/* Lines of processes and of the run itself. */

static void say_status(struct sonde_pen *p, int status)
{
	if (WIFSIGNALED(status))
		say(p, "was killed by SIG%s", sonde_name_signal(WTERMSIG(status)));
	else
		say(p, "exited with %d", WEXITSTATUS(status));
}

void sonde_pen_process(struct sonde_pen *p, const struct sonde_event *e)
{
	switch (e->kind) {
	case SONDE_EVENT_FORK: say(p, "forked process %llu", (unsigned long long)e->n[0]); break;
	case SONDE_EVENT_EXEC:
		put(p, "runs ");
		sonde_text_escape(p->t, e->text.at, e->text.len);
		break;
	default: say_status(p, (int)e->arg[0]);
	}
}

void sonde_pen_note(struct sonde_pen *p, const struct sonde_event *e)
{
	switch (e->kind) {
	case SONDE_EVENT_RUN:
		put(p, "run begins");
		if (sonde_backend_name((unsigned)e->n[1]))
			say(p, ", watched by %s", sonde_backend_name((unsigned)e->n[1]));
		for (size_t i = 0, from = 0; i < e->text.len; i++)
			if (!e->text.at[i] || i + 1 == e->text.len) {
				put(p, from ? " " : ": ");
				sonde_text_escape(p->t, e->text.at + from,
						  i - from + (e->text.at[i] != 0));
				from = i + 1;
			}
		break;
	case SONDE_EVENT_BLIND:
		paint(p, SONDE_PAINT_WARN);
		put(p, "not seen in this run: ");
		sonde_text_escape(p->t, e->text.at, e->text.len);
		break;
	case SONDE_EVENT_LOST:
		paint(p, SONDE_PAINT_BAD);
		say(p, "%llu events lost before here, by ", (unsigned long long)e->n[0]);
		sonde_text_escape(p->t, e->text.at, e->text.len);
		break;
	default:
		put(p, "run ends");
		if (e->arg[1]) {
			put(p, ": the command ");
			say_status(p, (int)e->arg[0]);
		}
		if (e->text.len) {
			put(p, "; still running: ");
			sonde_text_escape(p->t, e->text.at, e->text.len);
		}
	}
	paint(p, SONDE_PAINT_PLAIN);
}
