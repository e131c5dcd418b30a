// Resumption of TLS sessions by tickets, on the server's side. The server keeps no session: a ticket holds
// it.
#pragma once

#include "net/ticket_keys.hpp"

#include <chrono>
#include <memory>
#include <string_view>

struct ssl_ctx_st;

namespace scopegate::net {

// Lets clients resume their sessions for the lifetime after the first handshake, however often, with TLS 1.2
// and 1.3, and never with early data (0-RTT), which can be replayed. The context shares the keys. `identity`
// stands for everything that a client and we have proven to each other: a ticket of another identity is
// ignored, and the handshake is a full one. So is that of a ticket whose client certificate has expired.
// Throws std::bad_alloc.
void allow_tickets(ssl_ctx_st& context, std::shared_ptr<const ticket_keys> keys, std::string_view identity,
                   std::chrono::seconds lifetime);

} // namespace scopegate::net
