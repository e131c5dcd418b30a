// The state that the parts of one exchange share.
#pragma once

#include "base/clock.hpp"
#include "net/deadlines.hpp"
#include "wire/client.hpp"

#include <cstdint>

namespace scopegate::gate {

class snapshot;
class worker;
struct workspace;

// All members outlive the exchange. Confined to the worker's thread.
struct exchange_context {
    worker& at;
    wire::client_side& client;
    workspace& space;
    snapshot& policy;
    steady_time connection_end = net::no_deadline; // when limits.connection_age ends the connection
    std::uint64_t admission = 0;                   // shared_snapshot::admission of the connection
};

} // namespace scopegate::gate
