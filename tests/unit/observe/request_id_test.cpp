#include "observe/request_id.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

namespace scopegate::observe {
namespace {

struct id_row {
    const char* sentence;
    std::string id;
    bool kept;
};

TEST(request_id, is_kept_from_a_client_only_if_harmless)
{
    const id_row rows[] = {
        {"a UUID", "3f2b9c1e-8d5a-4c1e-9f0a-1b2c3d4e5f60", true},
        {"a load balancer's", "Root=1-67891233-abcdef012345678912345678", true},
        {"base64", "aGVsbG8+/w==", true},
        {"the longest", std::string(128, 'a'), true},
        {"too long", std::string(129, 'a'), false},
        {"none", "", false},
        {"a space", "a b", false},
        {"a quote would end a JSON string", "a\"b", false},
        {"a backslash", "a\\b", false},
        {"a line break would forge a log line", "a\nb", false},
        {"a comma joins two fields", "a,b", false},
        {"a semicolon", "a;b", false},
        {"a shell's dollar", "$(x)", false},
        {"markup", "<b>", false},
        {"a NUL", std::string("a\0b", 3), false},
        {"not ASCII", "caf\xC3\xA9", false},
    };
    for (const auto& row : rows)
        EXPECT_EQ(is_request_id(row.id), row.kept) << row.sentence;
}

TEST(request_id, is_generated_as_128_unique_bits_in_hex)
{
    std::set<std::string> seen;
    request_id_buffer buffer;
    for (int i = 0; i < 1000; ++i) {
        const auto id = new_request_id(buffer);
        ASSERT_EQ(id.size(), 32U);
        ASSERT_EQ(id.find_first_not_of("0123456789abcdef"), std::string_view::npos) << id;
        ASSERT_TRUE(is_request_id(id));
        ASSERT_TRUE(seen.emplace(id).second) << id;
    }
}

TEST(request_id, differs_between_threads)
{
    request_id_buffer here;
    request_id_buffer there;
    std::thread([&] { (void)new_request_id(there); }).join();
    (void)new_request_id(here);
    EXPECT_NE(here, there);
}

} // namespace
} // namespace scopegate::observe
