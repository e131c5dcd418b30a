// Clients that leave while their request is under way. A reset says so for certain. The end of what a client
// sends (FIN, or close_notify under TLS) does not: behind a whole request it may be a half-close of a client
// that waits for its response, as legal as it is rare. It is served. Where nothing can be waited for, the end
// is a departure: within the request's own body, and within an event stream, which a closed browser tab must
// not keep.
#pragma once

#include "gate/exchange_context.hpp"
#include "gate/forwarded_request.hpp"
#include "gate/relay.hpp"
#include "gate/upload.hpp"
#include "upstream/limit.hpp"
#include "wire/upstream.hpp"

#include <chrono>

namespace scopegate::gate {

// Ends whatever waits when the client leaves. Confined to the worker's thread.
class client_watch final : private wire::departure_observer {
public:
    client_watch(const exchange_context& context, const forwarded_request& request,
                 const upload& up) noexcept;
    ~client_watch();

    // What waits now, and ends with the client: a place in the upstream's queue; a connection to it; a stream
    // of events. Null: none.
    void waits_in_queue(upstream::slot* s) noexcept { slot_ = s; }
    void waits_for(wire::upstream_side* u) noexcept { upstream_ = u; }
    void relays(relay_options& options, bool is_event_stream) noexcept;
    void stops_relaying() noexcept { relaying_ = nullptr; }

    // Whether the client has left, also before it was watched. Makes no system call without such news.
    [[nodiscard]] bool is_gone() noexcept;
    // The same, as far as was noticed.
    [[nodiscard]] bool was_gone() const noexcept { return gone_; }
    // Whether the client has closed its side, and timeouts.half_closed is over.
    [[nodiscard]] bool half_close_is_over() const noexcept;
    // When that is; no_deadline where there is no such limit.
    [[nodiscard]] steady_time half_closed_until() const noexcept { return half_closed_until_; }
    // How long the upstream may pause within its response. A client that has closed its side is there as long
    // as it takes what comes: each pause counts for itself.
    [[nodiscard]] std::chrono::milliseconds longest_pause() const noexcept;
    // Names the fault of a response's body that came too slowly.
    [[nodiscard]] failure late_body() const noexcept;

private:
    void on_left() noexcept override;
    void on_ended(bool within_body) noexcept override;
    void leave() noexcept;
    void wait_half_closed() noexcept;

    const exchange_context& c_;
    const forwarded_request& request_;
    const upload& up_;
    upstream::slot* slot_ = nullptr;
    wire::upstream_side* upstream_ = nullptr;
    relay_options* relaying_ = nullptr;
    bool streams_events_ = false;
    bool gone_ = false;                                // there is nobody to respond to
    bool half_closed_ = false;                         // the client has closed its side, and may be waiting
    steady_time half_closed_until_ = net::no_deadline; // set where timeouts.half_closed bounds the wait
};

} // namespace scopegate::gate
