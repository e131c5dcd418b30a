#include "upstream/retry.hpp"

#include <gtest/gtest.h>

namespace scopegate::upstream {
namespace {

TEST(retry_rule, repeats_requests_without_a_body_whose_method_is_idempotent)
{
    struct {
        const char* method;
        bool idempotent;
    } const rows[] = {
        {"GET", true},   {"HEAD", true},   {"PUT", true},   {"DELETE", true}, {"OPTIONS", true},
        {"POST", false}, {"PATCH", false}, {"LOCK", false}, {"QUERY", false}, {"CONNECT", false},
        {"GETS", false}, {"", false},      {"get", false}, // methods are case-sensitive
    };
    for (const auto& r : rows) {
        EXPECT_EQ(is_idempotent(r.method), r.idempotent) << r.method;
        EXPECT_EQ(may_repeat(r.method, true), r.idempotent) << r.method;
        EXPECT_FALSE(may_repeat(r.method, false)) << r.method << ": what was read of the body is gone";
    }
}

} // namespace
} // namespace scopegate::upstream
