// Certificates of one authority as files, for the `tls:` of a gate's routes.yaml.
#pragma once

#include "support/certificate_maker.hpp"
#include "support/temporary_folder.hpp"

#include <string>

namespace scopegate::test {

class tls_files final {
public:
    // The gate's own certificate, for the name `localhost` and 127.0.0.1. Again: another one, in the same
    // files.
    std::string write_server_certificate() const; // its serial number
    // `tls: {certificate: ..., key: ...}`, with `client_ca` where callers need a certificate of `ca`.
    [[nodiscard]] std::string server_yaml(bool mutual = false) const;
    // `tls: {ca: ...}`, and with a certificate of the gate's for its API.
    [[nodiscard]] std::string upstream_yaml(bool mutual = false) const;
    // Of a caller, or of an API, that `ca` vouches for.
    [[nodiscard]] tls_identity identity() const { return ca.issue("DNS:localhost,IP:127.0.0.1"); }

    certificate_authority ca{"ours"};
    temporary_folder folder;
};

// The serial number in a PEM certificate, in decimal.
[[nodiscard]] std::string serial_of(const std::string& pem);

} // namespace scopegate::test
