// The headers in which proxies send the certificate of their client: what each form accepts, and what it does
// not.
#include "tokens/client_certificate.hpp"

#include "jose/base64url.hpp"
#include "jose/sha256.hpp"
#include "support/fields.hpp"
#include "tokens/certificate_forms.hpp"

#include <gtest/gtest.h>

namespace scopegate::tokens {
namespace {

using test::fields_of;
using form = policy::client_cert_header::form;
using state = certificate_header::state;

policy::client_cert_header header(form how, std::string name)
{
    return {std::move(name), how, true};
}

const policy::client_cert_header by_default;

std::string text_of(const certificate_header& h)
{
    return h.how == state::absent ? "absent" : h.how == state::unreadable ? "unreadable" : h.thumbprint;
}

// "abc" stands for the client's certificate, and "xyz" for another one.
const std::string own = jose::sha256_base64url("abc");
const std::string own_pem = "-----BEGIN%20CERTIFICATE-----%0AYWJj%0A-----END%20CERTIFICATE-----";
const std::string other_pem = "-----BEGIN%20CERTIFICATE-----%0AeHl6%0A-----END%20CERTIFICATE-----%0A";
// SHA-256 of "abc" and "xyz" in hexadecimal digits.
const std::string own_hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const std::string other_hash = "3608bca1e44ea6c4d268eb6db02260269892c0b42b86bbf1e77a6fa16c3c9282";

struct row {
    std::string value;
    bool is_own; // otherwise it has no certificate
    const char* why;
};

void expect(form how, const std::vector<row>& rows)
{
    for (const auto& [value, is_own, why] : rows)
        EXPECT_EQ(certificate_thumbprint(value, how).value_or("none"), is_own ? own : "none")
            << why << ": " << value.substr(0, 200);
}

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
        EXPECT_EQ(text_of(forwarded_certificate(fields_of({{"Client-Cert", row.value}}), by_default)),
                  jose::sha256_base64url(row.octets))
            << row.value;
}

TEST(client_certificate, is_unreadable_if_it_could_be_read_in_two_ways)
{
    for (const auto* value : {":",
                              "::",
                              "YWJj",
                              ":YWJj",
                              "YWJj:",
                              ":YWJj:;a=b",
                              ":YWJj:, :YWJj:",
                              ": YWJj:",
                              ":YW Jj:",
                              ":YQ:",
                              ":YQ=:",
                              ":YQ===:",
                              ":YR==:",
                              ":YWJ=:",
                              ":====:",
                              ":=:",
                              ":Y===:",
                              ":-_-_:",
                              ":YW=j:",
                              "\"YWJj\"",
                              "-----BEGIN CERTIFICATE-----",
                              "%3AYWJj%3A",
                              ":YWJj::YWJj:"})
        EXPECT_EQ(text_of(forwarded_certificate(fields_of({{"Client-Cert", value}}), by_default)),
                  "unreadable")
            << value;
}

TEST(client_certificate, is_that_of_the_configured_header_alone)
{
    const auto in = header(form::base64, "X-My-Cert");
    const struct {
        test::field_texts fields;
        std::string outcome;
        const char* why;
    } rows[] = {
        {{{"X-My-Cert", "YWJj"}}, own, "the header"},
        {{{"x-mY-cert", "YWJj"}}, own, "letter case does not matter"},
        {{}, "absent", "no header"},
        {{{"X-My-Cert", ""}}, "absent", "a proxy without a client certificate may send it empty"},
        {{{"Client-Cert", ":YWJj:"}}, "absent", "another header of this kind"},
        {{{"X-My-Cert-Chain", "YWJj"}}, "absent", "a longer name"},
        {{{"X_My_Cert", "YWJj"}}, "unreadable", "a spelling that CGI reads alike"},
        {{{"X-My-Cert", "YWJj"}, {"X-My-Cert", "YWJj"}}, "unreadable", "twice"},
        {{{"X-My-Cert", "YWJj"}, {"X-My_Cert", "eHl6"}}, "unreadable", "twice, in two spellings"},
        {{{"X-My-Cert", ""}, {"X-My-Cert", "YWJj"}}, "unreadable", "twice, once empty"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(text_of(forwarded_certificate(fields_of(row.fields), in)), row.outcome) << row.why;
}

TEST(client_certificate, may_be_percent_encoded_pem)
{
    const std::string crlf = "-----BEGIN%20CERTIFICATE-----%0D%0AYWJj%0D%0A-----END%20CERTIFICATE-----%0D%0A";
    expect(form::pem_percent,
           {{own_pem + "%0A", true, "as nginx and ALB send it"},
            {own_pem, true, "without the last line end"},
            {crlf, true, "with CRLF"},
            {own_pem + "%0a" + other_pem, true, "a chain: the client's certificate comes first"},
            {"-----BEGIN%20CERTIFICATE-----%0AYW%0AJj%0A-----END%20CERTIFICATE-----%0A", true, "two lines"},
            {"%2D%2D%2D%2D%2DBEGIN%20CERTIFICATE%2D%2D%2D%2D%2D%0A%59WJj%0A-----END%20CERTIFICATE-----", true,
             "more is encoded than needed"},
            {"", false, "nothing"},
            {"YWJj", false, "no PEM"},
            {own_pem + "%0", false, "a broken triplet"},
            {own_pem + "%", false, "half a triplet"},
            {own_pem + "%zz", false, "no hexadecimal digits"},
            {own_pem + "%0Ax", false, "something behind"},
            {own_pem + "%0A%0A", false, "an empty line"},
            {own_pem + "%0A" + other_pem.substr(0, 40), false, "the second certificate is cut"},
            {"%0A" + own_pem, false, "something before"},
            {"-----BEGIN+CERTIFICATE-----%0AYWJj%0A-----END+CERTIFICATE-----%0A", false, "+ is no space"},
            {"-----BEGIN%20CERTIFICATE-----%0AYWJj-----END%20CERTIFICATE-----", false, "no line end"},
            {"-----BEGIN%20CERTIFICATE-----%0A-----END%20CERTIFICATE-----", false, "no octets"},
            {"-----BEGIN%20CERTIFICATE-----%0AYW%20Jj%0A-----END%20CERTIFICATE-----", false, "a space"},
            {"-----BEGIN%20CERTIFICATE-----%0AYWJ%0A-----END%20CERTIFICATE-----", false, "no padding"},
            {"-----BEGIN%20CERTIFICATE-----%0A%0AYWJj%0A-----END%20CERTIFICATE-----", false, "an empty line"},
            {"-----BEGIN%20PUBLIC%20KEY-----%0AYWJj%0A-----END%20PUBLIC%20KEY-----", false, "another label"},
            {"-----BEGIN CERTIFICATE----- YWJj -----END CERTIFICATE-----", false, "nginx's $ssl_client_cert"},
            {own_pem.substr(0, 40), false, "cut"},
            {std::string(max_certificate_value, 'x') + own_pem, false, "too long"}});
    std::string plus = "-----BEGIN%20CERTIFICATE-----%0A+/+/%0A-----END%20CERTIFICATE-----%0A";
    EXPECT_EQ(certificate_thumbprint(plus, form::pem_percent), jose::sha256_base64url("\xfb\xff\xbf"))
        << "ALB leaves + = / as they are";
}

TEST(client_certificate, may_be_base64)
{
    expect(form::base64, {{"YWJj", true, "as Traefik and HAProxy send it"},
                          {"YWJj,eHl6", true, "a chain: the client's certificate comes first"},
                          {"%59WJj", true, "percent-encoded, as old versions of Traefik do"},
                          {"", false, "nothing"},
                          {",YWJj", false, "an empty first certificate"},
                          {"YWJj,", false, "an empty last certificate"},
                          {"YWJj, eHl6", false, "a space"},
                          {"YWJj,eHl", false, "no padding in the second"},
                          {"YWJj%2CeHl6", false, "an encoded comma"},
                          {"YWJj%", false, "half a triplet"},
                          {"YWJ", false, "no padding"},
                          {":YWJj:", false, "another form"},
                          {"-_-_", false, "base64url"},
                          {own_pem, false, "PEM"}});
    EXPECT_EQ(certificate_thumbprint("%2B%2F%2B/", form::base64), jose::sha256_base64url("\xfb\xff\xbf"));
}

TEST(client_certificate, may_be_the_only_element_of_xfcc)
{
    const auto cert = "Cert=\"" + own_pem + "%0A\"", other_cert = "Cert=\"" + other_pem + "\"";
    const auto hash = "Hash=" + own_hash, other = "Hash=" + other_hash;
    expect(
        form::xfcc,
        {{hash, true, "the hash"},
         {cert, true, "the certificate"},
         {"Hash=" + jose::base64url_encode("x"), false, "no hash"},
         {"By=spiffe://a/b;" + hash + ";" + cert + ";Subject=\"CN=a,O=b\";URI=;DNS=a;DNS=b", true,
          "as Envoy sends it"},
         {"hash=\"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD\"", true,
          "keys ignore letter case, and values may be quoted"},
         {other + "," + hash, false, "two elements"},
         {hash + "," + hash, false, "two equal elements"},
         {other + ", " + hash, false, "a space after the comma"},
         {hash + "," + other_cert + ",URI=a", false, "three elements"},
         {"By=x;" + other + ";URI=spiffe://host/a,Hash=" + own_hash, false,
          "a comma in the URI of a certificate, which Envoy does not quote"},
         {"By=x;" + other + ";URI=spiffe://host/a;Hash=" + own_hash, false, "a semicolon there"},
         {"By=x;" + other + ";DNS=a,b=c;Hash=" + own_hash, false, "a comma in a DNS name"},
         {hash + ";" + other_cert, false, "hash and certificate differ"},
         {hash + ";" + hash, false, "the hash twice"},
         {cert + ";" + other_cert, false, "two certificates"},
         {"Cert=\"" + own_pem + "%0A" + other_pem + "\"", false, "two certificates in one value"},
         {"Chain=\"" + own_pem + "%0A\"", false, "the chain alone"},
         {"Subject=\"a\\\",Hash=" + other_hash + "\";" + hash, true, "an escaped quote in a subject"},
         {hash + ";Subject=\"a;" + other + ",b=" + "\"", true, "separators inside of quotes"},
         {"a=\"," + hash, false, "a quote that the client left open"},
         {"a=\",By=x;" + other + ";" + cert + ";Subject=\"\"", false, "the same before an element of Envoy"},
         {"a=\"," + hash + ";Subject=\"\\\"," + other + "\"", false, "the same with an escape outside"},
         {"a=\"b\"c;" + hash, false, "text after a quoted value"},
         {"a=b\"c\";" + hash, false, "a quote inside of a plain value"},
         {"a=\"b\\", false, "an escape at the end"},
         {"a=b\\,c;" + hash, false, "an escape outside of quotes"},
         {"a=b\\,c," + hash, false, "the same in another element"},
         {hash + ";", false, "an empty pair"},
         {hash + ",", false, "an empty element"},
         {"," + hash, false, "an empty first element"},
         {"=x;" + hash, false, "no key"},
         {"x;" + hash, false, "no value"},
         {"Hash=" + own_hash.substr(1), false, "a digit is missing"},
         {"Hash=" + own_hash + "0", false, "a digit too many"},
         {"Hash=g" + own_hash.substr(1), false, "not a digit"},
         {"Hash=", false, "an empty hash"},
         {hash + ";Cert=\"\"", false, "an empty certificate"},
         {"Hash= " + own_hash, false, "a space in a value"},
         {"", false, "nothing"}});
}

} // namespace
} // namespace scopegate::tokens
