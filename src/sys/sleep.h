#ifndef SONDE_SYS_SLEEP_H
#define SONDE_SYS_SLEEP_H

/* Waiting, and the signals that end a wait. Signals become facts that are asked for; no handler
 * does more than note one down or pass it on. One per process: signals are the process's.
 *
 *	sonde_sleep_init();
 *	while (!sonde_sleep_signal())
 *		sonde_sleep(fds, n, patience);
 *	sonde_sleep_done();
 */

#include <poll.h>
#include <sys/types.h>

#include "base/time.h"

/* SIGPIPE is ignored from here on (a write fails with EPIPE), SIGCHLD wakes the sleeper, and HUP
 * INT QUIT TERM ask the program to end; what was ignored when we were started stays ignored. */
void sonde_sleep_init(void);

/* Puts back dispositions and mask as they were before init, also in a child after fork. */
void sonde_sleep_done(void);

/* While pid is not 0, a signal that somebody sent to us with kill(2) goes to that process, unless
 * it sent it itself; one that the terminal sent to the whole foreground group has reached it
 * already. None of them asks us to end, as long as the process is there. HUP INT QUIT TERM, USR1
 * USR2 ALRM, and no stop signal. */
void sonde_sleep_forward(pid_t pid);

/* From now on, until done, this signal wakes the sleeper and is counted, no more: for statistics on
 * request. SIGUSR1 or SIGUSR2; SIGQUIT, which then asks nobody to end. */
void sonde_sleep_count(int signal);

/* How many of them came since it was asked last. */
unsigned sonde_sleep_counted(void);

/* Like poll(2) for at most ms milliseconds (-1: without end), but a child's change of state and a
 * signal that asks us to end wake it as well, even when they came between two sleeps. fds may be
 * NULL with n 0. Returns how many are ready, 0 after time or signal, or -errno. */
int sonde_sleep(struct pollfd *fds, unsigned n, int ms);

/* The same for so many nanoseconds; UINT64_MAX: without end. */
int sonde_sleep_for(struct pollfd *fds, unsigned n, sonde_ns time);

/* The same in another thread than the main one, which no signal wakes. */
int sonde_sleep_aside(struct pollfd *fds, unsigned n, sonde_ns time);

/* The signal that asks the program to end, or 0. */
int sonde_sleep_signal(void);

#endif
