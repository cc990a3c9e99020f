#include "base/reason.h"

#include <string.h>

const char *sonde_reason_text(int code)
{
	/* clang-format off */
	static const char *const texts[] = {
#define R(id, slug, text) [id - SONDE_REASON_BASE_ - 1] = text,
		SONDE_REASONS(R)
#undef R
	};
	/* clang-format on */

	if (code > SONDE_REASON_BASE_ && code < SONDE_REASON_END_)
		return texts[code - SONDE_REASON_BASE_ - 1];
	if (code < 0 && code >= -4095) {
		const char *text = strerrordesc_np(-code);

		return text ? text : "an error the system has no name for";
	}
	return "success";
}
