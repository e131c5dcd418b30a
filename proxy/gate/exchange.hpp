// One request, from its parsed head to its record in the log: THE way of a request, in exchange::run. Knows a
// head, a body to read and a place to write to; keep-alive and reading heads are the session's.
#pragma once

#include "access/evaluation.hpp"
#include "gate/snapshot.hpp"
#include "gate/workspace.hpp"
#include "http/framing.hpp"
#include "net/address.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"
#include "observe/request_id.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::gate {

class worker;

// What the connection does after an exchange. `linger`: close, but let the caller read the answer although it
// is sending.
enum class disposition : std::uint8_t { keep_alive, close, linger, reset };

// What an exchange is made of. Everything outlives it; confined to the worker's thread.
struct exchange_context {
    worker& at;
    net::stream& downstream;
    const net::peer& peer;
    workspace& space;
    snapshot& policy;
    steady_time connection_end = net::no_deadline; // when limits.connection_age ends the connection
    bool last_request = false;                     // limits.connection_requests allows no more of them
    std::uint64_t admission = 0;                   // shared_snapshot::admission of the connection

    // Whether the connection ends with its next response.
    [[nodiscard]] bool ends_connection() const noexcept;
};

// How forwarding a request ended.
struct forward_result {
    failure why = reason::allowed; // or what went wrong
    bool responded = false;        // an answer's head was sent downstream: nothing else can be said any more
    disposition then = disposition::close;
    unsigned status = 0;                               // of the answer
    std::optional<std::chrono::microseconds> upstream; // to the head of its answer
};

class exchange final {
public:
    // `started`: when the request's first byte came.
    exchange(const exchange_context& context, steady_time started) noexcept;

    // The request's head is parsed into c.space.request, and c.space.received is what came behind it;
    // received is left at what belongs to the next request.
    [[nodiscard]] net::task<disposition> run();

    // An answer to what never became a request (a head that is malformed, too large, too slow).
    [[nodiscard]] net::task<disposition> refuse_unread(failure why);

private:
    void name_request() noexcept;
    [[nodiscard]] std::optional<failure> read_framing();
    [[nodiscard]] access::question asked() const noexcept;
    [[nodiscard]] access::token_authority authority() const noexcept;
    [[nodiscard]] net::task<tokens::validator::awaited> obtain(const access::need& wanted);
    [[nodiscard]] net::task<disposition> forward(policy::permit permit);
    [[nodiscard]] net::task<disposition> refuse(policy::denial d);
    [[nodiscard]] net::task<disposition> give(responses::response ours); // a document of Scopegate's own
    void compose_refusal(const policy::denial& d, bool keep_alive);
    void compose(const responses::response& ours, bool keep_alive); // into c_.space.lines
    [[nodiscard]] net::task<disposition> send_response(bool close);
    [[nodiscard]] std::string fresh_nonce(bool dpop) const;
    [[nodiscard]] std::string nonce_lines(const std::string& nonce) const;
    [[nodiscard]] std::string_view path() const noexcept;
    [[nodiscard]] bool skip_body() noexcept;
    [[nodiscard]] std::optional<net::address_bytes> address_from_proxies() const noexcept;
    void record(unsigned status, failure why, const policy::denial* refusal, bool observed,
                std::optional<std::chrono::microseconds> upstream);

    exchange_context c_;
    http::request_framing framing_;
    bool has_head_ = false; // the whole head was read: its fields are what the peer sent
    std::string_view request_id_;
    std::string_view client_request_id_; // of a client that is no trusted proxy: for the log alone
    observe::request_id_buffer request_id_buffer_{};
    steady_time started_;
    access::evaluation evaluation_;
};

} // namespace scopegate::gate
