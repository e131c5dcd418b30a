#include "access/client_address.hpp"

#include "support/allocations.hpp"
#include "support/fields.hpp"

#include <gtest/gtest.h>

#include <string>

namespace scopegate::access {
namespace {

using test::field_texts;

// Trusts 10.0.0.0/8 and 2001:db8:aaaa::/48.
struct sample {
    sample() { p.server.trusted_proxies = {network("10.0.0.0", 96 + 8), network("2001:db8:aaaa::", 48)}; }
    static policy::network network(std::string_view address, unsigned prefix)
    {
        return {net::parse_address(address).value(), prefix};
    }
    static net::peer peer(std::string_view address)
    {
        net::peer who;
        who.text = address;
        who.is_ip = true;
        who.address = net::parse_address(address).value();
        return who;
    }
    [[nodiscard]] std::string forwarded(std::string_view from, const field_texts& fields) const
    {
        return text(forwarded_address(p, peer(from), test::fields_of(fields)));
    }
    static std::string text(const std::optional<net::address_bytes>& address)
    {
        net::address_text_buffer out;
        return address ? std::string(net::address_text(*address, out)) : std::string("-");
    }
    policy::policy p;
};

TEST(client_address, is_the_first_untrusted_address_from_the_nearest_proxy_on)
{
    struct row {
        std::string_view sentence;
        std::string_view value;
        std::string_view address;
    };
    const row rows[] = {
        {"the only entry", "203.0.113.9", "203.0.113.9"},
        {"what the client wrote in front of it does not count", "198.51.100.1, 203.0.113.9", "203.0.113.9"},
        {"trusted proxies are passed over", "203.0.113.9, 10.0.0.1, 10.0.0.2", "203.0.113.9"},
        {"and nothing beyond the first that is not", "198.51.100.1,203.0.113.9,10.0.0.1", "203.0.113.9"},
        {"all are trusted: the farthest", "10.0.0.3, 10.0.0.1", "10.0.0.3"},
        {"IPv6", "2001:db8::1", "2001:db8::1"},
        {"IPv6 in another spelling", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"IPv6 in brackets", "[2001:db8::1]", "2001:db8::1"},
        {"IPv6 in brackets with a port", "[2001:db8::1]:4711", "2001:db8::1"},
        {"a trusted IPv6 proxy", "203.0.113.9, 2001:db8:aaaa::7", "203.0.113.9"},
        {"a v4-mapped address is the IPv4 one", "::ffff:203.0.113.9", "203.0.113.9"},
        {"and is trusted as such", "203.0.113.9, ::ffff:10.0.0.1", "203.0.113.9"},
        {"a port", "203.0.113.9:4711", "203.0.113.9"},
        {"empty elements", " ,, 203.0.113.9 ,\t, ", "203.0.113.9"},
        {"an unknown client hides behind its proxy", "unknown, 10.0.0.1", "10.0.0.1"},
        {"an obfuscated one too", "_hidden, 10.0.0.1", "10.0.0.1"},
        {"and nobody is named where the nearest entry is none", "203.0.113.9, unknown", "-"},
        {"an obfuscated identifier", "203.0.113.9, _hidden", "-"},
        {"garbage", "203.0.113.9, <script>", "-"},
        {"a name", "client.example.com", "-"},
        {"a quoted address", "\"203.0.113.9\"", "-"},
        {"octets with leading zeros, which some read as octal", "010.0.0.1", "-"},
        {"too few octets", "203.0.113", "-"},
        {"a number", "3405803785", "-"},
        {"an octet too large", "203.0.113.256", "-"},
        {"a zone", "fe80::1%eth0", "-"},
        {"an open bracket", "[2001:db8::1", "-"},
        {"an empty pair of brackets", "[]", "-"},
        {"IPv4 in brackets", "[203.0.113.9]", "-"},
        {"something behind the bracket", "[2001:db8::1]x", "-"},
        {"a port of no digits", "203.0.113.9:", "-"},
        {"a port with letters", "203.0.113.9:80a", "-"},
        {"a port too long", "203.0.113.9:123456", "-"},
        {"two addresses in one entry", "203.0.113.9 198.51.100.1", "-"},
        {"a NUL", std::string_view("203.0.113.9\0", 12), "-"},
    };
    const sample s;
    for (const auto& row : rows)
        EXPECT_EQ(s.forwarded("10.9.9.9", {{"X-Forwarded-For", row.value}}), row.address) << row.sentence;
}

TEST(client_address, falls_back_to_Forwarded)
{
    struct row {
        std::string_view sentence;
        std::string_view value;
        std::string_view address;
    };
    const row rows[] = {
        {"the only element", "for=203.0.113.9", "203.0.113.9"},
        {"any letter case, among other pairs", "proto=https; FOR=203.0.113.9;by=10.0.0.1", "203.0.113.9"},
        {"quoted, with brackets and a port", R"(for="[2001:db8::1]:4711")", "2001:db8::1"},
        {"an obfuscated port", R"(for="203.0.113.9:_a")", "203.0.113.9"},
        {"from the nearest on", "for=198.51.100.1, for=203.0.113.9, for=10.0.0.1", "203.0.113.9"},
        {"unknown", "for=203.0.113.9, for=unknown", "-"},
        {"obfuscated", "for=203.0.113.9, for=_hidden", "-"},
        {"hidden behind a proxy", "for=_hidden, for=10.0.0.1", "10.0.0.1"},
        {"an element without for", "for=203.0.113.9, proto=https", "-"},
        {"two for in one element", "for=203.0.113.9;for=198.51.100.1", "-"},
        {"an open quote of the client's", R"(for="198.51.100.1, for=203.0.113.9)", "203.0.113.9"},
        {"an element inside a quoted string", R"(for=203.0.113.9;host="a,for=198.51.100.1")", "-"},
        {"with more pairs", R"(for=203.0.113.9;host="a,for=198.51.100.1;x=";by=10.0.0.1)", "-"},
        {"an escape", R"(for="203.0.113.\9")", "-"},
        {"no value", "for=", "-"},
        {"no equals sign", "for", "-"},
        {"something behind the quotes", R"(for="203.0.113.9"x)", "-"},
        {"a name that is no token", "f or=203.0.113.9", "-"},
    };
    const sample s;
    for (const auto& row : rows)
        EXPECT_EQ(s.forwarded("10.9.9.9", {{"Forwarded", row.value}}), row.address) << row.sentence;
}

TEST(client_address, uses_the_field_that_counts)
{
    struct row {
        std::string_view sentence;
        field_texts fields;
        std::string_view address;
    };
    const row rows[] = {
        {"no field", {}, "-"},
        {"X-Real-IP", {{"X-Real-IP", "203.0.113.9"}}, "203.0.113.9"},
        {"two X-Real-IP", {{"X-Real-IP", "203.0.113.9"}, {"X-Real-IP", "203.0.113.9"}}, "-"},
        {"X-Real-IP is no list", {{"X-Real-IP", "198.51.100.1, 203.0.113.9"}}, "-"},
        {"X-Forwarded-For before the others",
         {{"X-Real-IP", "198.51.100.1"},
          {"Forwarded", "for=198.51.100.2"},
          {"X-Forwarded-For", "203.0.113.9"}},
         "203.0.113.9"},
        {"also where its entry is no address",
         {{"X-Real-IP", "198.51.100.1"}, {"X-Forwarded-For", "unknown"}},
         "-"},
        {"Forwarded before X-Real-IP",
         {{"X-Real-IP", "198.51.100.1"}, {"Forwarded", "for=203.0.113.9"}},
         "203.0.113.9"},
        {"an empty list is none", {{"X-Forwarded-For", " , "}, {"X-Real-IP", "203.0.113.9"}}, "203.0.113.9"},
        {"several fields are one list",
         {{"X-Forwarded-For", "198.51.100.1, 203.0.113.9"}, {"X-Forwarded-For", "10.0.0.1"}},
         "203.0.113.9"},
        {"spelled with an underscore it is another field", {{"X_Forwarded_For", "203.0.113.9"}}, "-"},
    };
    const sample s;
    for (const auto& row : rows)
        EXPECT_EQ(s.forwarded("10.9.9.9", row.fields), row.address) << row.sentence;
}

TEST(client_address, believes_trusted_proxies_only)
{
    const sample s;
    const auto fields = test::fields_of({{"X-Forwarded-For", "203.0.113.9"}});
    EXPECT_EQ(s.text(forwarded_address(s.p, s.peer("192.0.2.1"), fields)), "-");
    EXPECT_EQ(s.text(client_address(s.p, s.peer("192.0.2.1"), fields)), "192.0.2.1");
    EXPECT_EQ(s.text(client_address(s.p, s.peer("10.0.0.1"), fields)), "203.0.113.9");
    EXPECT_EQ(s.text(client_address(s.p, s.peer("10.0.0.1"), {})), "10.0.0.1");
    EXPECT_EQ(s.text(client_address(s.p, s.peer("2001:db8:aaaa::1"), fields)), "203.0.113.9");
    EXPECT_EQ(s.text(client_address(s.p, net::peer{}, fields)), "-")
        << "a peer on a unix socket has no address";
}

TEST(client_address, reads_a_bounded_part_of_a_long_list_and_allocates_nothing)
{
    const sample s;
    std::string list = "203.0.113.9";
    for (int i = 0; i < 5000; ++i)
        list += ", 10.0.0.1";
    const auto fields = test::fields_of({{"X-Forwarded-For", list}});
    const auto peer = s.peer("10.9.9.9");
    const test::allocation_scope heap;
    const auto found = forwarded_address(s.p, peer, fields);
    EXPECT_EQ(heap.count(), 0U);
    EXPECT_EQ(s.text(found), "10.0.0.1");
    const std::string commas(30'000, ',');
    EXPECT_EQ(s.forwarded("10.9.9.9", {{"X-Forwarded-For", commas}}), "-");
}

} // namespace
} // namespace scopegate::access
