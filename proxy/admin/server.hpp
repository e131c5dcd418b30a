// The administration listener: /livez, /readyz, /limit and /drain. Loopback by default, low traffic: written
// with Beast's own calls, because there clarity wins. Runs on the control io_context.
#pragma once

#include "control/service.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace scopegate::admin {

// Which pages a listener shows: everything, or only what probes need (server.health).
enum class pages : std::uint8_t { all, health };

class server final {
public:
    // Binds and starts accepting. `name` says in the log which listener it is. Throws control::start_error (a
    // taken port; with `take_over` it is shared). The service must outlive it.
    server(net::asio::io_context& control, control::service& shown, const policy::endpoint& address,
           pages which, const std::string& name, bool take_over);
    ~server();

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace scopegate::admin
