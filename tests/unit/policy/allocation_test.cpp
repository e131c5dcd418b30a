// The hot path must not allocate: neither matching nor a decision that permits.
#include "policy/decide.hpp"

#include "support/allocations.hpp"
#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>

namespace scopegate::policy {

namespace {

TEST(allocations, are_counted)
{
    const test::builder b;
    const scopegate::test::allocation_scope scope;
    const auto made = std::make_unique<std::string>(100, 'x');
    const auto array = std::make_unique<int[]>(10);
    [[maybe_unused]] int* volatile seen = array.get(); // clang would remove an unused allocation
    EXPECT_GE(scope.count(), 3U) << "the check below must be able to fail";
    EXPECT_GE(scope.bytes(), 140U);
}

TEST(allocations, do_not_happen_for_a_match_and_a_permit)
{
    test::builder b;
    for (int i = 0; i < 300; ++i)
        b.scope("scope" + std::to_string(i));
    requirement r = b.needs("scope7 | scope1 scope299");
    r.conditions.emplace_back(where_condition{0, "user", json::path("/org/user")});
    r.conditions.emplace_back(acr_condition{{"a class whose name is too long for a small string",
                                             "another one, which is as long as the first one"}});
    r.conditions.emplace_back(max_age_condition{std::chrono::seconds(300)});
    b.route("/users/{user}/photos/{photo}", test::builder::methods{{"GET", r}});
    b.route("/users/admin/{rest...}", test::builder::methods{{"GET", r}});
    b.route("/users/{user}/photos/{photo}/", test::builder::methods{{"GET", r}});
    const auto claims = test::claims(
        {{"org", test::claims({{"user", test::text("a user whose name is too long for a small|string")}})},
         {"acr", test::text("another one, which is as long as the first one")},
         {"auth_time", test::number("1699999880")}});
    granted_scopes scopes;
    b.get().scopes.add_with_implied("scope1", scopes.effective);
    b.get().scopes.add_with_implied("scope299", scopes.effective);
    const bearer token{claims, scopes};
    const policy& p = b.get();
    const std::string path =
        "/users/a%20user%20whose%20name%20is%20too%20long%20for%20a%20small%7Cstring/photos/1";
    const std::string folded = "/users/a user whose name is too long for a small|string/photos/1";

    const scopegate::test::allocation_scope scope;
    const auto match = p.match(path, "GET");
    const bool lookalike = p.is_lookalike(folded, "GET", match);
    const bool allowed = std::holds_alternative<permit>(
        decide(p, match, &token, wall_time{std::chrono::seconds(1'700'000'000)}));
    const auto taken = scope.count();

    EXPECT_TRUE(allowed);
    EXPECT_FALSE(lookalike);
    EXPECT_EQ(taken, 0U);
}

} // namespace

} // namespace scopegate::policy
