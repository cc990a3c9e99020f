/* Packets from a mold are those that the language encodes, to the byte. */
#include "packet/mold.h"
#include "tests/craft_made.h"

Suite *mold_suite(void);

static uint8_t cast[CRAFT_MOST];

static const char *const molded[] = {
	"eth/ip(src=10.0.0.1, dst=10.0.0.2)/udp(sport=1024-65535, dport=9)/zero(22)",
	"ip(dst=10.0.0.0/16, id=step(1))/tcp(sport=random, dport={22, 80, 443}, "
	"seq=random)/\"odd\"",
	"ip(src=random, dst=random)/udp(sport=random, dport=random)/\"x\"",
	"ip(ttl=random, tos=random)/icmp(type=0)/icmp_echo(id=0-3, seq=0-3)",
	"ipv6(src=2001:db8::/112, dst=random, flow=random)/udp(dport=random)/\"abc\"",
	"ipv6(hlim=1-255)/icmpv6/icmpv6_echo(seq=step(7))",
	"eth(dst=random, src=random)/vlan(id=1-4094)/ip/tcp(flags=random, win=random, mss=random)",
	"ip/udp(dport=4789)/vxlan(vni=random)/eth/ip(src=random, "
	"dst=random)/udp(sport=random)/\"in\"",
	"ip(src=random)/ip(src=random, dst=random)/tcp(seq=step(1000, 5), ts(val=random, "
	"ecr=random))",
	"ip(len=random, checksum=0)/udp(len=random)/\"pinned\"",
	"ip/udp(sum=random, dport=random)",
	"ip(rr(ptr=random, hop=random))/udp",
	"ip(df=random, mf=0)/udp(sport=random)/zero(1471)",
	"eth/arp/arp_ip(spa=10.0.0.0/24, tpa=random, sha=random)",
	"ip/udp(dport=53)/dns(id=random, rd, name(\"example.com\"), raw(00010001))",
	"ppp_short(proto=0x21)/ip(src=random, ttl=random)/udp(sport=random)/\"at odd bytes\"",
	"ip(src=0.0.0.0/0, dst=0.0.0.0, id=random)/udp(sport=0-65535, dport=0, len=0)",
	"ip(src=10.0.0.1, dst=10.0.0.2)/udp(sport=1-99, dport=53)/dns",
	"ip(proto=0-255, frag_offset=random, mf=random)/udp(sport=random)",
	"ip(src=10.0.0.1, dst=10.0.0.2)/icmp(type=0)/icmp_echo(id=0, seq=0-65535)",
	"ip/gre(key=random)/ip/udp",
	"ip/icmp/icmp_unreach/ip(src=random, dst=random)/udp(sport=random, "
	"dport=random)/\"quoted\"",
};

static const char *const whole[] = {
	"ip/sctp(sport=random)/\"its sum is no sum\"",
	"ip/udp/random(8)",

	"ip/udp(dport=9)",
	"ip/frag(mtu=100)/udp(dport=random)/zero(300)",
	"ip/udp(sport=1-99)/dns", /* 53 leads to it as well */
	"ip/udp(sport=random)/vxlan/eth",
	"ip/udp(sport=random, sport=5)",
	"ipv6/pim(version=0-3)/zero(20)",
	"ipv6/ospf(autype=0-3)/zero(20)",
	"ipv6(dst=random)/ipv6_routing(segleft=0-1)/udp",
	"ip/udplite(coverage=random)/zero(100)",
};

static struct sonde_mold *mold(const struct sonde_craft *c)
{
	return sonde_mold_make(c, 1, craft_bytes, CRAFT_MOST, &craft_arena);
}

START_TEST(a_mold_gives_the_packets_that_encode_gives)
{
	struct sonde_craft *c = craft_parsed(molded[_i]);
	struct sonde_mold *m = mold(c);

	ck_assert_msg(m != NULL, "%s: no mold", molded[_i]);
	for (uint64_t n = 0; n < 20000; n++) {
		struct sonde_draft d = craft_turn(c, n);

		ck_assert_uint_eq(d.p.len, sonde_mold_length(m));
		sonde_mold_cast(m, n, cast);
		if (!memcmp(cast, craft_bytes, d.p.len))
			continue;
		for (uint32_t i = 0; i < d.p.len; i++)
			ck_assert_msg(cast[i] == craft_bytes[i],
				      "%s: turn %lu, byte %u: %02x, not %02x", molded[_i],
				      (unsigned long)n, i, cast[i], craft_bytes[i]);
	}
	sonde_arena_rewind(&craft_arena);
}
END_TEST

START_TEST(what_is_no_plain_sum_has_no_mold)
{
	ck_assert_ptr_null(mold(craft_parsed(whole[_i])));
	sonde_arena_rewind(&craft_arena);
}
END_TEST

Suite *mold_suite(void)
{
	Suite *s = suite_create("mold");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, a_mold_gives_the_packets_that_encode_gives, 0,
			    sizeof molded / sizeof *molded);
	tcase_add_loop_test(t, what_is_no_plain_sum_has_no_mold, 0, sizeof whole / sizeof *whole);
	suite_add_tcase(s, t);
	return s;
}
