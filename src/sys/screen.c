#include "sys/screen.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

#include "base/reason.h"

enum { ESCAPE_WAIT = 25 }; /* ms, for the rest of a key that begins with escape */

struct sonde_screen {
	SCREEN *of;
	FILE *out, *in;
	int paint[SONDE_PAINT_END_]; /* attributes */
};

sonde_palette sonde_screen_palette = {
	[SONDE_PAINT_PLAIN] = "\001", [SONDE_PAINT_TITLE] = "\002", [SONDE_PAINT_FAINT] = "\003",
	[SONDE_PAINT_WHO] = "\004",   [SONDE_PAINT_CALL] = "\005",  [SONDE_PAINT_STATE] = "\006",
	[SONDE_PAINT_WIRE] = "\007",  [SONDE_PAINT_WARN] = "\010",  [SONDE_PAINT_BAD] = "\011",
};
_Static_assert((int)SONDE_PAINT_END_ == 9, "a paint has no byte");

/* What out/paint.h has, in attributes; without colours what can be told apart all the same. */
static void choose_paints(struct sonde_screen *s, bool color)
{
	/* clang-format off */
	static const struct { int attribute; short color; bool always; } paint[] = {
		[SONDE_PAINT_TITLE] = { A_BOLD, -1, true },
		[SONDE_PAINT_FAINT] = { A_DIM, -1, false },
		[SONDE_PAINT_WHO] = { A_BOLD, COLOR_CYAN, false },
		[SONDE_PAINT_CALL] = { 0, COLOR_CYAN, false },
		[SONDE_PAINT_STATE] = { 0, COLOR_GREEN, false },
		[SONDE_PAINT_WIRE] = { 0, COLOR_BLUE, false },
		[SONDE_PAINT_WARN] = { 0, COLOR_YELLOW, false },
		[SONDE_PAINT_BAD] = { A_BOLD, COLOR_RED, true },
	};
	/* clang-format on */

	color = color && has_colors() && start_color() == OK && use_default_colors() == OK;
	for (short i = 1; i < SONDE_PAINT_END_; i++) {
		bool pair = color && paint[i].color >= 0 && init_pair(i, paint[i].color, -1) == OK;

		s->paint[i] = (color || paint[i].always ? paint[i].attribute : 0) |
			      (pair ? (int)COLOR_PAIR(i) : 0);
	}
}

/* Terminals send these whatever TERM calls them. */
static void name_keys(void)
{
	/* clang-format off */
	static const struct { const char *sent; int key; } other[] = {
		{ "\033[1~", KEY_HOME }, { "\033[H", KEY_HOME }, { "\033OH", KEY_HOME },
		{ "\033[4~", KEY_END }, { "\033[F", KEY_END }, { "\033OF", KEY_END },
	};
	/* clang-format on */

	for (unsigned i = 0; i < sizeof other / sizeof *other; i++)
		define_key(other[i].sent, other[i].key);
}

/* A stream of its own on this terminal: ncurses closes none. */
static FILE *stream(int fd, const char *mode)
{
	int own = isatty(fd) ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : open("/dev/tty", O_RDWR | O_CLOEXEC);
	FILE *f = own < 0 ? NULL : fdopen(own, mode);

	if (own >= 0 && !f)
		close(own);
	return f;
}

static struct sonde_screen *give_up(struct sonde_screen *s)
{
	if (s->in)
		fclose(s->in);
	if (s->out)
		fclose(s->out);
	free(s);
	return NULL;
}

int sonde_screen_open(struct sonde_screen **ret, int out, bool color)
{
	struct sonde_screen *s;
	int why;

	if (!isatty(out))
		return -ENOTTY;
	s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->out = stream(out, "w");
	s->in = s->out ? stream(STDIN_FILENO, "r") : NULL;
	why = s->in ? SONDE_NO_TERMINAL : -errno;
	s->of = s->in ? newterm(NULL, s->out, s->in) : NULL;
	if (!s->of) {
		give_up(s);
		return why;
	}
	set_escdelay(ESCAPE_WAIT);
	name_keys();
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	choose_paints(s, color);
	*ret = s;
	return 0;
}

struct sonde_screen *sonde_screen_close(struct sonde_screen *s)
{
	if (!s)
		return NULL;
	endwin();
	delscreen(s->of);
	return give_up(s);
}

unsigned sonde_screen_rows(const struct sonde_screen *s)
{
	(void)s;
	return (unsigned)LINES;
}

unsigned sonde_screen_columns(const struct sonde_screen *s)
{
	(void)s;
	return (unsigned)COLS;
}

void sonde_screen_put(struct sonde_screen *s, unsigned row, const char *text, size_t len,
		      bool marked)
{
	int mark = marked ? A_REVERSE : 0;

	if (row >= (unsigned)LINES)
		return;
	move((int)row, 0);
	attrset(mark);
	for (const char *end = text + len, *next; text < end; text = next) {
		unsigned char c = (unsigned char)*text;

		next = text + 1;
		if (c <= SONDE_PAINT_END_) {
			attrset(mark | (c ? s->paint[c - 1] : 0));
			continue;
		}
		while (next < end && (unsigned char)*next > SONDE_PAINT_END_)
			next++;
		addnstr(text, (int)(next - text)); /* stops where the row ends, or goes on below */
		if (getcury(stdscr) != (int)row)
			break;
	}
	attrset(mark);
	if (getcury(stdscr) == (int)row && marked)
		for (int n = COLS - getcurx(stdscr); n > 0; n--)
			addch(' ');
	else if (getcury(stdscr) == (int)row)
		clrtoeol();
	attrset(0);
}

void sonde_screen_show(struct sonde_screen *s)
{
	(void)s;
	refresh();
}

void sonde_screen_renew(struct sonde_screen *s)
{
	(void)s;
	clearok(stdscr, TRUE);
}

int sonde_screen_fd(const struct sonde_screen *s)
{
	return fileno(s->in);
}

static int named(int key)
{
	switch (key) {
	case KEY_UP: return SONDE_KEY_UP;
	case KEY_DOWN: return SONDE_KEY_DOWN;
	case KEY_LEFT: return SONDE_KEY_LEFT;
	case KEY_RIGHT: return SONDE_KEY_RIGHT;
	case KEY_PPAGE: return SONDE_KEY_PAGE_UP;
	case KEY_NPAGE: return SONDE_KEY_PAGE_DOWN;
	case KEY_HOME: return SONDE_KEY_HOME;
	case KEY_END: return SONDE_KEY_END;
	case KEY_BTAB: return SONDE_KEY_BACK_TAB;
	case KEY_RESIZE: return SONDE_KEY_RESIZE;
	case KEY_ENTER:
	case '\r': return SONDE_KEY_ENTER;
	case KEY_BACKSPACE:
	case '\b': return SONDE_KEY_BACKSPACE;
	}
	return key > 0 && key < 128 ? key : SONDE_KEY_OTHER;
}

/* Whether the terminal has gone: then nothing ever comes from it, and it is always ready. */
static bool is_gone(const struct sonde_screen *s)
{
	struct pollfd p = { .fd = fileno(s->in), .events = POLLIN };

	return poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR | POLLNVAL);
}

int sonde_screen_key(struct sonde_screen *s)
{
	int key = getch();

	if (key != ERR)
		return named(key);
	return is_gone(s) ? -EIO : SONDE_KEY_NONE;
}
