#include <check.h>
#include <stdio.h>

#include "base/reason.h"
#include "packet/mold.h"
#include "tests/craft_made.h"

static struct sonde_mold mold;
static struct sonde_arena arena;

#define UDP "eth(dst=02:00:00:00:00:02)/ip(src=10.0.0.1, dst=10.0.0.2)/"

/* clang-format off */
static const char *const molded[] = {
	UDP "udp(sport=1-65535, dport=9)/zero(22)",
	UDP "udp(sport=random, dport={9, 53, 100-200})/\"odd\"",
	"ip(src=10.0.0.0/8, dst=10.1.2.3, id=random, ttl=1-255)/tcp(sport=1-65535@a, dport=80-90@a, seq=random, flags=S)",
	"ip(src=10.0.0.1, dst=random, df, tos=0-255)/icmp(type=8)/icmp_echo(id=step(7), seq=step(1))/\"x\"",
	"ip(src=10.0.0.1, dst=10.0.0.2)/icmp(type=0)/icmp_echo(id=0, seq=0-65535)",
	"ipv6(src=fd00::/64, dst=random, hlim=random(1-9), flow=random)/udp(sport=random, dport=7)",
	"ipv6(src=fd00::1, dst=fd00::2)/tcp(ack=random, mss=1-65535, win=step(3))",
	"ip(src=10.0.0.1, dst=10.0.0.2)/udp/vxlan(vni=0-16777215/255)/eth(src=random)/ip(src=10.0.0.0/24, dst=1.2.3.4)/udp(sport=step(257))/zero(9)",
	"arp/arp_ip(tpa=10.0.0.0/16, sha=random)",
	"eth(src=random)/vlan(id=0-4095)/ip(src=0.0.0.0/0, dst=10.0.0.2)/udp(sum=0xbeef, sport=random)",
	"ip(src=10.0.0.1, dst=10.0.0.2, sum=0, ttl=random)/udp(!sum, sport=random)",
};
static const char *const not_molded[] = {
	"ip(src=10.0.0.1, dst=10.0.0.2, len=20-40)/udp/zero(40)",
	"ip(src=10.0.0.1, dst=10.0.0.2, proto=0-255)",
	"ip(src=10.0.0.1, dst=10.0.0.2)/udp/random(20)",
	"ip(src=10.0.0.1, dst=10.0.0.2)/sctp(sport=1-9)",
	"ip(src=10.0.0.1, dst=10.0.0.2)/udp(sport=1-99)/dns",
	"ip(src=10.0.0.1, dst=10.0.0.2)/frag(mtu=576)/udp(sport=1-9)/zero(2000)",
	"ip(src=10.0.0.1, dst=10.0.0.2)/udp(sum=1-65535)",
};
/* clang-format on */

START_TEST(a_molded_packet_is_the_encoded_one)
{
	static uint8_t want[1 << 17], got[1 << 17];
	struct sonde_craft *c = craft_parsed(molded[_i]);
	uint64_t count = sonde_craft_count(c);
	int r = sonde_mold_make(&mold, c, 42, &arena);

	ck_assert_msg(!r, "%s: %s", molded[_i], sonde_reason_text(r));
	for (uint64_t i = 0; i < 70000; i++) {
		struct sonde_craft_turn turn = { .n = i < 66000 ? i : i * 0x9e3779b97f4a7c15,
						 .seed = 42 };
		struct sonde_draft d;

		sonde_draft_init(&d, want, sizeof want);
		ck_assert_int_eq(sonde_craft_encode(c, &turn, &d), (int)mold.len);
		memset(got, 0xaa, mold.len + 8);
		ck_assert_uint_eq(sonde_mold_put(&mold, turn.n, got), mold.len);
		if (memcmp(want, got, mold.len))
			ck_abort_msg("%s: turn %lu of %lu", molded[_i], (unsigned long)turn.n,
				     (unsigned long)count);
		ck_assert_uint_eq(got[mold.len], 0xaa);
	}
}
END_TEST

START_TEST(what_differs_in_more_than_fields_has_no_mold)
{
	struct sonde_craft *c = craft_parsed(not_molded[_i]);

	ck_assert_int_eq(sonde_mold_make(&mold, c, 42, &arena), SONDE_NO_MOLD);
}
END_TEST

static void done(void)
{
	sonde_arena_done(&arena);
}

Suite *mold_suite(void);
Suite *mold_suite(void)
{
	Suite *s = suite_create("mold");
	TCase *t = tcase_create("mold");

	tcase_add_checked_fixture(t, NULL, done);
	tcase_add_loop_test(t, a_molded_packet_is_the_encoded_one, 0,
			    sizeof molded / sizeof *molded);
	tcase_add_loop_test(t, what_differs_in_more_than_fields_has_no_mold, 0,
			    sizeof not_molded / sizeof *not_molded);
	suite_add_tcase(s, t);
	return s;
}
