// One request, from its parsed head to its record in the log: THE life of a request, in exchange::run. Knows
// a request head, a body to read, a place to respond to, and that the client left; versions of HTTP,
// connections and reading heads are the wire's.
#pragma once

#include "access/evaluation.hpp"
#include "gate/exchange_context.hpp"
#include "gate/forwarded_request.hpp"
#include "net/address.hpp"
#include "net/task.hpp"
#include "observe/record.hpp"
#include "observe/request_id.hpp"
#include "wire/session_host.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::gate {

class exchange final : private observe::request_details {
public:
    // `started`: when the request's first byte came.
    exchange(const exchange_context& context, steady_time started) noexcept;

    // Serves the request, or responds to what never became one: a head that is malformed, too large or too
    // slow.
    [[nodiscard]] net::task<void> run(wire::unread_request unread = {});

private:
    // Ends the request's record if an exception left it without an end.
    void fail() noexcept;
    void name_request() noexcept;
    [[nodiscard]] access::question asked() const noexcept;
    [[nodiscard]] access::token_authority authority() const noexcept;
    [[nodiscard]] net::task<tokens::validator::awaited> obtain(const access::need& wanted);
    [[nodiscard]] net::task<void> forward(policy::permit permit);
    [[nodiscard]] net::task<void> refuse(policy::denial d);
    [[nodiscard]] net::task<void> give(responses::response ours); // a document of Scopegate's own
    [[nodiscard]] responses::response refusal(const policy::denial& d) const;
    [[nodiscard]] net::task<void> send(const responses::response& ours);
    [[nodiscard]] bool exceeds_body_limit(const policy::route_settings& settings) const noexcept;
    [[nodiscard]] std::string fresh_nonce(bool dpop) const;
    [[nodiscard]] std::string nonce_lines(const std::string& nonce) const;
    [[nodiscard]] std::string_view path() const noexcept;
    [[nodiscard]] std::string_view
    forwarded_for(std::array<char, longest_address>& room) const noexcept override;
    void describe(observe::request_record& r) const override;
    [[nodiscard]] std::string unverified() const override;
    // The record as far as every end fills it alike.
    [[nodiscard]] observe::request_record begin_record(unsigned status, failure why) const noexcept;
    [[nodiscard]] observe::request_record record_of(const responses::response& ours,
                                                    failure why) const noexcept;
    void end(const observe::request_record& r) noexcept;

    exchange_context c_;
    bool has_head_ = false;
    std::string_view request_id_;
    std::string_view client_request_id_; // of a client that is no trusted proxy: for the log alone
    observe::request_id_buffer request_id_buffer_{};
    steady_time started_;
    access::evaluation evaluation_;
    observe::decision decided_ = observe::decision::none;
    std::optional<std::chrono::microseconds> decision_wait_;
    std::uint64_t bytes_in_ = 0;
    bool ended_ = false; // the record is made
};

} // namespace scopegate::gate
