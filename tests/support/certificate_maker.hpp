// Certificates for tests, made on the spot: a private authority and what it vouches for. P-256, valid for an
// hour.
#pragma once

#include "support/fake_issuer.hpp"

#include <memory>
#include <string>

namespace scopegate::test {

class certificate_authority final {
public:
    explicit certificate_authority(const std::string& name = "test authority");
    ~certificate_authority();

    [[nodiscard]] std::string pem() const; // the authority's own certificate
    // A certificate and its key for a server. `alternative_name` as OpenSSL writes it: `DNS:localhost`,
    // `IP:127.0.0.1`.
    [[nodiscard]] tls_identity issue(const std::string& alternative_name) const;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

} // namespace scopegate::test
