#include "run/scan_report.h"

#include <netinet/in.h>

#include "out/csv.h"
#include "out/json.h"
#include "probe/words.h"

enum { FEW = 16 }; /* ports of a state that are told one by one */

/* clang-format off */
static const struct sonde_column port_columns[] = { SONDE_PORT_COLUMNS(SONDE_MEMBER_COLUMN, sonde_port_record) };
static const struct sonde_column scan_columns[] = { SONDE_SCAN_COLUMNS(SONDE_MEMBER_COLUMN, sonde_scan_record) };
static const struct sonde_column scanned_columns[] = { SONDE_SCANNED_COLUMNS(SONDE_MEMBER_COLUMN, sonde_scanned_record) };
/* clang-format on */
#define ALL(columns) columns, sizeof(columns) / sizeof *(columns)
const struct sonde_schema sonde_port_schema = { "port", ALL(port_columns) },
			  sonde_scan_schema = { "scan", ALL(scan_columns) },
			  sonde_scanned_schema = { "scanned", ALL(scanned_columns) };

static bool is_udp(const struct sonde_scan_report *r)
{
	return r->plan->ports.look[0].method == SONDE_METHOD_UDP;
}

static const char *answer_of(const struct sonde_port *p, uint16_t family)
{
	switch (p->answer) {
	case SONDE_ANSWER_SYN_ACK: return "syn-ack";
	case SONDE_ANSWER_RST: return "rst";
	case SONDE_ANSWER_DATA: return "data";
	case SONDE_ANSWER_ERROR: return sonde_words_of_error(family, p->type, p->code);
	default: return NULL;
	}
}

static const char *service_of(const struct sonde_scan_report *r, uint16_t port)
{
	return r->names ? sonde_names_port(r->names, is_udp(r) ? IPPROTO_UDP : IPPROTO_TCP, port)
			: NULL;
}

/* The record of a port; texts that are written are in from. */
static void record_of(const struct sonde_scan_report *r, uint32_t target, uint32_t i,
		      char from[static 64], struct sonde_port_record *ret)
{
	const struct sonde_port *p = sonde_portscan_port(r->ports, target, i);
	uint16_t family = r->ports->survey.to[target].family;

	sonde_record_clear(&sonde_port_schema, ret);
	ret->name = r->ports->survey.name[target];
	ret->protocol = is_udp(r) ? "udp" : "tcp";
	ret->port = r->plan->ports.port[i];
	ret->service = service_of(r, (uint16_t)ret->port);
	ret->state = sonde_port_word(p->state);
	ret->answer = answer_of(p, family);
	if (p->answer == SONDE_ANSWER_ERROR) {
		ret->type = p->type;
		ret->code = p->code;
		ret->from = sonde_survey_put_host(from, &r->ports->router[p->from]);
	}
	if (p->ttl >= 0)
		ret->ttl = (uint64_t)p->ttl;
	ret->rtt_ns = p->rtt;
	ret->probes = p->probes;
}

/* ---- lines ---- */

static void say_port(const struct sonde_scan_report *r, const struct sonde_port_record *p)
{
	sonde_text_print(r->out, "  %5llu  %-13s", (unsigned long long)p->port, p->state);
	if (r->names)
		sonde_text_print(r->out, " %-15s", p->service ? p->service : "");
	if (p->answer) {
		sonde_text_print(r->out, " %s", p->answer);
		if (p->from)
			sonde_text_print(r->out, " from %s", p->from);
		if (p->ttl != SONDE_ABSENT)
			sonde_text_print(r->out, ", ttl %llu", (unsigned long long)p->ttl);
		if (p->rtt_ns != SONDE_ABSENT)
			sonde_text_print(r->out, ", %.3f ms", (double)p->rtt_ns / 1e6);
	} else if (p->probes) {
		sonde_text_print(r->out, " no answer to %llu probe%s",
				 (unsigned long long)p->probes, p->probes == 1 ? "" : "s");
	}
	sonde_text_str(r->out, "\n");
}

/* Whether ports of this state are told one by one. */
static bool is_told(const struct sonde_scan_report *r, uint8_t state,
		    const uint64_t count[static SONDE_PORT_STATES])
{
	if (state == SONDE_PORT_OPEN)
		return true;
	return !r->plan->only_open && count[state] <= FEW;
}

