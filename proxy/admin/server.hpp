// The administration listener: /livez, /readyz, /limit and /drain. It is on loopback by default and has
// little traffic, so it uses Beast's own calls for clarity. Runs on the control io_context.
#pragma once

#include "control/service.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace scopegate::admin {

// Which pages a listener serves: all, or only those for probes (server.health).
enum class pages : std::uint8_t { all, health };

class server final {
public:
    // Binds and starts accepting. `name` identifies the listener in the log. `take_over` shares a port that
    // is in use. Throws control::start_error, for example for a port in use without `take_over`. The service
    // must outlive the server.
    server(net::asio::io_context& control, control::service& shown, const policy::endpoint& address,
           pages which, const std::string& name, bool take_over);
    ~server();

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace scopegate::admin
