// What a caller may say of where it comes from: nothing, unless it is a proxy that routes.yaml trusts. In no
// spelling that an application could take for the same name.
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
// Every way to write `_` for some of the `-`, but for none.
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

// Whether anything of what was spoofed reached the API.
bool reached(const calendar& c, const std::string& name)
{
    const auto seen = c.forwarded(get("/public", {}, name + ": " + std::string(spoofed) + "\r\n"));
    return seen.head.find(spoofed) != std::string::npos;
}

TEST(trusted_proxies, by_default_nobody_is_believed)
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

TEST(trusted_proxies, those_named_are_believed_in_the_one_right_spelling)
{
    const calendar c({.server = "trusted_proxies: [127.0.0.0/8]"});
    for (const std::string name : names) {
        for (const auto& spelled : {name, upper(name), lower(name)})
            EXPECT_TRUE(reached(c, spelled)) << spelled;
        for (const auto& spelled : with_underscores(name))
            EXPECT_FALSE(reached(c, spelled)) << spelled;
    }
}

TEST(trusted_proxies, no_other_word_of_a_proxy_is_believed_by_default)
{
    const calendar c;
    for (const std::string name : proxy_claims)
        for (const auto& spelled : {name, upper(name), with_underscores(name).back()})
            EXPECT_FALSE(reached(c, spelled)) << spelled;
    for (const std::string name : target_overrides)
        EXPECT_FALSE(reached(c, name)) << name;
}

TEST(trusted_proxies, every_word_of_those_named_is_passed_on)
{
    const calendar c({.server = "trusted_proxies: [127.0.0.0/8]"});
    for (const std::string name : proxy_claims)
        EXPECT_TRUE(reached(c, name)) << name;
    for (const std::string name : target_overrides)
        EXPECT_FALSE(reached(c, name)) << name << ": from nobody";
}

TEST(trusted_proxies, others_are_not_believed_by_being_near)
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

TEST(trusted_proxies, what_they_say_is_added_to_and_not_replaced)
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

TEST(trusted_proxies, callers_are_told_to_the_api_as_they_came)
{
    const calendar c;
    const auto seen =
        c.forwarded(get("/public", {}, "X-Forwarded-For: 192.0.2.1\r\nX_Forwarded_For: 192.0.2.1\r\n"));
    EXPECT_EQ(seen.value("X-Forwarded-For"), "127.0.0.1") << seen;
    EXPECT_EQ(seen.value("X-Forwarded-Proto"), "http");
    EXPECT_EQ(seen.value("X-Forwarded-Host"), "calendar.example.com");
}

// A field that a trusted proxy speaks in must not vanish by the caller's `Connection`.
TEST(trusted_proxies, a_caller_behind_them_can_not_have_their_word_dropped)
{
    const calendar c({.server = "trusted_proxies: [127.0.0.1]"});
    EXPECT_EQ(c.exchange(get("/public", {}, "Connection: X-Real-IP\r\nX-Real-IP: 192.0.2.1\r\n")).status,
              400U);
    EXPECT_TRUE(c.api.requests().empty());
}

TEST(trusted_proxies, a_reload_changes_who_is_believed)
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
    EXPECT_TRUE(seen.at(1).has("X-Real-IP")) << "on the same connection";
    // The pool of the old generation has gone with it.
    api.wait_for_closed(1);
}

} // namespace
} // namespace scopegate::test
