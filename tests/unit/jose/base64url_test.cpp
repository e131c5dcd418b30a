#include "jose/base64url.hpp"

#include <gmock/gmock.h>

namespace scopegate::jose {
namespace {

using testing::Optional;

TEST(base64url, reads_and_writes_the_examples_of_rfc_4648)
{
    const struct {
        std::string_view octets, text;
    } rows[] = {
        {"", ""},
        {"f", "Zg"},
        {"fo", "Zm8"},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg"},
        {"fooba", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy"},
        {"\xFB\xFF\xBF", "-_-_"},
        {std::string_view("\0\0\0\0", 4), "AAAAAA"},
        {"\xFF\xFF\xFF\xFF\xFF", "______8"},
        // RFC 7515 appendix C
        {"\x03\xEC\xFF\xE0\xC1", "A-z_4ME"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(base64url_encode(row.octets), row.text);
        EXPECT_THAT(base64url_decode(row.text), Optional(std::string(row.octets))) << row.text;
    }
}

TEST(base64url, refuses_every_other_spelling)
{
    const struct {
        const char* sentence;
        std::string_view text;
    } rows[] = {
        {"padding", "Zg=="},
        {"padding of one", "Zm8="},
        {"padding alone", "="},
        {"one character of four", "A"},
        {"five characters", "Zm9vA"},
        {"stray bits after one octet", "Zh"},
        {"stray bits after two octets", "Zm9"},
        {"all stray bits", "_________w_"},
        {"plus, of the other alphabet", "+w"},
        {"slash, of the other alphabet", "/w"},
        {"a space in front", " Zm9v"},
        {"a line end behind", "Zm9v\n"},
        {"a line end inside", "Zm\n9v"},
        {"a NUL", std::string_view("Zm9\0", 4)},
        {"a dot", "Zm.v"},
        {"a byte above ASCII", "Zm9\xFF"},
        {"a percent escape", "Zm%39v"},
        {"a foreign character in the last place", "Zm9v!A"},
        {"a foreign character that has zero bits only", "Zm9vA="},
    };
    for (const auto& row : rows)
        EXPECT_EQ(base64url_decode(row.text), std::nullopt) << row.sentence;
}

TEST(base64url, has_one_spelling_for_each_octet_string)
{
    // Among all texts of two and of three characters, exactly as many must be valid as octet strings exist.
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    int two = 0, three = 0;
    for (const char a : alphabet)
        for (const char b : alphabet) {
            two += base64url_decode(std::string{a, b}).has_value();
            for (const char c : alphabet)
                three += base64url_decode(std::string{a, b, c}).has_value();
        }
    EXPECT_EQ(two, 256);
    EXPECT_EQ(three, 65536);
}

TEST(base64url, survives_a_round_trip_at_every_length)
{
    std::string octets;
    for (int i = 0; i < 300; ++i) {
        EXPECT_THAT(base64url_decode(base64url_encode(octets)), Optional(octets));
        octets += static_cast<char>(i * 37);
    }
}

} // namespace
} // namespace scopegate::jose
