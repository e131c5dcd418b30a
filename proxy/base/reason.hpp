// The first of two tables of reasons: the properties that every layer may know of a refusal or failure. The
// access log, the problem `type`, the challenge table, `explain` and the tests use the same word. The second
// one, responses/response_table.cpp, has the response to the client, with status and challenge.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scopegate {

// The step of the request's life that gives a reason (proxy/README.md).
enum class request_step : std::uint8_t {
    framing, // with all that comes before it: TLS, the PROXY header, reading the head
    target,
    route,
    host,
    lookalikes,
    method_override,
    token,
    issuer, // getting the issuer's keys or its introspection result, without which the token is undecided
    binding,
    origin,
    requirement,
    upstream, // forwarding, and the upstream's response
    limits,
    response, // sending it
};

// Which modes may forward a request in spite of a refusal (`mode: observe`). Target normalization and the
// route match refuse before the requirement is known: if a lookalike path matches an observed route, that
// does not relax the protected route that it resembles.
enum class observable : std::uint8_t {
    never,       // the refusal is enforced in any mode
    by_file,     // only the file's own mode
    by_any_mode, // the file's mode or the requirement's
};

// How loud the log line of a failed request is, if its response has a status of 500 or above.
enum class severity : std::uint8_t { info, warn, error };

// X(enumerator, word, step, observable, severity): the word is kebab-case and visible to clients
// (`urn:scopegate:problem:<word>`).
#define SCOPEGATE_REASONS(X)                                                                                 \
    X(allowed, "allowed", response, never, info)                                                             \
    /* the head and the framing */                                                                           \
    X(malformed_request, "malformed-request", framing, never, info)                                          \
    X(ambiguous_framing, "ambiguous-framing", framing, never, info)                                          \
    X(unsupported_coding, "unsupported-transfer-coding", framing, never, info)                               \
    X(bad_host, "bad-host", framing, never, info)                                                            \
    X(misdirected_request, "misdirected-request", host, by_file, info)                                       \
    X(unsupported_version, "unsupported-version", framing, never, warn)                                      \
    X(unsupported_expectation, "unsupported-expectation", framing, never, info)                              \
    X(headers_too_large, "headers-too-large", framing, never, info)                                          \
    X(target_too_long, "target-too-long", framing, never, info)                                              \
    X(body_too_large, "body-too-large", framing, never, info)                                                \
    X(request_timeout, "request-timeout", framing, never, info)                                              \
    X(tls_failed, "tls-failed", framing, never, info)                                                        \
    /* target normalization */                                                                               \
    X(malformed_target, "malformed-target", target, by_file, info)                                           \
    X(ambiguous_path, "ambiguous-path", target, by_file, info)                                               \
    X(lookalike_path, "lookalike-path", lookalikes, by_file, info)                                           \
    /* route match */                                                                                        \
    X(no_route, "no-route", route, by_file, info)                                                            \
    X(wrong_method, "wrong-method", route, by_file, info)                                                    \
    X(method_override, "method-override", method_override, never, info)                                      \
    /* finding the token */                                                                                  \
    X(no_token, "no-token", token, by_any_mode, info)                                                        \
    X(malformed_credentials, "malformed-credentials", token, never, info)                                    \
    X(several_tokens, "several-tokens", token, never, info)                                                  \
    /* token validation */                                                                                   \
    X(token_too_large, "token-too-large", token, by_any_mode, info)                                          \
    X(malformed_token, "malformed-token", token, by_any_mode, info)                                          \
    X(unknown_issuer, "unknown-issuer", token, by_any_mode, info)                                            \
    X(unsupported_algorithm, "unsupported-algorithm", token, by_any_mode, info)                              \
    X(critical_header, "critical-header", token, by_any_mode, info)                                          \
    X(wrong_token_type, "wrong-token-type", token, by_any_mode, info)                                        \
    X(unknown_key, "unknown-key", token, by_any_mode, info)                                                  \
    X(bad_signature, "bad-signature", token, by_any_mode, info)                                              \
    X(token_expired, "token-expired", token, by_any_mode, info)                                              \
    X(token_not_yet_valid, "token-not-yet-valid", token, by_any_mode, info)                                  \
    X(wrong_audience, "wrong-audience", token, by_any_mode, info)                                            \
    X(missing_claim, "missing-claim", token, by_any_mode, info)                                              \
    X(wrong_claim, "wrong-claim", token, by_any_mode, info)                                                  \
    X(token_inactive, "token-inactive", token, by_any_mode, info)                                            \
    X(unbound_token, "unbound-token", binding, by_any_mode, info)                                            \
    X(invalid_proof, "invalid-dpop-proof", binding, by_any_mode, info)                                       \
    X(proof_nonce, "use-dpop-nonce", binding, by_any_mode, info)                                             \
    X(proof_memory_full, "proof-memory-full", binding, by_any_mode, warn)                                    \
    X(cross_origin, "cross-origin", origin, by_any_mode, info)                                               \
    X(key_pending, "key-pending", issuer, by_any_mode, info)                                                 \
    X(keys_unavailable, "keys-unavailable", issuer, by_any_mode, warn)                                       \
    X(introspection_unavailable, "introspection-unavailable", issuer, by_any_mode, warn)                     \
    /* the decision */                                                                                       \
    X(insufficient_scope, "insufficient-scope", requirement, by_any_mode, info)                              \
    X(scope_limited, "scope-limited", requirement, by_any_mode, info)                                        \
    X(condition_failed, "condition-failed", requirement, by_any_mode, info)                                  \
    X(login_too_old, "login-too-old", requirement, by_any_mode, info)                                        \
    X(login_too_weak, "login-too-weak", requirement, by_any_mode, info)                                      \
    X(address_not_allowed, "address-not-allowed", requirement, by_any_mode, info)                            \
    /* the upstream, and our own limits and errors */                                                        \
    X(upstream_unreachable, "upstream-unreachable", upstream, never, warn)                                   \
    X(upstream_bad_answer, "upstream-bad-answer", upstream, never, warn)                                     \
    X(upstream_timeout, "upstream-timeout", upstream, never, warn)                                           \
    X(upstream_busy, "upstream-busy", upstream, never, warn)                                                 \
    X(connection_limit, "connection-limit", limits, never, warn)                                             \
    X(memory_limit, "memory-limit", limits, never, warn)                                                     \
    X(client_gone, "client-gone", response, never, info)                                                     \
    X(internal_error, "internal-error", response, never, error)