/* "65530 closed: rst", of those that were not told. */
static void say_rest(const struct sonde_scan_report *r, uint32_t target,
		     const uint64_t count[static SONDE_PORT_STATES])
{
	uint16_t family = r->ports->survey.to[target].family;

	for (uint8_t s = 0; s < SONDE_PORT_STATES; s++) {
		const char *answer = NULL;
		bool several = false;

		if (!count[s] || is_told(r, s, count))
			continue;
		for (uint32_t i = 0; i < r->plan->ports.n; i++) {
			const struct sonde_port *p = sonde_portscan_port(r->ports, target, i);
			const char *a = answer_of(p, family);

			if (p->state != s)
				continue;
			several |= answer && a && a != answer;
			answer = a ? a : answer;
		}
		sonde_text_print(r->out, "  %llu %s%s%s%s\n", (unsigned long long)count[s],
				 sonde_port_word(s), s ? ": " : "",
				 !s	  ? ""
				 : answer ? answer
					  : "no answer",
				 several ? " and others" : "");
	}
}

static void say_target(const struct sonde_scan_report *r, uint32_t target, const char *address,
		       const uint64_t count[static SONDE_PORT_STATES])
{
	const char *name = r->ports->survey.name[target];
	struct sonde_port_record p;
	char from[64];

	sonde_text_escape(r->out, name, strlen(name));
	if (strcmp(name, address) != 0)
		sonde_text_print(r->out, " (%s)", address);
	sonde_text_print(r->out, ": %u port%s of %s\n", r->plan->ports.n,
			 r->plan->ports.n == 1 ? "" : "s", is_udp(r) ? "udp" : "tcp");
	for (uint32_t i = 0; i < r->plan->ports.n; i++)
		if (is_told(r, sonde_portscan_port(r->ports, target, i)->state, count)) {
			record_of(r, target, i, from, &p);
			say_port(r, &p);
		}
	say_rest(r, target, count);
}

/* ---- records ---- */

static void tell_ports(const struct sonde_scan_report *r, uint32_t target, const char *address)
{
	struct sonde_port_record p;
	char from[64];

	for (uint32_t i = 0; i < r->plan->ports.n; i++) {
		record_of(r, target, i, from, &p);
		p.target = address;
		if (r->plan->only_open &&
		    sonde_portscan_port(r->ports, target, i)->state != SONDE_PORT_OPEN)
			continue;
		if (r->plan->form == SONDE_SCAN_CSV)
			sonde_csv_row(r->out, &sonde_port_schema, &p);
		else
			sonde_json_record(r->out, &sonde_port_schema, &p);
	}
}

void sonde_scan_report_target(const struct sonde_scan_report *r, uint32_t target)
{
	uint64_t count[SONDE_PORT_STATES];
	struct sonde_scan_record s;
	char text[64];
	const char *address = sonde_survey_put_host(text, &r->ports->survey.to[target]);

	sonde_portscan_count(r->ports, target, count);
	if (r->plan->form == SONDE_SCAN_LINES) {
		say_target(r, target, address, count);
		return;
	}
	tell_ports(r, target, address);
	if (r->plan->form == SONDE_SCAN_CSV)
		return;
	sonde_record_clear(&sonde_scan_schema, &s);
	s.target = address;
	s.name = r->ports->survey.name[target];
	s.protocol = is_udp(r) ? "udp" : "tcp";
	s.ports = r->plan->ports.n;
	s.open = count[SONDE_PORT_OPEN];
	s.closed = count[SONDE_PORT_CLOSED];
	s.filtered = count[SONDE_PORT_FILTERED];
	s.unreachable = count[SONDE_PORT_UNREACHABLE];
	s.open_or_filtered = count[SONDE_PORT_OPEN_OR_FILTERED];
	s.unknown = count[SONDE_PORT_UNKNOWN];
	sonde_json_record(r->out, &sonde_scan_schema, &s);
}

void sonde_scan_report_end(const struct sonde_scan_report *r, struct sonde_scanned_record *e)
{
	if (r->plan->form == SONDE_SCAN_CSV)
		return;
	if (r->plan->form == SONDE_SCAN_JSON) {
		sonde_json_record(r->out, &sonde_scanned_schema, e);
		return;
	}
	sonde_text_print(r->out, "%llu probes in %.3f s by %s, %llu of them again",
			 (unsigned long long)e->sent, (double)e->took_ns / 1e9, e->mode,
			 (unsigned long long)e->repeated);
	if (e->losses)
		sonde_text_print(r->out, "; %llu port%s answered only then",
				 (unsigned long long)e->losses, e->losses == 1 ? "" : "s");
	if (e->refused)
		sonde_text_print(r->out, "; %llu did not leave", (unsigned long long)e->refused);
	if (e->dropped)
		sonde_text_print(r->out, "; %llu answers were dropped here",
				 (unsigned long long)e->dropped);
	sonde_text_str(r->out, "\n");
}
