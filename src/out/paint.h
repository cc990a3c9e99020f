#ifndef SONDE_OUT_PAINT_H
#define SONDE_OUT_PAINT_H

/* The colours of meanings (base/cell.h), as the SGR sequences of ECMA-48 section 8.3.117. Only the
 * eight colours every terminal has, and never colour alone: the words say it too. */

#include "base/cell.h"

extern sonde_palette sonde_paint_palette;

#endif
