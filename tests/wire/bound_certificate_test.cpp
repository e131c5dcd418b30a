// Tokens that are bound to a client certificate (RFC 8705): with our own TLS, and behind a proxy that
// terminates TLS (RFC 9440).
#include "support/calendar.hpp"
#include "support/certificate_maker.hpp"
#include "support/tls_relay.hpp"

#include <gmock/gmock.h>

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

} // namespace
} // namespace scopegate::test
