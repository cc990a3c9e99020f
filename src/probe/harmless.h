#ifndef SONDE_PROBE_HARMLESS_H
#define SONDE_PROBE_HARMLESS_H
#include "base/address.h"
bool sonde_address_is_local(const struct sonde_address *a);
#endif
