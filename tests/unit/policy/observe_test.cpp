// Observe mode: which denials are logged instead of enforced.
#include "policy/decide.hpp"

#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>

namespace scopegate::policy {

namespace {

enum class stays { in_force, observed_by_file, observed_by_any_mode };

// Returns the result that follows from the step of an exchange that gives the reason.
stays expected(reason r)
{
    if (r == reason::malformed_credentials || r == reason::several_tokens) // one could be read as another's
        return stays::in_force;
    switch (row_of(r).at) {
    case request_step::target:
    case request_step::route:
    case request_step::host: // the file's own list of hosts decides, as its routes do
    case request_step::lookalikes:
        return stays::observed_by_file;
    case request_step::token:
    case request_step::issuer:
    case request_step::binding:
    case request_step::origin:
    case request_step::requirement:
        return stays::observed_by_any_mode;
    case request_step::framing:
    case request_step::method_override:
    case request_step::upstream:
    case request_step::limits:
    case request_step::response:
        break;
    }
    return stays::in_force;
}

TEST(observe, follows_the_steps_for_every_reason)
{
    policy enforcing;
    policy observing;
    observing.observe = true;
    requirement plain;
    requirement observed;
    observed.observe = true;
    for (std::size_t i = 0; i < reason_count; ++i) {
        const auto r = static_cast<reason>(i);
        const stays wanted = expected(r);
        EXPECT_FALSE(observe_instead(enforcing, nullptr, r, "GET")) << name(r);
        EXPECT_FALSE(observe_instead(enforcing, &plain, r, "GET")) << name(r);
        EXPECT_EQ(observe_instead(observing, nullptr, r, "GET").has_value(), wanted != stays::in_force)
            << name(r);
        EXPECT_EQ(observe_instead(observing, &plain, r, "GET").has_value(), wanted != stays::in_force)
            << name(r);
        EXPECT_EQ(observe_instead(enforcing, &observed, r, "GET").has_value(),
                  wanted == stays::observed_by_any_mode)
            << name(r) << ": a lookalike of an observed route may be a protected one";
        for (const char* never : {"CONNECT", "TRACE"})
            EXPECT_FALSE(observe_instead(observing, &observed, r, never)) << name(r) << ' ' << never;
        const auto made = observe_instead(observing, nullptr, r, "GET");
        EXPECT_TRUE(!made || made->observed()) << name(r);
    }
}

} // namespace

} // namespace scopegate::policy
