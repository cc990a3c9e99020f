#ifndef SONDE_SYS_DRIVER_H
#define SONDE_SYS_DRIVER_H

/* What the driver of an interface is asked, by any socket that was opened in its namespace. Each
 * returns 0 or more, or -errno. */

/* The number of the interface. */
int sonde_driver_index(int fd, const char *name);

/* As sonde_link_carrier and sonde_link_plain, link.h. */
int sonde_driver_carrier(int fd, const char *name);
int sonde_driver_plain(int fd, const char *name);

#endif
