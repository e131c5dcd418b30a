// A permitted request on its way to the API and the answer on its way back: connection, retry, both bodies at
// once. Only a permit makes one.
#pragma once

#include "gate/exchange.hpp"
#include "gate/lasting.hpp"
#include "gate/relay.hpp"
#include "gate/upstream_limit.hpp"
#include "policy/decide.hpp"

#include <coroutine>
#include <optional>

namespace scopegate::gate {

// What is forwarded. Views live in the workspace and the exchange.
struct forwarded_request {
    const http::request_framing& framing;
    const http::request_target& target;   // normalised; where observe mode lets it pass, as it came
    const tokens::validated_token* token; // null: no identity lines
    std::string_view request_id;
    std::optional<tokens::taken_token> taken; // the token as the caller sent it, where one was looked at
    std::string_view nonce_lines{};           // of the answer: DPoP-Nonce, CRLF and all; empty: none
    std::string_view judged_path{};           // normalised; empty: it has no such form
};

class forwarding final : private net::read_observer {
public:
    forwarding(policy::permit permit, const exchange_context& context, const forwarded_request& request);
    ~forwarding();

    // Nothing has been answered where the result says so: the caller then answers with `why`.
    [[nodiscard]] net::task<forward_result> run();

private:
    enum class attempt_end : std::uint8_t { done, stale };

    // gate/forwarding.cpp: the request's way
    [[nodiscard]] net::task<failure> take_slot(upstream_slot& slot);
    [[nodiscard]] net::task<attempt_end> attempt(bool reused);
    [[nodiscard]] bool begin_upload();
    net::detached upload();
    [[nodiscard]] bool upload_failed() const noexcept;
    void take_time_to_upload() noexcept;
    struct upload_wait;
    void stop_upload() noexcept;
    [[nodiscard]] bool may_repeat() const noexcept;

    // gate/departure.cpp: clients that close their side, or go
    [[nodiscard]] bool client_is_gone() noexcept;
    void on_unawaited_read() noexcept override;
    void look_at_client() noexcept;
    void meet_its_end(std::size_t unread) noexcept;
    void leave_without_client() noexcept;
    void wait_half_closed() noexcept;
    [[nodiscard]] bool half_close_is_over() const noexcept;
    [[nodiscard]] std::chrono::milliseconds longest_pause() const noexcept;
    [[nodiscard]] failure late_body() const noexcept;

    // gate/responding.cpp: the answer's way
    [[nodiscard]] net::task<attempt_end> receive(bool reused);
    [[nodiscard]] net::task<failure> receive_head(bool& first_byte_seen);
    void make_room_for_head(std::size_t most);
    [[nodiscard]] net::task<failure> pass_interim();
    [[nodiscard]] net::task<void> pass_response();
    [[nodiscard]] std::string_view nonce_lines() const noexcept;
    void compose_response_head(const http::response_framing& framed, bool chunked_out, bool keep_alive);
    [[nodiscard]] steady_time response_due() const;
    [[nodiscard]] failure wait_failure(net::readiness woken) const noexcept;
    [[nodiscard]] failure ended_before_head(net::transfer::status how) const noexcept;
    [[nodiscard]] failure cut_short(relay_end end, const body_relay& body) const noexcept;
    [[nodiscard]] http::chunk_rules chunk_rules(bool of_response, bool keep_trailers) const noexcept;

    // gate/outliving.cpp: tunnels and event streams
    [[nodiscard]] net::task<void> pass_tunnel();
    [[nodiscard]] bool owes_bearer_protocol() const noexcept;
    [[nodiscard]] steady_time expiry() const;
    [[nodiscard]] lasting_end expiry_kind() const noexcept;
    [[nodiscard]] lasting_permit what_lasts(bool is_tunnel) const noexcept;
    void end_events(lasting_end how) noexcept;

    exchange_context c_;
    forwarded_request request_;
    forward_result result_;
    net::stream_ptr upstream_;
    steady_time sent_at_{};
    upstream_slot* waits_for_ = nullptr; // in the upstream's queue

    // the request's body
    std::optional<body_relay> up_;
    bool uploading_ = false;
    relay_end upload_end_ = relay_end::complete;
    std::string_view after_body_; // received downstream beyond the body
    std::coroutine_handle<> upload_waiter_;
    std::optional<least_rate> upload_rate_; // of an upload that did not come with the head

    // the answer
    std::size_t head_buffered_ = 0; // in the response buffer
    std::size_t head_scanned_ = 0;
    std::size_t head_bytes_ = 0;
    bool client_gone_ = false;                         // there is nobody to respond to
    steady_time half_closed_until_ = net::no_deadline; // set where timeouts.half_closed bounds the wait
    bool half_closed_ = false;                         // the client has closed its side, and may be waiting
    bool streaming_ = false;                           // events
    relay_timeouts pauses_{};                          // of the body
    lasting_end events_end_;                           // why events end at pauses_.not_after
};

} // namespace scopegate::gate
