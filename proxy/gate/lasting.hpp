// A tunnel or an event stream while it is open. It may outlive the policy that permitted it, so each new
// policy judges it again: its route, its method and its token. A permit that the new policy would not give
// ends it.
#pragma once

#include "base/clock.hpp"
#include "base/reason.hpp"
#include "gate/snapshot.hpp"

#include <boost/intrusive/list_hook.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::gate {

class worker;

// Why a tunnel or a stream is ended, and the code and text of a WebSocket's close frame.
struct lasting_end {
    reason why = reason::allowed; // for the log; allowed: it was right up to its end
    std::uint16_t code = 0;
    std::string_view text; // static
};

[[nodiscard]] lasting_end token_has_expired() noexcept;
[[nodiscard]] lasting_end connection_is_too_old() noexcept;
[[nodiscard]] lasting_end server_shuts_down() noexcept;
[[nodiscard]] lasting_end tunnel_was_idle() noexcept;
[[nodiscard]] lasting_end client_has_gone() noexcept;
[[nodiscard]] lasting_end upstream_has_gone() noexcept;

// The request that was permitted. Views: copied by `lasting`.
struct lasting_permit {
    std::string_view method;
    std::string_view path;       // normalised; empty: observe mode forwarded what has no such form
    std::string_view token;      // as it came; empty: none was looked at
    std::uint64_t admission = 0; // of the connection
    std::uint64_t snapshot = 0;  // serial of the one that permitted it
    bool tunnel = false;         // it can be told of its end, and so ends when the server does
    std::optional<policy::client_address> client{}; // the client's address
};

// Confined to the worker's thread.
class lasting final
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    // `end` is called once at most. It may destroy this object.
    lasting(worker& at, const lasting_permit& permitted, std::function<void(lasting_end)> end);
    ~lasting();
    lasting(const lasting&) = delete;
    lasting& operator=(const lasting&) = delete;

    // Whether this snapshot has not judged it yet.
    [[nodiscard]] bool is_due(const snapshot& now) const noexcept { return judged_by_ != now.serial(); }
    // Ends it where the snapshot refuses it. Waits for an issuer's word where that is needed; one that does
    // not come changes nothing.
    void judge(snapshot& now, const tokens::validator::awaited& came = false);
    // The server shuts down: ends a tunnel. An event stream goes on for as long as other responses.
    void shut_down();

private:
    [[nodiscard]] reason decide(snapshot& now, const tokens::validator::awaited& came);
    void await(snapshot& now, int issuer);
    void finish(lasting_end how);

    worker& at_;
    std::string method_, path_, token_;
    std::uint64_t admission_;
    wall_time since_;
    std::uint64_t judged_by_;
    bool tunnel_;
    std::optional<policy::client_address> client_;
    std::function<void(lasting_end)> end_; // null: called
    std::shared_ptr<lasting*> self_;       // null inside: gone
};

} // namespace scopegate::gate
