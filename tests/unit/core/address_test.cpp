// SPDX-License-Identifier: Apache-2.0
#include "core/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace portcullis {
namespace {

Prefix prefix(std::string_view text) { return Prefix::parse(text)->prefix; }

TEST(Address, ParsesAndPrintsBothFamilies) {
    for (const char* text : {"0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::10", "2001:db8:0:1:1:1:1:1"}) {
        const auto address = Address::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->to_string(), text);
    }
    EXPECT_EQ(Address::parse("2001:DB8:0:0:0:0:0:10")->to_string(), "2001:db8::10");
}

TEST(Address, RefusesEverythingElse) {
    for (const char* text : {"", "192.0.2", "192.0.2.256", "192.0.2.01", " 192.0.2.1", "192.0.2.1 ", "192.0.2.1/32", "0x7f.1", "1", "[::1]",
                             "fe80::1%eth0", "2001:db8:::1", "2001:db8::12345", "1:2:3:4:5:6:7:8:9", "name"}) {
        EXPECT_FALSE(Address::parse(text)) << text;
    }
    EXPECT_FALSE(Address::parse(std::string_view("192.0.2.1\0", 10)));
    EXPECT_FALSE(Address::parse(std::string(100, '1')));
}

TEST(Address, KeepsTheFamiliesApart) {
    EXPECT_EQ(Address::parse("192.0.2.1"), Address::ipv4(192, 0, 2, 1));
    EXPECT_NE(Address::parse("::"), Address::parse("0.0.0.0"));
    EXPECT_EQ(Address::parse("::ffff:192.0.2.1")->family, Family::Ipv6);
}

TEST(Prefix, ClearsHostBitsAndTellsWhetherThereWereAny) {
    const auto parsed = Prefix::parse("192.0.2.77/26");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->prefix.to_string(), "192.0.2.64/26");
    EXPECT_TRUE(parsed->had_host_bits);
    EXPECT_FALSE(Prefix::parse("192.0.2.64/26")->had_host_bits);
    EXPECT_EQ(prefix("2001:db8::ff/121").to_string(), "2001:db8::80/121");
    EXPECT_EQ(prefix("203.0.113.9/0").to_string(), "0.0.0.0/0");
    EXPECT_EQ(prefix("::1/128").to_string(), "::1/128");
}

TEST(Prefix, RefusesABadLength) {
    for (const char* text : {"192.0.2.0", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+1", "192.0.2.0/08", "192.0.2.0/00",
                             "192.0.2.0/8 ", "192.0.2.0/8/8", "::/129", "::/1000", "/8", "192.0.2.0/255.255.255.0"}) {
        EXPECT_FALSE(Prefix::parse(text)) << text;
    }
}

TEST(Prefix, ContainsWhatItsBitsSay) {
    EXPECT_TRUE(prefix("10.0.0.0/8").contains(*Address::parse("10.255.255.255")));
    EXPECT_FALSE(prefix("10.0.0.0/8").contains(*Address::parse("11.0.0.0")));
    EXPECT_TRUE(prefix("0.0.0.0/0").contains(*Address::parse("255.255.255.255")));
    EXPECT_FALSE(prefix("0.0.0.0/0").contains(*Address::parse("::")));
    EXPECT_FALSE(prefix("::/0").contains(*Address::parse("10.0.0.1")));
    EXPECT_TRUE(prefix("2001:db8::/33").contains(*Address::parse("2001:db8:7fff::")));
    EXPECT_FALSE(prefix("2001:db8::/33").contains(*Address::parse("2001:db8:8000::")));
}

TEST(Prefix, ContainsLongerPrefixesAndOverlapsBothWays) {
    EXPECT_TRUE(prefix("10.0.0.0/8").contains(prefix("10.1.0.0/16")));
    EXPECT_FALSE(prefix("10.1.0.0/16").contains(prefix("10.0.0.0/8")));
    EXPECT_TRUE(prefix("10.1.0.0/16").overlaps(prefix("10.0.0.0/8")));
    EXPECT_FALSE(prefix("10.1.0.0/16").overlaps(prefix("10.2.0.0/16")));
    EXPECT_FALSE(prefix("0.0.0.0/0").overlaps(prefix("::/0")));
}

TEST(Prefix, SortsBeforeThePrefixesThatItContains) {
    std::vector<Prefix> prefixes = {prefix("10.1.0.0/16"), prefix("::/0"), prefix("10.0.0.0/16"), prefix("10.0.0.0/8"),
                                    prefix("0.0.0.0/0")};
    std::sort(prefixes.begin(), prefixes.end());
    EXPECT_THAT(prefixes, testing::ElementsAre(prefix("0.0.0.0/0"), prefix("10.0.0.0/8"), prefix("10.0.0.0/16"), prefix("10.1.0.0/16"),
                                               prefix("::/0")));
}

TEST(Prefix, HoldsOneAddressAsAHost) {
    EXPECT_EQ(Prefix::host(*Address::parse("192.0.2.1")).to_string(), "192.0.2.1/32");
    EXPECT_EQ(Prefix::host(*Address::parse("2001:db8::1")).to_string(), "2001:db8::1/128");
}

TEST(Mac, ParsesEitherCaseAndPrintsLowerCase) {
    EXPECT_EQ(Mac::parse("0A:1b:2C:3d:4E:5f")->to_string(), "0a:1b:2c:3d:4e:5f");
    for (const char* text :
         {"", "0a:1b:2c:3d:4e", "0a:1b:2c:3d:4e:5f:60", "0a-1b-2c-3d-4e-5f", "0a:1b:2c:3d:4e:5g", "0a:1b:2c:3d:4e:5 ", "0a1b.2c3d.4e5f"}) {
        EXPECT_FALSE(Mac::parse(text)) << text;
    }
}

TEST(Mac, TellsGroupAndZeroAddresses) {
    EXPECT_TRUE(Mac::parse("ff:ff:ff:ff:ff:ff")->is_multicast());
    EXPECT_TRUE(Mac::parse("01:00:5e:00:00:12")->is_multicast());
    EXPECT_FALSE(Mac::parse("02:00:00:00:00:01")->is_multicast());
    EXPECT_TRUE(Mac{}.is_zero());
    EXPECT_FALSE(Mac::parse("00:00:00:00:00:01")->is_zero());
}

// The example of RFC 4291, appendix A, with its universal bit inverted.
TEST(Mac, MakesTheModifiedEui64LinkLocalAddress) {
    EXPECT_EQ(Mac::parse("34:56:78:9a:bc:de")->link_local().to_string(), "fe80::3656:78ff:fe9a:bcde");
    EXPECT_EQ(Mac::parse("02:00:00:00:00:01")->link_local().to_string(), "fe80::ff:fe00:1");
}

}  // namespace
}  // namespace portcullis
