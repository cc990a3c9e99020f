#ifndef SONDE_SYS_FILE_H
#define SONDE_SYS_FILE_H

/* Files as the pure rooms want them: a sink for text, a pull for readers. arg is a pointer to the
 * descriptor. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Writes all of it, however often that takes; 0 or -errno. A sink of base/text.h. */
int sonde_file_sink(void *arg, const char *at, size_t len);

/* Up to len bytes: how many, 0 at the end, or -errno. A pull of capture/reader.h. */
ssize_t sonde_file_pull(void *arg, void *buf, size_t len);

/* Made or emptied, for writing, closed by exec; a descriptor or -errno. "-" is standard output. */
int sonde_file_make(const char *name);
/* For reading; "-" is standard input. */
int sonde_file_open(const char *name);

/* How a report should look on this descriptor: its width in columns (0: not a terminal), and
 * whether the locale's characters are UTF-8. */
unsigned sonde_file_width(int fd);
unsigned sonde_file_height(int fd); /* in lines; 0: not a terminal */
bool sonde_file_utf8(void);

#endif
