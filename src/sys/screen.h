#ifndef SONDE_SYS_SCREEN_H
#define SONDE_SYS_SCREEN_H

/* The whole of a terminal and its keyboard, by ncursesw: rows of text are put, keys are got. One
 * per process. What is on the terminal before it is there again afterwards.
 *
 * The signals of the program stay its own, but for SIGWINCH and SIGTSTP, which ncurses takes: the
 * one comes as SONDE_KEY_RESIZE. */

#include <stdbool.h>
#include <stddef.h>

#include "base/cell.h"
#include "base/key.h"

struct sonde_screen;

/* Takes the terminal at the descriptor out; keys are those of standard input, or where that is no
 * terminal of /dev/tty. -ENOTTY: out is none; SONDE_NO_SCREEN: this was built without ncursesw;
 * SONDE_NO_TERMINAL: nobody knows this kind (TERM); or -errno. color: where it has some. */
int sonde_screen_open(struct sonde_screen **ret, int out, bool color);

/* Gives the terminal back. NULL is fine; returns NULL. */
struct sonde_screen *sonde_screen_close(struct sonde_screen *s);

unsigned sonde_screen_rows(const struct sonde_screen *s);
unsigned sonde_screen_columns(const struct sonde_screen *s);

/* Paints are switched by single bytes within the text that is put, which are none that escaped text
 * has: with this palette src/out writes them. */
extern sonde_palette sonde_screen_palette;

/* This row, from 0, is the text and nothing else; marked: all of it stands out. Rows are put from
 * the uppermost one to the last: of a text that does not fit the rest is on the rows below, until
 * they are put. */
void sonde_screen_put(struct sonde_screen *s, unsigned row, const char *text, size_t len,
		      bool marked);
void sonde_screen_show(struct sonde_screen *s);

/* Everything is drawn anew with the next show. */
void sonde_screen_renew(struct sonde_screen *s);

/* The next key (base/key.h), or SONDE_KEY_NONE: nothing was pressed. Does not wait. -EIO: the
 * keyboard is gone. */
int sonde_screen_key(struct sonde_screen *s);

/* Is readable when there is a key. */
int sonde_screen_fd(const struct sonde_screen *s);

#endif
