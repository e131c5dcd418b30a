// TLS for test peers without it: the relay listens on a loopback port, and passes each connection on with TLS
// added or removed. In front of a gate it adds the client's TLS, in front of an API it removes the gate's. It
// uses OpenSSL's own blocking calls and shares no code with proxy/net.
#pragma once

#include "support/fake_issuer.hpp"

#include <memory>
#include <string>
#include <vector>

namespace scopegate::test {

struct tls_relay_settings {
    bool server = false;        // removes TLS from incoming connections; otherwise adds it
    std::string ca = {};        // PEM: the peer's authority; empty: any peer, and no certificate is requested
    tls_identity identity = {}; // its own certificate; may be empty for a client
    int version = 0;            // TLS1_2_VERSION or TLS1_3_VERSION only; 0: both
    std::vector<std::string> protocols = {}; // ALPN; a server chooses the first
    bool sends_close_notify = true;          // sends close_notify before the end
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
        std::string version;        // TLSv1.3
        std::string protocol;       // ALPN's
        std::string error;          // set if the handshake failed
        std::string requested_name; // SNI, as a server
        std::string peer_serial;    // of the peer's certificate, in hex
    };
    // Returns the handshakes so far, in order.
    [[nodiscard]] std::vector<handshake> handshakes() const;
    // Waits for this many handshakes.
    std::vector<handshake> wait_for_handshakes(std::size_t count) const;

private:
    class server;
    std::unique_ptr<server> server_;
};

} // namespace scopegate::test
