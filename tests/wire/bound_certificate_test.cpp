// Tokens that are bound to a client certificate (RFC 8705): with our own TLS, and behind a proxy that
// terminates TLS (RFC 9440).
#include "support/calendar.hpp"
#include "support/certificate_maker.hpp"
#include "support/tls_relay.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace scopegate::test {
namespace {

namespace fs = std::filesystem;

// Encodes with OpenSSL's base64, so that the test shares no code with the tested program.
std::string base64(const std::string& octets)
{
    std::string text(4 * ((octets.size() + 2) / 3) + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                    reinterpret_cast<const unsigned char*>(octets.data()), static_cast<int>(octets.size()));
    text.pop_back();
    return text;
}

std::string der_of(const std::string& pem)
{
    const std::unique_ptr<BIO, decltype(&BIO_free)> in(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), X509_free);
    unsigned char* octets = nullptr;
    const int size = i2d_X509(certificate.get(), &octets);
    if (size <= 0)
        throw std::runtime_error("no certificate");
    std::string der(reinterpret_cast<char*>(octets), static_cast<std::size_t>(size));
    OPENSSL_free(octets);
    return der;
}

// Returns a token that is bound to this certificate.
std::string bound_token(const std::string& pem, std::string_view more = {})
{
    const auto der = der_of(pem);
    std::string digest(32, '\0');
    EVP_Digest(der.data(), der.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha256(),
               nullptr);
    auto thumbprint = base64(digest);
    for (auto& c : thumbprint)
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    thumbprint.erase(thumbprint.find('='));
    return calendar_token("read:appointments",
                          R"(,"cnf":{"x5t#S256":")" + thumbprint + "\"" + std::string(more) + "}");
}

class folder {
public:
    folder()
    {
        std::string name = (fs::temp_directory_path() / "scopegate-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("no folder");
        path_ = name;
    }
    ~folder() { fs::remove_all(path_); }
    [[nodiscard]] std::string file(const std::string& name, const std::string& text) const
    {
        std::ofstream(path_ / name, std::ios::binary) << text;
        return (path_ / name).string();
    }

private:
    fs::path path_;
};

void expect_refused(const response& answer, const calendar& c, std::size_t forwarded)
{
    EXPECT_EQ(answer.status, 401U) << answer;
    EXPECT_EQ(json_member(answer.body, "type"), "urn:scopegate:problem:unbound-token");
    EXPECT_THAT(answer.value("WWW-Authenticate"), testing::HasSubstr(R"(error="invalid_token")"));
    EXPECT_EQ(c.api.requests().size(), forwarded);
}

TEST(bound_certificate, is_the_one_of_the_connection_under_our_own_tls)
{
    const certificate_authority ca, clients("clients");
    const auto server = ca.issue("DNS:localhost"), ann = clients.issue("DNS:ann"),
               bob = clients.issue("DNS:bob");
    const folder files;
    calendar c({.server = "tls: {certificate: \"" + files.file("server.pem", server.certificate) +
                          "\", key: \"" + files.file("server.key", server.key) + "\", client_ca: \"" +
                          files.file("clients.pem", clients.pem()) + "\"}"});
    const auto token = bound_token(ann.certificate);
    for (const int version : {0, 0x0303, 0x0304}) {
        tls_relay as_ann(c.gate.address(), {.ca = ca.pem(), .identity = ann, .version = version});
        tls_relay as_bob(c.gate.address(), {.ca = ca.pem(), .identity = bob, .version = version});
        raw_client first(as_ann.address()), second(as_bob.address());
        const auto before = c.api.requests().size();
        EXPECT_EQ(first.exchange(get("/appointments", token)).status, 200U) << version;
        EXPECT_EQ(first.exchange(get("/appointments", token)).status, 200U) << "kept alive";
        expect_refused(second.exchange(get("/appointments", token)), c, before + 2);
        expect_refused(second.exchange(get("/appointments", token,
                                           "Client-Cert: :" + base64(der_of(ann.certificate)) + ":\r\n")),
                       c, before + 2);
        EXPECT_EQ(second.exchange(get("/appointments", bound_token(bob.certificate))).status, 200U);
        EXPECT_EQ(second.exchange(get("/appointments", calendar_token("read:appointments"))).status, 200U);
    }
    tls_relay as_ann(c.gate.address(), {.ca = ca.pem(), .identity = ann});
    EXPECT_THAT(raw_client(as_ann.address()).exchange(get("/.well-known/oauth-protected-resource")).body,
                testing::HasSubstr(R"("tls_client_certificate_bound_access_tokens":true)"));
}

TEST(bound_certificate, is_the_one_in_client_cert_from_a_trusted_proxy)
{
    const certificate_authority clients("clients");
    const auto ann = clients.issue("DNS:ann"), bob = clients.issue("DNS:bob");
    const auto token = bound_token(ann.certificate);
    const auto says = [](const std::string& pem) { return "Client-Cert: :" + base64(der_of(pem)) + ":\r\n"; };
    const auto anns = says(ann.certificate);

    calendar alone;
    expect_refused(alone.exchange(get("/appointments", token, anns)), alone, 0);

    calendar c({.server = "trusted_proxies: [127.0.0.0/8]"});
    const auto seen = c.forwarded(get("/appointments", token, anns));
    EXPECT_EQ(seen.value("X-Auth-Subject"), "ada");
    EXPECT_TRUE(seen.has("Client-Cert")) << "the field of a trusted proxy is forwarded";
    const auto octets = base64(der_of(ann.certificate));
    for (const auto& more : {std::string(), says(bob.certificate), anns + anns, anns + says(bob.certificate),
                             "Client-Cert: " + octets + "\r\n", "Client-Cert: :" + octets + ":;a\r\n",
                             "Client-Cert: :" + octets + ":, :" + octets + ":\r\n",
                             "Client_Cert: :" + octets + ":\r\n", anns + "Client_Cert: :" + octets + ":\r\n",
                             std::string("Client-Cert: ::\r\n"), "Client-Cert-Chain: :" + octets + ":\r\n"})
        expect_refused(c.exchange(get("/appointments", token, more)), c, 1);
    EXPECT_EQ(c.exchange(get("/appointments", token, anns)).status, 200U);
    expect_refused(c.exchange(get("/appointments", bound_token(ann.certificate, R"(,"kid":"x")"), anns)), c,
                   2);
}

// Encodes all bytes that are not letters, digits or one of `safe`.
std::string percent(const std::string& text, std::string_view safe)
{
    std::string out;
    for (const char c : text) {
        char triplet[4];
        std::snprintf(triplet, sizeof triplet, "%%%02X", static_cast<unsigned char>(c));
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || safe.find(c) != safe.npos;
        out += plain ? std::string(1, c) : triplet;
    }
    return out;
}

std::string hash_of(const std::string& pem)
{
    const auto der = der_of(pem);
    unsigned char digest[32];
    EVP_Digest(der.data(), der.size(), digest, nullptr, EVP_sha256(), nullptr);
    std::string out;
    for (const auto byte : digest) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", byte);
        out += digits;
    }
    return out;
}

// Each row is a product, with its header for a client's certificate as it writes it.
TEST(bound_certificate, is_the_one_in_the_header_of_each_product)
{
    const certificate_authority clients("clients");
    const auto ann = clients.issue("DNS:ann").certificate, bob = clients.issue("DNS:bob").certificate;
    const auto token = bound_token(ann);
    const struct {
        const char* product;
        const char* yaml;
        std::string name;
        std::string (*value)(const std::string& pem);
    } rows[] = {
        {"Caddy, HAProxy: RFC 9440", "rfc9440", "Client-Cert",
         [](const std::string& pem) { return ":" + base64(der_of(pem)) + ":"; }},
        {"Google's balancer", "{form: rfc9440, header: X-Client-Cert-Leaf}", "X-Client-Cert-Leaf",
         [](const std::string& pem) { return ":" + base64(der_of(pem)) + ":"; }},
        {"Envoy with cert", "xfcc", "X-Forwarded-Client-Cert",
         [](const std::string& pem) {
             return "By=spiffe://mesh/gate;Hash=" + hash_of(pem) + ";Cert=\"" + percent(pem, "-") +
                    "\";Subject=\"CN=a\\, b;c\";URI=spiffe://mesh/a";
         }},
        {"Envoy with SANITIZE_SET", "xfcc", "X-Forwarded-Client-Cert",
         [](const std::string& pem) { return "By=b;Hash=" + hash_of(pem) + ";Subject=\"CN=a,O=b\""; }},
        {"nginx", "pem-percent", "SSL-Client-Cert",
         [](const std::string& pem) { return percent(pem, "-._~"); }},
        {"AWS, verify", "{form: pem-percent, header: X-Amzn-Mtls-Clientcert-Leaf}",
         "X-Amzn-Mtls-Clientcert-Leaf", [](const std::string& pem) { return percent(pem, "-._~+=/"); }},
        {"AWS, passthrough", "{form: pem-percent, header: X-Amzn-Mtls-Clientcert}", "X-Amzn-Mtls-Clientcert",
         [](const std::string& pem) { return percent(pem + certificate_authority("a").pem(), "-._~+=/"); }},
        {"Traefik", "base64", "X-Forwarded-Tls-Client-Cert",
         [](const std::string& pem) {
             return base64(der_of(pem)) + "," + base64(der_of(certificate_authority("a").pem()));
         }},
    };
    for (const auto& row : rows) {
        const auto line = [&](const std::string& value) { return row.name + ": " + value + "\r\n"; };
        const auto anns = line(row.value(ann)), bobs = line(row.value(bob));
        calendar c({.server = "trusted_proxies: [127.0.0.0/8], client_cert: " + std::string(row.yaml)});
        const auto seen = c.forwarded(get("/appointments", token, anns));
        EXPECT_TRUE(seen.has(row.name)) << row.product << ": a trusted proxy's header is forwarded";
        auto underscored = anns;
        std::replace(underscored.begin(), underscored.begin() + static_cast<std::ptrdiff_t>(row.name.size()),
                     '-', '_');
        const struct {
            std::string fields;
            const char* cause;
        } refused[] = {
            {"", "certificate-missing"},
            {line(""), "certificate-missing"},
            {bobs, "certificate-differs"},
            {anns + anns, "certificate-header-unreadable"},
            {anns + bobs, "certificate-header-unreadable"},
            {underscored, "certificate-header-unreadable"},
            {anns + underscored, "certificate-header-unreadable"},
            {line("%"), "certificate-header-unreadable"},
            {line(row.value(ann) + "\""), "certificate-header-unreadable"},
            {line(row.value(bob) + ",Hash=" + hash_of(ann)), "certificate-header-unreadable"},
        };
        for (const auto& more : refused) {
            expect_refused(c.exchange(get("/appointments", token, more.fields)), c, 1);
            EXPECT_EQ(c.gate.wait_for_event(
                          "request", [&](const log_line& l) { return l["cause"] == more.cause; })["cause"],
                      more.cause);
        }
        const auto others = c.forwarded(get("/public", {},
                                            "Client-Cert-Chain: a\r\nSSL-Client-Verify: SUCCESS\r\n"
                                            "X-SSL-Cert: a\r\nX-Forwarded-Tls-Client-Cert-Info: a\r\n"));
        for (const auto* name :
             {"Client-Cert-Chain", "SSL-Client-Verify", "X-SSL-Cert", "X-Forwarded-Tls-Client-Cert-Info"})
            EXPECT_FALSE(others.has(name)) << row.product << ": " << name;

        // The same header from a peer that is not trusted.
        calendar alone({.server = "trusted_proxies: [10.9.9.9], client_cert: " + std::string(row.yaml)});
        expect_refused(alone.exchange(get("/appointments", token, anns)), alone, 0);
        const auto stripped = alone.forwarded(get("/public", {}, anns + underscored));
        EXPECT_FALSE(stripped.has(row.name)) << row.product;
        EXPECT_THAT(stripped.head, testing::Not(testing::HasSubstr("_"))) << row.product;
    }
}

TEST(bound_certificate, is_announced_if_the_file_says_where_it_is)
{
    calendar c({.server = "trusted_proxies: [127.0.0.1], client_cert: xfcc"});
    EXPECT_THAT(c.exchange(get("/.well-known/oauth-protected-resource")).body,
                testing::HasSubstr(R"("tls_client_certificate_bound_access_tokens":true)"));
}

} // namespace
} // namespace scopegate::test
