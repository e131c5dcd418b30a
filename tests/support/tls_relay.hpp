// TLS for test peers that speak none: listens on a loopback port, and passes each connection on with TLS put
// on or taken off. In front of a gate it is the caller's TLS, in front of an API the API's. By OpenSSL's own
// blocking calls, sharing no code with proxy/net.
#pragma once

#include "support/fake_issuer.hpp"

#include <memory>
#include <string>
#include <vector>

namespace scopegate::test {

struct tls_relay_settings {
    bool server = false; // takes TLS off what comes; otherwise puts it on
    std::string ca = {}; // PEM: who may vouch for the peer; empty: anybody, and no certificate is asked for
    tls_identity identity = {};              // ours; of a client it may be empty
    int version = 0;                         // TLS1_2_VERSION or TLS1_3_VERSION only; 0: both
    std::vector<std::string> protocols = {}; // ALPN; a server chooses the first
    bool says_goodbye = true;                // close_notify before the end
    std::string server_name = "localhost";   // of a client: SNI
};

class tls_relay final {
public:
    // `to`: `127.0.0.1:8080` or `unix:/path`.
    tls_relay(std::string to, tls_relay_settings settings);
    ~tls_relay();

    [[nodiscard]] std::string address() const; // 127.0.0.1:PORT

    struct handshake {
        bool made = false;
        std::string version;     // TLSv1.3
        std::string protocol;    // ALPN's
        std::string error;       // where it was not made
        std::string asked_for;   // SNI, of a server
        std::string peer_serial; // of the peer's certificate, in hex
    };
    // Those so far, in their order.
    [[nodiscard]] std::vector<handshake> handshakes() const;
    // Waits for so many.
    std::vector<handshake> wait_for_handshakes(std::size_t count) const;

private:
    class server;
    std::unique_ptr<server> server_;
};

} // namespace scopegate::test
