// The facts of one request that a decision is about, as a connection, a command or a test gives them.
#pragma once

#include "http/head_parser.hpp"
#include "net/address.hpp"

#include <string_view>

namespace scopegate::access {

// The client as far as the connection shows it. The default: an unknown peer without TLS.
struct client_connection {
    const net::peer* peer = nullptr;
    bool tls = false;
    std::string_view certificate; // tls_channel::peer_certificate
};

// Views: they must outlive the evaluation.
struct question {
    std::string_view method{};
    std::string_view target{};                // as sent
    std::string_view host{};                  // from Host or an absolute-form target; may be empty
    const http::field_list* fields = nullptr; // null: the request has none
    bool websocket = false;                   // the request would open a WebSocket
    client_connection client{};
    std::string_view request_id{}; // for problem responses
};

} // namespace scopegate::access
