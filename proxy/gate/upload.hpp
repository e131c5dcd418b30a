// The request on its way to the upstream: its head, and what has come of its body, in one call; the rest of
// the body beside the response.
#pragma once

#include "base/errc.hpp"
#include "gate/exchange_context.hpp"
#include "gate/forwarded_request.hpp"
#include "gate/least_rate.hpp"
#include "gate/relay.hpp"
#include "net/background.hpp"
#include "wire/upstream.hpp"

#include <optional>

namespace scopegate::gate {

// One request's, for all attempts. Confined to the worker's thread.
class upload final : private net::background_observer {
public:
    upload(const exchange_context& context, const forwarded_request& request) noexcept
        : c_(context), request_(request)
    {
    }

    // Prepares the request on this connection, without sending it. Fails where it cannot be passed on.
    [[nodiscard]] result<void> prepare(wire::upstream_side& to);
    // Sends it. Fails where the body that has come is malformed or too large; then nothing was sent.
    [[nodiscard]] result<void> start();

    [[nodiscard]] bool is_running() const noexcept { return background_.running(); }
    [[nodiscard]] relay_end end() const noexcept { return end_; }
    // Whether the body can't be had whole, and no response to it either. An upstream that takes no more of it
    // may have responded before: the response is still read.
    [[nodiscard]] bool has_failed() const noexcept;
    // Whether the upstream can be sent the request once more: its body is empty. One that may turn out empty
    // counts as a body until it was looked at. The end of an empty body that came behind its head was read:
    // it can't be read once more.
    [[nodiscard]] bool is_repeatable() const noexcept;
    // When the request was sent, as far as it was.
    [[nodiscard]] steady_time sent_at() const noexcept { return sent_at_; }

    // The client was told to go on: from now on a slow body counts.
    void expect_body() noexcept;
    // The upstream has begun to respond: from here on the client may be as slow as it likes, as long as it
    // does not pause.
    void take_time() noexcept;
    // Ends it: after the response, while the body is still on its way. One that the upstream did not want
    // whole is not waited for.
    void stop() noexcept;
    // Awaits its end.
    [[nodiscard]] net::background::join ended() noexcept { return background_.ended(); }

private:
    [[nodiscard]] net::background::work run();
    void on_background_end() noexcept override;

    const exchange_context& c_;
    const forwarded_request& request_;
    wire::upstream_side* to_ = nullptr;
    net::background background_{this};
    bool came_empty_ = false; // with its head
    relay_end end_ = relay_end::complete;
    steady_time sent_at_{};
    std::optional<least_rate> rate_; // of a body that did not come with the head
};

} // namespace scopegate::gate
