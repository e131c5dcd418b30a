// The keys of session tickets: what a file may hold, and what a rotation forgets.
#include "net/ticket_keys.hpp"

#include "net/tls_error.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace scopegate::net {
namespace {

using testing::HasSubstr;

// Returns `size` bytes that begin with 16 times `name`.
std::string bytes(char name, std::size_t size = 80)
{
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<char>('0' + i % 64);
    std::fill_n(out.begin(), 16, name);
    return out;
}

std::vector<ticket_keys::file> files(const std::vector<std::string>& texts)
{
    std::vector<ticket_keys::file> out;
    for (const auto& text : texts)
        out.push_back({"tickets.key", secret(text)});
    return out;
}

std::optional<ticket_keys::found> find(const ticket_keys& keys, const ticket_key& like)
{
    return keys.find(like.name);
}

TEST(ticket_keys, come_from_files_in_their_order)
{
    const ticket_keys keys(files({bytes('a') + bytes('b'), bytes('c', 48)}));
    ticket_key a, b, c, d;
    a.name.fill('a');
    b.name.fill('b');
    c.name.fill('c');
    d.name.fill('d');
    EXPECT_EQ(keys.first().name, a.name);
    ASSERT_TRUE(find(keys, a) && find(keys, b) && find(keys, c));
    EXPECT_TRUE(find(keys, a)->first);
    EXPECT_FALSE(find(keys, b)->first);
    EXPECT_FALSE(find(keys, d));
    const auto text = bytes('a');
    const auto long_key = find(keys, a)->key, short_key = find(keys, c)->key;
    EXPECT_EQ(long_key.used, 32U);
    EXPECT_TRUE(std::equal(long_key.mac.begin(), long_key.mac.end(), text.begin() + 16)) << "as in nginx";
    EXPECT_TRUE(std::equal(long_key.cipher.begin(), long_key.cipher.end(), text.begin() + 48));
    EXPECT_EQ(short_key.used, 16U);
    EXPECT_TRUE(std::equal(short_key.cipher.begin(), short_key.cipher.begin() + 16, text.begin() + 16));
    EXPECT_TRUE(std::equal(short_key.mac.begin(), short_key.mac.begin() + 16, text.begin() + 32));
}

TEST(ticket_keys, refuse_other_files)
{
    const struct {
        std::vector<std::string> texts;
        const char* message;
    } rows[] = {
        {{""}, "has 0 bytes: keys of session tickets have 80 bytes each, or 48 in all"},
        {{bytes('a').substr(1)}, "has 79 bytes"},
        {{bytes('a') + "\n"}, "has 81 bytes"},
        {{bytes('a', 48) + bytes('b', 48)}, "has 96 bytes"},
        {{bytes('a'), bytes('b').substr(0, 40)}, "has 40 bytes"},
        {{bytes('a') + bytes('a')}, "repeats the first 16 bytes of another key"},
        {{bytes('a'), bytes('a', 48)}, "repeats the first 16 bytes of another key"},
        {{std::string(80, '\0')}, "is not random"},
    };
    for (const auto& row : rows)
        try {
            const ticket_keys keys(files(row.texts));
            ADD_FAILURE() << row.message;
        } catch (const tls_error& refused) {
            EXPECT_THAT(refused.what(), HasSubstr(row.message));
            EXPECT_THAT(refused.what(), HasSubstr("\"tickets.key\""));
        }
    std::string many;
    for (std::size_t i = 0; i <= ticket_keys::max_keys; ++i)
        many += bytes(static_cast<char>(i + 1));
    EXPECT_THROW(ticket_keys(files({many})), tls_error);
    EXPECT_NO_THROW(ticket_keys(files({many.substr(80)})));
}

TEST(ticket_keys, decrypt_for_one_period_after_their_own)
{
    ticket_keys keys;
    const auto first = keys.first();
    EXPECT_NE(first.name, ticket_keys().first().name) << "random keys of another process";
    keys.rotate();
    ASSERT_TRUE(find(keys, first));
    EXPECT_FALSE(find(keys, first)->first);
    EXPECT_EQ(find(keys, first)->key.cipher, first.cipher);
    EXPECT_NE(keys.first().cipher, first.cipher);
    keys.rotate();
    EXPECT_FALSE(find(keys, first));
}

} // namespace
} // namespace scopegate::net
