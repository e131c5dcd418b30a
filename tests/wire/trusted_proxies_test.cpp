// A client may claim nothing about its own address, in any spelling that an application could take for the
// same field name. Only a proxy that routes.yaml trusts may.
#include "support/calendar.hpp"
#include "support/field_lists.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>

namespace scopegate::test {
namespace {

using testing::HasSubstr;

constexpr const char* names[] = {
    "Forwarded",          "X-Forwarded-For",    "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
    "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-Uri",   "X-Forwarded-User", "X-Forwarded-Email",
    "X-Forwarded-Ssl",    "X-Forwarded-",       "X-Real-IP",         "X-Client-IP",      "True-Client-IP",
    "Client-Cert",        "Client-Cert-Chain",
};
constexpr std::string_view spoofed = "spoofed.example";

std::string upper(std::string name)
{
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return char(std::toupper(c)); });
    return name;
}
std::string lower(std::string name)
{
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return char(std::tolower(c)); });
    return name;
}
// Returns every spelling of `name` with some of its `-` replaced by `_`.
std::vector<std::string> with_underscores(const std::string& name)
{
    std::vector<std::string> out{name};
    for (std::size_t i = 0; i < name.size(); ++i)
        if (name[i] == '-')
            for (std::size_t n = out.size(); n-- > 0;) {
                out.push_back(out[n]);
                out.back()[i] = '_';
            }
    out.erase(out.begin());
    return out;
}

// Returns whether any of the spoofed fields reached the API.
bool reached(const calendar& c, const std::string& name)
{
    const auto seen = c.forwarded(get("/public", {}, name + ": " + std::string(spoofed) + "\r\n"));
    return seen.head.find(spoofed) != std::string::npos;
}

TEST(trusted_proxies, do_not_include_any_client_by_default)
{
    const calendar c;
    for (const std::string name : names) {
        for (const auto& spelled : {name, upper(name), lower(name)})
            EXPECT_FALSE(reached(c, spelled)) << spelled;
        for (const auto& spelled : with_underscores(name)) {
            EXPECT_FALSE(reached(c, spelled)) << spelled;
            EXPECT_FALSE(reached(c, upper(spelled))) << upper(spelled);
        }
    }
}

TEST(trusted_proxies, are_believed_in_the_one_right_spelling)
{
    const calendar c({.server = "trusted_proxies: [127.0.0.0/8]"});
    for (const std::string name : names) {
        for (const auto& spelled : {name, upper(name), lower(name)})
            EXPECT_TRUE(reached(c, spelled)) << spelled;
        for (const auto& spelled : with_underscores(name))
            EXPECT_FALSE(reached(c, spelled)) << spelled;
    }
}

TEST(trusted_proxies, have_no_field_forwarded_by_default_in_any_spelling)
{
    const calendar c;
    for (const std::string name : proxy_claims)
        for (const auto& spelled : {name, upper(name), with_underscores(name).back()})
            EXPECT_FALSE(reached(c, spelled)) << spelled;
    for (const std::string name : target_overrides)
        EXPECT_FALSE(reached(c, name)) << name;
}

TEST(trusted_proxies, have_all_their_fields_forwarded_except_target_overrides)
{
    const calendar c({.server = "trusted_proxies: [127.0.0.0/8]"});
    for (const std::string name : proxy_claims)
        EXPECT_TRUE(reached(c, name)) << name;
    for (const std::string name : target_overrides)
        EXPECT_FALSE(reached(c, name)) << name << ": nobody may send it";
}

TEST(trusted_proxies, do_not_include_neighboring_addresses)
{
    for (const auto* trusted : {"10.0.0.0/8", "127.0.0.2", "127.0.0.0/32", "::1", "::ffff:10.0.0.0/104"}) {
        const calendar c({.server = "trusted_proxies: [\"" + std::string(trusted) + "\"]"});
        EXPECT_FALSE(reached(c, "X-Forwarded-For")) << trusted;
        EXPECT_FALSE(reached(c, "Client-Cert")) << trusted;
    }
    for (const auto* trusted : {"127.0.0.1", "127.0.0.0/31", "::ffff:127.0.0.1", "::ffff:127.0.0.0/104"}) {
        const calendar c({.server = "trusted_proxies: [\"" + std::string(trusted) + "\"]"});
        EXPECT_TRUE(reached(c, "X-Forwarded-For")) << trusted;
    }
}

