#include "tokens/client_certificate.hpp"

#include "jose/sha256.hpp"
#include "support/fields.hpp"

#include <gtest/gtest.h>

namespace scopegate::tokens {
namespace {

using test::fields_of;

TEST(client_certificate, must_be_one_byte_sequence)
{
    const struct {
        const char* value;
        std::string octets;
    } rows[] = {
        {":YWJj:", "abc"},
        {":YQ==:", "a"},
        {":YWI=:", "ab"},
        {":+/+/:", "\xfb\xff\xbf"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(forwarded_certificate(fields_of({{"Client-Cert", row.value}})),
                  jose::sha256_base64url(row.octets))
            << row.value;
}

TEST(client_certificate, is_ignored_if_it_could_be_read_in_two_ways)
{
    for (const auto* value : {"",           ":",
                              "::",         "YWJj",
                              ":YWJj",      "YWJj:",
                              ":YWJj:;a=b", ":YWJj:, :YWJj:",
                              ": YWJj:",    ":YW Jj:",
                              ":YQ:",       ":YQ=:",
                              ":YQ===:",    ":YR==:",
                              ":YWJ=:",     ":====:",
                              ":=:",        ":Y===:",
                              ":-_-_:",     ":YW=j:",
                              "\"YWJj\"",   "-----BEGIN CERTIFICATE-----",
                              "%3AYWJj%3A", ":YWJj::YWJj:"})
        EXPECT_FALSE(forwarded_certificate(fields_of({{"Client-Cert", value}}))) << value;
    EXPECT_FALSE(forwarded_certificate(fields_of({})));
    EXPECT_FALSE(forwarded_certificate(fields_of({{"Client_Cert", ":YWJj:"}})));
    EXPECT_FALSE(forwarded_certificate(fields_of({{"Client-Cert", ":YWJj:"}, {"Client-Cert", ":YWJj:"}})));
    EXPECT_FALSE(forwarded_certificate(fields_of({{"Client-Cert", ":YWJj:"}, {"CLIENT_CERT", ":eHl6:"}})));
    EXPECT_FALSE(forwarded_certificate(fields_of({{"Client-Cert-Chain", ":YWJj:"}})));
}

} // namespace
} // namespace scopegate::tokens
