#include "sys/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

bool sonde_privilege_has(int cap)
{
	return !capng_get_caps_process() && capng_have_capability(CAPNG_EFFECTIVE, (unsigned)cap);
}

const char *sonde_privilege_name(int cap)
{
	return capng_capability_to_name((unsigned)cap);
}

int sonde_privilege_drop(int keep)
{
	bool kept = keep >= 0 && sonde_privilege_has(keep);
	int failed = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		failed = -errno;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (sonde_privilege_has(CAP_SETPCAP)) {
		/* Needs CAP_SETPCAP, so before the rest goes. */
		for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	}
	capng_clear(CAPNG_SELECT_CAPS);
	if (kept && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, (unsigned)keep))
		failed = -EINVAL;
	if (capng_apply(CAPNG_SELECT_CAPS) && !failed)
		failed = -EPERM;
	return failed;
}

size_t sonde_privilege_missing(char *ret, size_t size, const int *want, size_t n)
{
	char list[256], words[256], self[4096];
	size_t list_len = 0, words_len = 0, lacks = 0, nth = 0;
	ssize_t path;

	for (size_t i = 0; i < n; i++)
		lacks += !sonde_privilege_has(want[i]);
	if (!lacks)
		return 0;
	for (size_t i = 0; i < n; i++) {
		const char *name = sonde_privilege_name(want[i]);

		if (sonde_privilege_has(want[i]) || !name || list_len > 200 || words_len > 200)
			continue;
		list_len += (size_t)snprintf(list + list_len, sizeof list - list_len, "%scap_%s",
					     nth ? "," : "", name);
		words_len +=
			(size_t)snprintf(words + words_len, sizeof words - words_len, "%scap_%s",
					 !nth		   ? ""
					 : nth + 1 < lacks ? ", "
							   : " and ",
					 name);
		nth++;
	}
	path = readlink("/proc/self/exe", self, sizeof self - 1);
	lacks = (size_t)snprintf(ret, size, "lacks %s; setcap %s+ep %.*s, or root, would give %s",
				 words, list, path > 0 ? (int)path : 7, path > 0 ? self : "PROGRAM",
				 lacks == 1 ? "it" : "them");
	return lacks < size ? lacks : size - 1;
}
