#include "out/paint.h"

sonde_palette sonde_paint_palette = {
	[SONDE_PAINT_PLAIN] = "\033[0m",  [SONDE_PAINT_TITLE] = "\033[1m",
	[SONDE_PAINT_FAINT] = "\033[2m",  [SONDE_PAINT_WHO] = "\033[1;36m",
	[SONDE_PAINT_CALL] = "\033[36m",  [SONDE_PAINT_STATE] = "\033[32m",
	[SONDE_PAINT_WIRE] = "\033[34m",  [SONDE_PAINT_WARN] = "\033[33m",
	[SONDE_PAINT_BAD] = "\033[1;31m",
};
