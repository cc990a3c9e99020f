#ifndef SONDE_PACKET_SSH_H
#define SONDE_PACKET_SSH_H

/* The line by which each side of SSH begins. */

#include "packet/app.h"

struct sonde_reach sonde_ssh_reach(const struct sonde_range *r);

/* How many bytes of it there are without its end. */
uint32_t sonde_ssh_line(const uint8_t *s, uint32_t len);

#endif
