// An open tunnel or event stream. It may outlive the policy that permitted it, so each new policy judges its
// route, its method and its token again. It ends if the new policy would not permit it.
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

// Why a tunnel or a stream ends, and the code and text of a WebSocket close frame.
struct lasting_end {
    reason why = reason::allowed; // for the log; `allowed`: it was permitted until its end
    std::uint16_t code = 0;
    std::string_view text; // static
};

[[nodiscard]] lasting_end token_has_expired() noexcept;
[[nodiscard]] lasting_end connection_is_too_old() noexcept;
[[nodiscard]] lasting_end server_shuts_down() noexcept;
[[nodiscard]] lasting_end tunnel_was_idle() noexcept;
[[nodiscard]] lasting_end client_has_gone() noexcept;
[[nodiscard]] lasting_end upstream_has_gone() noexcept;

// The request that was permitted. `lasting` copies the views.
struct lasting_permit {
    std::string_view method;
    std::string_view path;       // normalized; empty: observe mode forwarded an invalid path
    std::string_view token;      // as received; empty: no token was examined
    std::uint64_t admission = 0; // of the connection
    std::uint64_t snapshot = 0;  // serial of the snapshot that permitted it
    bool tunnel = false;         // a close frame can announce its end, so it ends at shutdown
    std::optional<policy::client_address> client{}; // the client's address
};

// Confined to the worker's thread.
class lasting final
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    // Calls `end` at most once. `end` may destroy this object.
    lasting(worker& at, const lasting_permit& permitted, std::function<void(lasting_end)> end);
    ~lasting();
    lasting(const lasting&) = delete;
    lasting& operator=(const lasting&) = delete;

    // Returns whether this snapshot has not judged it yet.
    [[nodiscard]] bool is_due(const snapshot& now) const noexcept { return judged_by_ != now.serial(); }
    // Ends it if the snapshot refuses it. May wait for the issuer first; without a response nothing changes.
    // `came` is the result of such a wait.
    void judge(snapshot& now, const tokens::validator::awaited& came = false);
    // Ends a tunnel at shutdown. An event stream continues as long as other responses.
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
    std::function<void(lasting_end)> end_; // null after the call
    std::shared_ptr<lasting*> self_;       // points to null after destruction
};

} // namespace scopegate::gate
