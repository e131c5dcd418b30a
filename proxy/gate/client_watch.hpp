// Detects clients that leave while their request is in progress. A reset is certain. The end of a client's
// sending (FIN, or close_notify under TLS) is not: after a complete request it may be a half-close by a
// client that waits for its response. This is rare but legal, and is served. The end is a departure only
// where nothing can be waited for: within the request's own body, and within an event stream, which a closed
// browser tab must not keep open.
#pragma once

#include "gate/exchange_context.hpp"
#include "gate/forwarded_request.hpp"
#include "gate/relay.hpp"
#include "gate/upload.hpp"
#include "upstream/limit.hpp"
#include "wire/upstream.hpp"

#include <chrono>

namespace scopegate::gate {

// Ends the exchange's wait when the client leaves. Confined to the worker's thread.
class client_watch final : private wire::departure_observer {
public:
    client_watch(const exchange_context& context, const forwarded_request& request,
                 const upload& up) noexcept;
    ~client_watch();

    // Keeps a wait known to the watch for as long as this object lives.
    class [[nodiscard]] scope final {
    public:
        explicit scope(client_watch& of) noexcept : of_(of) {}
        scope(const scope&) = delete;
        scope& operator=(const scope&) = delete;
        ~scope()
        {
            of_.slot_ = nullptr;
            of_.relaying_ = nullptr;
        }

    private:
        client_watch& of_;
    };
    // Sets the wait that ends with the client: for a slot in the upstream's queue, within the relay of a
    // response, or for an upstream connection (null: none).
    [[nodiscard]] scope waits_in_queue(upstream::slot& s) noexcept
    {
        slot_ = &s;
        return scope(*this);
    }
    [[nodiscard]] scope relays(relay_options& options, bool is_event_stream) noexcept;
    void waits_for(wire::upstream_side* u) noexcept { upstream_ = u; }

    // Returns whether the client has left, even before it was watched. Makes no system call without news.
    [[nodiscard]] bool is_gone() noexcept;
    // Returns whether the client's departure has been noticed.
    [[nodiscard]] bool was_gone() const noexcept { return gone_; }
    // Returns whether timeouts.half_closed has passed since the client closed its side.
    [[nodiscard]] bool half_close_is_over() const noexcept;
    // Returns when that timeout ends; no_deadline if no half-close was seen or its length is not limited.
    [[nodiscard]] steady_time half_closed_until() const noexcept { return half_closed_until_; }
    // Returns how long the upstream may pause within its response. After a half-close each pause counts for
    // itself, because a client that takes the response is still there.
    [[nodiscard]] std::chrono::milliseconds longest_pause() const noexcept;
    // Returns the failure for a response body that came too slowly.
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
    bool gone_ = false;                                // no client is left to respond to
    bool half_closed_ = false;                         // the client has closed its side, but may be waiting
    steady_time half_closed_until_ = net::no_deadline; // set if timeouts.half_closed bounds the wait
};

} // namespace scopegate::gate
