// Certificates of one authority as files, for `tls:` in a gate's routes.yaml.
#pragma once

#include "support/certificate_maker.hpp"
#include "support/temporary_folder.hpp"

#include <string>

namespace scopegate::test {

class tls_files final {
public:
    // Writes the gate's own certificate, for the name `localhost` and 127.0.0.1. Each call writes another one
    // to the same files.
    std::string write_server_certificate() const; // returns its serial number
    // Returns `tls: {certificate: ..., key: ...}`, with `client_ca` if clients need a certificate of `ca`.
    [[nodiscard]] std::string server_yaml(bool mutual = false) const;
    // Returns `tls: {ca: ...}`, with `mutual` also a certificate that the gate shows to its API.
    [[nodiscard]] std::string upstream_yaml(bool mutual = false) const;
    // Returns an identity for a client or an API, signed by `ca`.
    [[nodiscard]] tls_identity identity() const { return ca.issue("DNS:localhost,IP:127.0.0.1"); }

    certificate_authority ca{"ours"};
    temporary_folder folder;
};

// Returns the serial number in a PEM certificate, in decimal.
[[nodiscard]] std::string serial_of(const std::string& pem);

} // namespace scopegate::test
