// Certificates for tests, made when needed: a private authority and certificates that it signs. They use
// P-256 and are valid for an hour by default.
#pragma once

#include "support/fake_issuer.hpp"

#include <memory>
#include <string>

namespace scopegate::test {

struct certificate_wish {
    std::string alternative_name = {}; // as OpenSSL writes it: `DNS:localhost`, `IP:127.0.0.1`; empty: none
    std::string common_name = "a server";
    std::string purposes = {};                 // `serverAuth`, `clientAuth`; empty: any
    long valid_from = -60, valid_until = 3600; // seconds from now
};

class certificate_authority final {
public:
    explicit certificate_authority(const std::string& name = "test authority");
    ~certificate_authority();

    [[nodiscard]] std::string pem() const; // the authority's own certificate
    // Returns a new certificate and its key.
    [[nodiscard]] tls_identity issue(const certificate_wish& wish) const;
    [[nodiscard]] tls_identity issue(const std::string& alternative_name) const
    {
        return issue(certificate_wish{alternative_name});
    }

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

// Returns a self-signed certificate and its key.
[[nodiscard]] tls_identity self_signed(const certificate_wish& wish);

} // namespace scopegate::test