TEST(trusted_proxies, have_their_fields_extended_and_not_replaced)
{
    const calendar c({.server = "trusted_proxies: [127.0.0.1]"});
    const auto seen = c.forwarded(get("/public", {},
                                      "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n"
                                      "X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example.com\r\n"));
    EXPECT_EQ(seen.value("X-Forwarded-For"), "192.0.2.1, 192.0.2.2, 127.0.0.1") << seen;
    EXPECT_EQ(seen.value("X-Forwarded-Proto"), "https");
    EXPECT_EQ(seen.value("X-Forwarded-Host"), "shop.example.com");
    const auto silent = c.forwarded(get("/public"));
    EXPECT_EQ(silent.value("X-Forwarded-For"), "127.0.0.1");
    EXPECT_EQ(silent.value("X-Forwarded-Proto"), "http");
    EXPECT_EQ(silent.value("X-Forwarded-Host"), "calendar.example.com");
}

TEST(trusted_proxies, are_the_only_ones_whose_forwarded_fields_are_kept)
{
    const calendar c;
    const auto seen =
        c.forwarded(get("/public", {}, "X-Forwarded-For: 192.0.2.1\r\nX_Forwarded_For: 192.0.2.1\r\n"));
    EXPECT_EQ(seen.value("X-Forwarded-For"), "127.0.0.1") << seen;
    EXPECT_EQ(seen.value("X-Forwarded-Proto"), "http");
    EXPECT_EQ(seen.value("X-Forwarded-Host"), "calendar.example.com");
}

// A client's `Connection` must not remove a field in which a trusted proxy speaks.
TEST(trusted_proxies, keep_their_fields_against_connection_of_a_client_behind_them)
{
    const calendar c({.server = "trusted_proxies: [127.0.0.1]"});
    EXPECT_EQ(c.exchange(get("/public", {}, "Connection: X-Real-IP\r\nX-Real-IP: 192.0.2.1\r\n")).status,
              400U);
    EXPECT_TRUE(c.api.requests().empty());
}

TEST(trusted_proxies, change_with_a_reload)
{
    const recording_upstream api;
    gate_settings settings{.upstream = api.url()};
    const gate_process gate(settings);
    raw_client client(gate.address());
    const auto spoof = get("/public", {}, "X-Real-IP: 192.0.2.1\r\n");
    EXPECT_EQ(client.exchange(spoof).status, 200U);
    settings.server = "trusted_proxies: [127.0.0.1]";
    gate.write_routes(settings);
    static_cast<void>(gate.wait_for_event("reloaded"));
    EXPECT_EQ(client.exchange(spoof).status, 200U);
    const auto seen = api.wait_for_requests(2);
    EXPECT_FALSE(seen.at(0).has("X-Real-IP"));
    EXPECT_TRUE(seen.at(1).has("X-Real-IP")) << "the reload applies to the open connection";
    // The pool of the old snapshot is closed with it.
    api.wait_for_closed(1);
}

// The address is the client's, as a trusted proxy tells it; a public route can ask for it too.
TEST(trusted_proxies, tell_the_address_that_a_route_asks_for)
{
    gate_settings settings;
    settings.routes = std::string(calendar_routes);
    const std::string route = "  /any:";
    settings.routes.insert(settings.routes.find(route),
                           "  /inside: {GET: {scopes: public, ip: [10.0.0.0/8]}}\n"
                           "  /inside/own: {GET: {scopes: read:appointments, ip: [10.0.0.0/8]}}\n");
    const calendar stranger(settings);
    settings.server = "trusted_proxies: [127.0.0.1]";
    const calendar trusting(settings);
    const auto from = [](const calendar& c, std::string_view target, const std::string& address,
                         const std::string& token = {}) {
        return c.exchange(get(target, token, "X-Forwarded-For: " + address + "\r\n")).status;
    };
    EXPECT_EQ(from(trusting, "/inside", "10.1.2.3"), 200U);
    EXPECT_EQ(from(trusting, "/inside", "192.0.2.1"), 403U);
    EXPECT_EQ(from(trusting, "/inside", "10.1.2.3, 192.0.2.1"), 403U) << "the last proxy saw 192.0.2.1";
    EXPECT_EQ(from(stranger, "/inside", "10.1.2.3"), 403U) << "any client can set this field";
    const auto token = calendar_token("read:appointments");
    EXPECT_EQ(from(trusting, "/inside/own", "10.1.2.3", token), 200U);
    EXPECT_EQ(from(trusting, "/inside/own", "10.1.2.3"), 401U);
    EXPECT_EQ(from(trusting, "/inside/own", "192.0.2.1", token), 403U);
    EXPECT_EQ(from(trusting, "/inside/own", "192.0.2.1"), 403U) << "before any token";
    const auto line = trusting.gate.wait_for_event(
        "request", [](const log_line& l) { return l["reason"] == "address-not-allowed"; });
    EXPECT_EQ(line["forwarded_for"], "192.0.2.1") << line.text;
}

} // namespace
} // namespace scopegate::test
