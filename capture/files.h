#ifndef SONDE_CAPTURE_FILES_H
#define SONDE_CAPTURE_FILES_H

/* Several readers as one stream by time. Of items of the same time, those of the reader added first
 * come first; an item without a time comes right behind the one before it in its file. Within a
 * file the order is the file's, even where its times go back. */

#include "capture/reader.h"

struct sonde_files;

/* -ENOMEM. */
int sonde_files_open(struct sonde_files **ret);

/* A reader that has not been read from; it is closed with the files. Its number, from 0; -ENOMEM,
 * then it stays the caller's. */
int sonde_files_add(struct sonde_files *f, struct sonde_reader *r);

/* 1: the next item is in *ret, of the file *ret_from, and borrowed from its reader until the next
 * call. 0: no file has more. A file that fails ends alone: see sonde_files_ended. */
int sonde_files_next(struct sonde_files *f, struct sonde_item *ret, unsigned *ret_from);

/* NULL where there is no such file. */
struct sonde_reader *sonde_files_reader(const struct sonde_files *f, unsigned n);

/* How this file has ended: 0 well, or what sonde_reader_next gave; 1 while it goes on. */
int sonde_files_ended(const struct sonde_files *f, unsigned n);

/* NULL is fine; returns NULL. */
struct sonde_files *sonde_files_close(struct sonde_files *f);

#endif
