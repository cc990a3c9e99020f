#include <stdio.h>
#include <string.h>

#include "base/reason.h"
#include "run/doctor_inside.h"
#include "sys/device.h"

enum { DEVICES = 64 };

static void add(char *list, size_t size, const char *word)
{
	size_t len = strlen(list);

	snprintf(list + len, size - len, "%s%s", len ? " " : "", word);
}

static void say_offloads(struct sonde_doctor *d, const struct sonde_device *v)
{
	char list[160] = "";
	const char *word;

	for (unsigned i = 0; (word = sonde_device_offload(v->offload, i)); i++)
		add(list, sizeof list, word);
	sonde_doctor_say(d, "interface", v->name, SONDE_DOCTOR_OK, *list ? list : NULL, NULL,
			 *list ? "offloads: a capture on this machine shows packets before or "
				 "after these, so larger or without sums, not as on the wire"
			       : "no offloads: a capture shows packets as they are on the wire");
}

static void say_stamps(struct sonde_doctor *d, const struct sonde_device *v)
{
	static const char *const words[] = { "tx-software", "rx-software", "tx-hardware",
					     "rx-hardware" };
	const uint32_t both = SONDE_DEVICE_TX_SOFTWARE | SONDE_DEVICE_RX_SOFTWARE;
	char list[80] = "";

	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (v->stamps >> i & 1)
			add(list, sizeof list, words[i]);
	if (v->stamps & SONDE_DEVICE_NO_STAMPS)
		sonde_doctor_say(d, "interface", v->name, SONDE_DOCTOR_UNKNOWN, NULL, NULL,
				 "the driver does not tell where its times of packets come from");
	else if ((v->stamps & both) == both)
		sonde_doctor_say(d, "interface", v->name, SONDE_DOCTOR_OK, list, NULL,
				 "times of packets: a round trip is between two stamps of the "
				 "kernel%s",
				 v->hardware ? "; the hardware can stamp every packet itself" : "");
	else
		sonde_doctor_say(d, "interface", v->name, SONDE_DOCTOR_MISSING, *list ? list : NULL,
				 NULL,
				 "times of packets: the driver stamps not both ways, so a round "
				 "trip begins or ends with the program's own clock");
}

void sonde_doctor_devices(struct sonde_doctor *d)
{
	struct sonde_device list[DEVICES];
	int n;

	if (!sonde_doctor_wants(d, "capture craft ping trace"))
		return;
	n = sonde_device_list(list, DEVICES);
	if (n < 0)
		sonde_doctor_say(d, "interface", "all", SONDE_DOCTOR_UNKNOWN, NULL, NULL,
				 "interfaces: %s", sonde_reason_text(n));
	for (int i = 0; i < n; i++) {
		if (!list[i].up)
			continue;
		say_offloads(d, &list[i]);
		say_stamps(d, &list[i]);
	}
}
