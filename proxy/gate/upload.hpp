// Sends a request to the upstream: its head and the received part of its body in one call, and the rest of
// the body concurrently with the response.
#pragma once

#include "base/errc.hpp"
#include "gate/exchange_context.hpp"
#include "gate/forwarded_request.hpp"
#include "gate/minimum_rate.hpp"
#include "gate/relay.hpp"
#include "net/background.hpp"
#include "wire/upstream.hpp"

#include <optional>

namespace scopegate::gate {

// Sends one request, in all its attempts. Confined to the worker's thread.
class upload final : private net::background_observer {
public:
    // `moved` counts the bytes of the body, and outlives this.
    upload(const exchange_context& context, const forwarded_request& request, std::uint64_t& moved) noexcept
        : c_(context), request_(request), moved_(moved)
    {
    }

    // Prepares the request on this connection, without sending it. Fails if it cannot be passed on.
    [[nodiscard]] result<void> prepare(wire::upstream_side& to);
    // Sends it. Fails if the received body is malformed or too large; then nothing was sent.
    [[nodiscard]] result<void> start();

    [[nodiscard]] bool is_running() const noexcept { return background_.running(); }
    [[nodiscard]] relay_end end() const noexcept { return end_; }
    // Returns whether the body can't be received whole, so that no response to it is possible. If the
    // upstream refuses the rest, it may have responded before, and the response is still read.
    [[nodiscard]] bool has_failed() const noexcept;
    // Returns whether the request can be sent again, which requires an empty body. An announced body is empty
    // only if its end came with the head: a later end can't be read again.
    [[nodiscard]] bool is_repeatable() const noexcept;
    // Returns when the request was sent: its head, or, once the upload has ended, its last part.
    [[nodiscard]] steady_time sent_at() const noexcept { return sent_at_; }

    // Makes a slow body count from now on, because the client was asked to send it.
    void expect_body() noexcept;
    // Lets the client be slow from now on, but not pause, because the upstream has begun to respond.
    void take_time() noexcept;
    // Ends the upload after the response. A body that the upstream did not want whole is not waited for.
    void stop() noexcept;
    // Waits for the end of the upload.
    [[nodiscard]] net::background::join ended() noexcept { return background_.ended(); }

private:
    [[nodiscard]] net::background::work run();
    void on_background_end() noexcept override;

    const exchange_context& c_;
    const forwarded_request& request_;
    std::uint64_t& moved_;
    wire::upstream_side* to_ = nullptr;
    net::background background_{this};
    bool came_empty_ = false; // its end was received with the head
    relay_end end_ = relay_end::complete;
    steady_time sent_at_{};
    std::optional<minimum_rate> rate_; // for a body that did not arrive with the head
};

} // namespace scopegate::gate
