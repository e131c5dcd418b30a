// Receives the upstream's response and sends it to the client: head, body, and the tunnels and event streams
// that outlive the request (gate/outliving.cpp).
#pragma once

#include "base/errc.hpp"
#include "gate/client_watch.hpp"
#include "gate/exchange_context.hpp"
#include "gate/forwarded_request.hpp"
#include "gate/lasting.hpp"
#include "gate/upload.hpp"
#include "net/task.hpp"
#include "wire/upstream.hpp"

namespace scopegate::gate {

// One attempt's. Confined to the worker's thread.
class reception final {
public:
    reception(const exchange_context& context, const forwarded_request& request, upload& up,
              client_watch& watch, wire::upstream_side& from, forward_result& result) noexcept
        : c_(context), request_(request), up_(up), watch_(watch), from_(from), result_(result)
    {
    }

    // Receives interim responses and the final one, and passes them on. Sets the result; responded is false
    // where nothing was sent to the client.
    [[nodiscard]] net::task<void> run();

private:
    [[nodiscard]] net::task<result<void>> receive_head();
    [[nodiscard]] net::task<result<void>> pass_interim();
    [[nodiscard]] net::task<void> pass_response();
    [[nodiscard]] result<wire::response_body> begin_response();
    [[nodiscard]] std::string_view nonce_lines() const noexcept;
    [[nodiscard]] static http::response_rules rules(std::string_view nonce_lines) noexcept;
    [[nodiscard]] bool passes_trailers(const wire::response_body& body) const noexcept;
    void note_response() noexcept;
    [[nodiscard]] steady_time response_due() const noexcept;
    [[nodiscard]] failure wait_failure(net::readiness woken) const noexcept;
    [[nodiscard]] failure cut_short(relay_end end) const noexcept;

    // gate/outliving.cpp
    [[nodiscard]] net::task<void> pass_tunnel();
    [[nodiscard]] result<void> begin_tunnel();
    [[nodiscard]] std::string_view protocol_to_choose() const noexcept;
    [[nodiscard]] steady_time expiry() const;
    [[nodiscard]] lasting_end expiry_kind() const noexcept;
    [[nodiscard]] lasting_permit what_lasts(bool is_tunnel) const noexcept;

    const exchange_context& c_;
    const forwarded_request& request_;
    upload& up_;
    client_watch& watch_;
    wire::upstream_side& from_;
    forward_result& result_;
    lasting_end events_end_; // why events end at relay_options::not_after
};

} // namespace scopegate::gate
