#include "policy/nearest.hpp"
#include "support/allocations.hpp"
#include "unit/policy/builder.hpp"

#include <gtest/gtest.h>

#include <string>

namespace scopegate::policy {
namespace {

TEST(nearest_route, names_the_template_closest_to_the_path)
{
    test::builder b;
    for (const auto* text : {"/appointments", "/appointments/{id}", "/users/{user}/appointments",
                             "/files/{rest...}", "/healthz", "/api/v1/rooms/", "/accounts/{account}:suspend"})
        b.route(text, {{"GET", "public"}});
    struct row {
        const char* path;
        const char* nearest;
        const char* sentence;
    } const rows[] = {
        {"/appointment", "/appointments", "a letter is missing"},
        {"/apointments/17", "/appointments/{id}", "a parameter's value costs nothing"},
        {"/Appointments", "/appointments", "another letter case"},
        {"/appointments/", "/appointments", "a slash at the end"},
        {"/api/v2/rooms/", "/api/v1/rooms/", "another version"},
        {"/v1/users/ada/appointments", "/users/{user}/appointments", "a prefix too many"},
        {"/file/a/b/c/d", "/files/{rest...}", "any number of segments behind"},
        {"/health", "/healthz", "a short one"},
        {"/apointments/17/", "/appointments/{id}", "a slash too many"},
        {"/accounts/a-long-name:suspnd", "/accounts/{account}:suspend", "a letter beside a parameter"},
        {"/acounts/7:suspend", "/accounts/{account}:suspend", "a letter before it"},
        {"/users/ada/apointments/", "/users/{user}/appointments", "a slash and a letter"},
    };
    for (const auto& r : rows) {
        const auto* found = nearest_route(b.get(), r.path);
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->text, r.nearest) << r.path << ": " << r.sentence;
    }
}

TEST(nearest_route, is_null_for_a_file_without_routes)
{
    test::builder b;
    EXPECT_EQ(nearest_route(b.get(), "/a"), nullptr);
}

// A client chooses the path, and each additional template adds a comparison.
TEST(nearest_route, bounds_its_work)
{
    test::builder b;
    const std::string literal(200, 'a');
    for (int i = 0; i < 5'000; ++i)
        b.route("/" + literal + "/" + std::to_string(i) + "/" + literal, {{"GET", "public"}});
    std::string path;
    for (int i = 0; i < 1'000; ++i)
        path += "/" + std::string(100, 'b');
    const scopegate::test::allocation_scope allocations;
    EXPECT_EQ(nearest_route(b.get(), path), nullptr) << "a wrong suggestion is worse than none";
    EXPECT_EQ(allocations.count(), 0U);
}

} // namespace
} // namespace scopegate::policy
