// The second table of reasons: the response for each. Everywhere else a denial is only its reason.
#include "responses/response_book.hpp"

#include <array>

namespace scopegate::responses {

namespace {

using challenge = response_row::challenge;

// These functions make the common part of a kind of row.
constexpr response_row plain(unsigned status, std::string_view title, std::string_view detail) noexcept
{
    return {status, title, detail};
}
constexpr response_row closing(response_row r) noexcept
{
    r.close = true;
    return r;
}
constexpr response_row closes(unsigned status, std::string_view title, std::string_view detail) noexcept
{
    return closing(plain(status, title, detail));
}
constexpr response_row challenges(unsigned status, std::string_view title, std::string_view detail,
                                  std::string_view error, challenge how = challenge::scheme) noexcept
{
    auto r = plain(status, title, detail);
    r.error = error;
    r.challenges = how;
    return r;
}
constexpr response_row bad_token(std::string_view detail) noexcept
{
    return challenges(401, "Token not accepted", detail, "invalid_token");
}
constexpr response_row bad_proof(std::string_view detail, std::string_view error) noexcept
{
    return challenges(401, "Proof not accepted", detail, error, challenge::proof);
}
constexpr response_row bad_login(std::string_view title, std::string_view detail) noexcept
{
    return challenges(401, title, detail, "insufficient_user_authentication", challenge::login);
}
constexpr response_row naming_scopes(response_row r) noexcept
{
    r.scopes = true;
    return r;
}
constexpr response_row forbidden(std::string_view title, std::string_view detail) noexcept
{
    return naming_scopes(plain(403, title, detail));
}
constexpr response_row naming_methods(response_row r) noexcept
{
    r.allow = true;
    return r;
}
// A client may try again after so many seconds.
constexpr response_row unavailable(unsigned retry_after, std::string_view detail) noexcept
{
    auto r = plain(503, "Service unavailable", detail);
    r.retry_after = retry_after;
    return r;
}
constexpr unsigned soon = 1;         // never 0, which would invite a storm of retries
constexpr unsigned for_issuer = 2;   // an issuer's back-off is a second at most
constexpr unsigned for_new_key = 10; // the cooldown between two fetches for unknown keys
constexpr unsigned for_proofs = 15;  // by then some used proofs will have been forgotten

// `detail` is also the challenge's error_description: visible ASCII without `"` and `\` (RFC 6750 section 3).
// It tells the client what to do, and never repeats the token's contents.
constexpr response_row make_row(reason r) noexcept
{
    constexpr std::string_view bad_request = "Bad request";
    switch (r) {
    case reason::malformed_request:
        return closes(400, bad_request, "The request is not well-formed HTTP/1.1.");
    case reason::ambiguous_framing:
        return closes(400, bad_request, "The length of the request's body is ambiguous.");
    case reason::unsupported_coding:
        return closes(400, bad_request, "The only supported transfer coding is chunked.");
    case reason::bad_host:
        return closes(400, bad_request,
                      "The request must have exactly one valid Host, and its target must agree with it.");
    case reason::misdirected_request:
        return plain(421, "Misdirected request", "The request names a host that is not served here.");
    case reason::unsupported_version:
        return closes(505, "HTTP version not supported", "The request must be HTTP/1.1 or HTTP/1.0.");
    case reason::unsupported_expectation:
        return closes(417, "Expectation failed", "The only supported expectation is 100-continue.");
    case reason::headers_too_large:
        return closes(431, "Request header fields too large",
                      "The request's header fields exceed the limit.");
    case reason::target_too_long:
        return closes(414, "URI too long", "The request's target exceeds the limit.");
    case reason::body_too_large:
        return closes(413, "Content too large", "The request's body exceeds the limit.");
    case reason::request_timeout:
        return closes(408, "Request timeout", "The request did not arrive in time.");

    case reason::malformed_target:
        return plain(400, bad_request, "The request's target is not a well-formed path.");
    case reason::ambiguous_path:
        return plain(400, bad_request,
                     "The path contains dot segments, empty segments or ambiguous characters.");
    case reason::lookalike_path:
        return plain(400, bad_request, "The path could be read as the path of another route.");

    case reason::no_route:
        return plain(404, "Not found", "The resource was not found.");
    case reason::wrong_method:
        return naming_methods(plain(405, "Method not allowed", "The resource does not support this method."));
    case reason::method_override:
        return plain(400, bad_request, "A method override must not differ from the request's own method.");

    case reason::no_token:
        return challenges(401, "Authentication required", "An access token is required.", {});
    case reason::malformed_credentials:
        return challenges(400, bad_request, "The request has no well-formed bearer token.",
                          "invalid_request");
    case reason::several_tokens:
        return challenges(400, bad_request, "The request must carry exactly one access token.",
                          "invalid_request");

    case reason::token_too_large:
        return plain(431, "Request header fields too large", "The access token exceeds the limit.");
    case reason::malformed_token:
        return bad_token("The access token is not well-formed.");
    case reason::unknown_issuer:
        return bad_token("The access token's issuer is not trusted here.");
    case reason::unsupported_algorithm:
        return bad_token("The access token is signed with an algorithm that is not accepted.");
    case reason::critical_header:
        return bad_token("The access token has a critical header that is not supported.");
    case reason::wrong_token_type:
        return bad_token("The token is not an access token.");
    case reason::unknown_key:
        return bad_token("The access token is signed with an unknown key.");
    case reason::bad_signature:
        return bad_token("The access token's signature is invalid.");
    case reason::token_expired:
        return bad_token("The access token has expired.");
    case reason::token_not_yet_valid:
        return bad_token("The access token is not valid yet.");
    case reason::wrong_audience:
        return bad_token("The access token is meant for another audience.");
    case reason::missing_claim:
        return bad_token("The access token lacks a required claim.");
    case reason::wrong_claim:
        return bad_token("The access token has a claim with an unexpected value.");
    case reason::token_inactive:
        return bad_token("The access token is not active.");
    case reason::unbound_token:
        return bad_token("The access token's binding to a key or certificate is missing or not proven.");
    case reason::invalid_proof:
        return bad_proof("The DPoP proof is not valid for this request.", "invalid_dpop_proof");
    case reason::proof_nonce:
        return bad_proof("The DPoP proof must contain the nonce in this response.", "use_dpop_nonce");
    case reason::proof_memory_full:
        return unavailable(for_proofs, "Too many DPoP proofs were used recently; retry later.");
    case reason::key_pending:
        return unavailable(for_new_key, "The key that verifies the access token is not available yet.");
    case reason::keys_unavailable:
        return unavailable(for_issuer, "The issuer's keys are temporarily unavailable.");
    case reason::introspection_unavailable:
        return unavailable(for_issuer, "The access token can't be checked at the moment.");

    case reason::cross_origin:
        return forbidden("Forbidden", "A page of another origin must not use the token in this cookie.");

    case reason::insufficient_scope:
        return naming_scopes(challenges(403, "Insufficient scope", "The access token lacks a required scope.",
                                        "insufficient_scope"));
    case reason::scope_limited:
        return forbidden(
            "Insufficient permissions",
            "The user's permissions or the token's issuer do not allow the scopes that are required.");
    case reason::address_not_allowed:
        return forbidden("Forbidden", "Requests from this address are not allowed.");
    case reason::condition_failed:
        return forbidden("Forbidden", "The access token is not for this resource.");
    case reason::login_too_old:
        return bad_login("Recent login required", "A more recent login is required.");
    case reason::login_too_weak:
        return bad_login("Stronger login required", "A stronger login is required.");

    case reason::upstream_unreachable:
        return plain(502, "Bad gateway", "The upstream can't be reached.");
    case reason::upstream_bad_answer:
        return plain(502, "Bad gateway", "The upstream sent a response that can't be forwarded.");
    case reason::upstream_timeout:
        return plain(504, "Gateway timeout", "The upstream did not respond in time.");
    case reason::upstream_busy:
        return unavailable(soon, "The upstream has too many requests in progress.");
    case reason::memory_limit:
        return closing(unavailable(soon, "The server is short of memory."));
    case reason::connection_limit:
        return closing(unavailable(soon, "There are too many connections at the moment."));

    // These reasons are never sent as denials. Should one be, the request is still refused.
    case reason::allowed:
    case reason::tls_failed:
    case reason::client_gone:
    case reason::internal_error:
        return closes(500, "Internal error", "The server has encountered an internal error.");
    }
    return closes(500, "Internal error", "The server has encountered an internal error.");
}

constexpr auto table = [] {
    std::array<response_row, reason_count> rows{};
    for (std::size_t i = 0; i < reason_count; ++i)
        rows[i] = make_row(static_cast<reason>(i));
    return rows;
}();

} // namespace

const response_row& row(reason r) noexcept
{
    return table[static_cast<std::size_t>(r)];
}

} // namespace scopegate::responses
