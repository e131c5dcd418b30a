// The record in which every request ends, and with it every connection on which no request came to be: one
// that was turned away, or whose PROXY header or TLS handshake failed. Readers get each record once;
// record.cpp lists them.
#pragma once

#include "base/cause.hpp"
#include "base/clock.hpp"
#include "policy/decide.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::observe {

// The result of the decision about a request.
enum class decision : std::uint8_t {
    none, // nothing: no head was read, or none that could be judged
    denial,
    permit,
    observed_permit, // observe mode lets it pass, although it would be refused
    own_response,    // Scopegate responds itself: with its metadata document, or to a preflight
};

// How a request ended. Total: each record has exactly one of these.
enum class request_end : std::uint8_t {
    allowed,
    observed, // permitted by observe mode alone
    own_response,
    refused,      // before or after a permit, for instance for its body
    permit_ended, // a tunnel or event stream that ended with its token or its permission
    upstream_failed,
    client_left,
    connection_limit,
    proxy_header_failed,
    tls_failed,
    internal_error,
};

// Returns how a request ended about which this was decided, and which ended for this reason. In observe mode
// `why` may be the refusal that is not enforced.
[[nodiscard]] request_end end_of(decision decided, failure why) noexcept;

struct request_record;

// Gives the facts about a request that take time to find: a reader asks only for those that it writes. Valid
// during the call.
class request_details {
public:
    // Fills the members for one line about the request.
    virtual void describe(request_record&) const {}
    static constexpr std::size_t longest_address = 64; // including a zone
    // Returns the address that trusted proxies report; empty without one. It may lie in `room`.
    [[nodiscard]] virtual std::string_view forwarded_for(std::array<char, longest_address>& room) const = 0;
    // Returns the contents of a refused token: a JSON object of printable ASCII; empty without one.
    [[nodiscard]] virtual std::string unverified() const = 0;

protected:
    ~request_details() = default;
};

// Describes a request at its end. The views and pointers need to live only during the call. Empty and null
// members are not known. Making one allocates nothing and reads no clock.
struct request_record {
    // --- labels ---
    failure why = reason::allowed; // with observed_permit, the reason that would have refused it
    decision decided = decision::none;
    unsigned status = 0; // as sent to the client; 0: nothing was sent
    std::string_view method;
    const policy::route_match* match = nullptr; // the template, and the requirement

    // --- measurements ---
    steady_time began; // its first byte, or its connection where no request came to be
    steady_time ended; // as of the poll in which it ended: up to a poll's work too early
    std::optional<std::chrono::microseconds> decision_wait; // for an issuer, or a verification slot
    std::optional<std::chrono::microseconds> upstream;      // until the head of its response
    std::uint64_t bytes_in = 0;  // of the request's body, as far as it was passed on
    std::uint64_t bytes_out = 0; // of the response's body, as far as it was passed on

    // --- for one line about this request alone: see request_details::describe ---
    std::string_view request_id;
    std::string_view client_request_id; // the client's own id for it (is_request_id)
    std::string_view client; // the address of the connection's peer, or the one in its PROXY header
    std::string_view path;   // without the query
    const policy::denial* refusal = nullptr;      // holds the required and missing scopes
    const policy::scope_set* effective = nullptr; // the token's, if it is valid
    std::string_view subject, client_id, issuer;
    const request_details* details = nullptr;
};

[[nodiscard]] inline request_end end_of(const request_record& r) noexcept
{
    return end_of(r.decided, r.why);
}

// Returns the record of a connection on which no request came to be, without a response. `client`: as in the
// record.
[[nodiscard]] request_record unserved(std::string_view client, failure why, steady_time began,
                                      steady_time ended) noexcept;

// Hands the record to all readers. Every end calls this exactly once, whatever is logged. May be called on
// any thread. Does no I/O. A reader that runs out of memory loses the record, and nothing else.
void end_request(const policy::policy& p, const request_record& r) noexcept;

// Reads a record. Runs on the worker's thread, on the hot path.
using record_reader = void (*)(const policy::policy& p, const request_record& r);
// Adds one more reader, behind the others; null: none. For tests.
void also_read_records(record_reader reader) noexcept;

} // namespace scopegate::observe
