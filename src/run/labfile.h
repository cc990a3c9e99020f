#ifndef SONDE_RUN_LABFILE_H
#define SONDE_RUN_LABFILE_H

/* The description of a lab, read from a file and planned. */

#include "lab/lab.h"

struct sonde_labfile {
	struct sonde_arena arena; /* holds all of it */
	struct sonde_lab lab;
	int source; /* descriptor of the text as it was read; -1 */
};

struct sonde_labfile_error {
	char file[256]; /* that is wrong, or cannot be read */
	unsigned line;	/* 0: none in particular */
	char text[512]; /* a sentence without a full stop; "": the code says it */
};

/* "-" is standard input. The profiles that it names are read too, from the folder of the file. 0;
 * SONDE_DESCRIPTION; -errno. To be given to done in any case. */
int sonde_labfile_read(struct sonde_labfile *ret, const char *path,
		       struct sonde_labfile_error *ret_error);

/* Of a descriptor that another program's `source` was: the names of nodes and links alone. */
int sonde_labfile_names(struct sonde_labfile *ret, int source,
			struct sonde_labfile_error *ret_error);

void sonde_labfile_done(struct sonde_labfile *f);

#endif