enum class reason : std::uint8_t {
#define X(enumerator, ...) enumerator,
    SCOPEGATE_REASONS(X)
#undef X
};

inline constexpr std::size_t reason_count = 0
#define X(...) +1
    SCOPEGATE_REASONS(X)
#undef X
    ;

// A row of the table.
struct reason_row {
    std::string_view word; // never empty
    request_step at;
    observable observe;
    severity loud;
};

namespace detail {

inline constexpr reason_row reason_rows[] = {
#define X(enumerator, word, at, observe, loud) {word, request_step::at, observable::observe, severity::loud},
    SCOPEGATE_REASONS(X)
#undef X
};

} // namespace detail

// Returns the reason's row.
[[nodiscard]] constexpr const reason_row& row_of(reason r) noexcept
{
    return detail::reason_rows[static_cast<std::size_t>(r)];
}

// Returns the reason's word. Static storage, never empty.
[[nodiscard]] constexpr std::string_view name(reason r) noexcept
{
    return row_of(r).word;
}

// Returns whether a token is neither accepted nor refused, because its issuer could not be asked. This does
// not end what the token has already permitted.
[[nodiscard]] constexpr bool is_undecided(reason r) noexcept
{
    return row_of(r).at == request_step::issuer;
}

} // namespace scopegate
