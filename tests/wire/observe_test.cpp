// Observe mode forwards a request that would be denied as it came.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

TEST(observe_mode, forwards_a_path_that_it_would_refuse_as_it_came)
{
    struct {
        std::string sentence, target, forwarded, reason;
    } const rows[] = {
        {"another spelling of a listed path", "/%61ppointments?a=%41", "/%61ppointments?a=%41", "no-token"},
        {"a path that no route lists", "/no%2Dwhere", "/no%2Dwhere", "no-route"},
        {"a path that looks like another", "/%41PPOINTMENTS", "/%41PPOINTMENTS", "no-route"},
        {"a path without a normalized form", "/public/../any", "/public/../any", "ambiguous-path"},
        {"absolute form, whose host goes on as Host", "http://calendar.example.com/%61ny?q", "/%61ny?q",
         "no-token"},
        {"absolute form without a path", "http://calendar.example.com?q", "/?q", "no-route"},
    };
    const calendar c({.more = "mode: observe"});
    for (const auto& r : rows) {
        EXPECT_EQ(c.forwarded(get(r.target)).target, r.forwarded) << r.sentence;
        const auto line =
            c.gate.wait_for_event("request", [&](const log_line& l) { return l["reason"] == r.reason; });
        EXPECT_EQ(line["observe"], "true") << r.sentence;
    }
}

TEST(observe_mode, forwards_a_path_that_it_allows_in_its_normalized_form)
{
    const calendar c({.more = "mode: observe"});
    EXPECT_EQ(c.forwarded(get("/public/%61%2Db?a=%41")).target, "/public/a-b?a=%41");
}

} // namespace
} // namespace scopegate::test
