// Every named refusal and failure in one enum. The access log, the problem `type`, the challenge table,
// `explain` and the tests all use the same word. Only responses/response_table.cpp maps a reason to its
// status and challenge.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scopegate {

// X(enumerator, word): the word is kebab-case and visible to clients (`urn:scopegate:problem:<word>`).
#define SCOPEGATE_REASONS(X)                                                                                 \
    X(allowed, "allowed")                                                                                    \
    /* the head and the framing */                                                                           \
    X(malformed_request, "malformed-request")                                                                \
    X(ambiguous_framing, "ambiguous-framing")                                                                \
    X(unsupported_coding, "unsupported-transfer-coding")                                                     \
    X(bad_host, "bad-host")                                                                                  \
    X(misdirected_request, "misdirected-request")                                                            \
    X(unsupported_version, "unsupported-version")                                                            \
    X(unsupported_expectation, "unsupported-expectation")                                                    \
    X(headers_too_large, "headers-too-large")                                                                \
    X(target_too_long, "target-too-long")                                                                    \
    X(body_too_large, "body-too-large")                                                                      \
    X(request_timeout, "request-timeout")                                                                    \
    /* target normalization */                                                                               \
    X(malformed_target, "malformed-target")                                                                  \
    X(ambiguous_path, "ambiguous-path")                                                                      \
    X(lookalike_path, "lookalike-path")                                                                      \
    /* route match */                                                                                        \
    X(no_route, "no-route")                                                                                  \
    X(wrong_method, "wrong-method")                                                                          \
    X(method_override, "method-override")                                                                    \
    /* finding the token */                                                                                  \
    X(no_token, "no-token")                                                                                  \
    X(malformed_credentials, "malformed-credentials")                                                        \
    X(several_tokens, "several-tokens")                                                                      \
    /* token validation */                                                                                   \
    X(token_too_large, "token-too-large")                                                                    \
    X(malformed_token, "malformed-token")                                                                    \
    X(unknown_issuer, "unknown-issuer")                                                                      \
    X(unsupported_algorithm, "unsupported-algorithm")                                                        \
    X(critical_header, "critical-header")                                                                    \
    X(wrong_token_type, "wrong-token-type")                                                                  \
    X(unknown_key, "unknown-key")                                                                            \
    X(bad_signature, "bad-signature")                                                                        \
    X(token_expired, "token-expired")                                                                        \
    X(token_not_yet_valid, "token-not-yet-valid")                                                            \
    X(wrong_audience, "wrong-audience")                                                                      \
    X(missing_claim, "missing-claim")                                                                        \
    X(wrong_claim, "wrong-claim")                                                                            \
    X(token_inactive, "token-inactive")                                                                      \
    X(unbound_token, "unbound-token")                                                                        \
    X(invalid_proof, "invalid-dpop-proof")                                                                   \
    X(proof_nonce, "use-dpop-nonce")                                                                         \
    X(proof_memory_full, "proof-memory-full")                                                                \
    X(key_pending, "key-pending")                                                                            \
    X(keys_unavailable, "keys-unavailable")                                                                  \
    X(introspection_unavailable, "introspection-unavailable")                                                \
    /* the decision */                                                                                       \
    X(insufficient_scope, "insufficient-scope")                                                              \
    X(scope_limited, "scope-limited")                                                                        \
    X(condition_failed, "condition-failed")                                                                  \
    X(login_too_old, "login-too-old")                                                                        \
    X(login_too_weak, "login-too-weak")                                                                      \
    X(address_not_allowed, "address-not-allowed")                                                            \
    /* the upstream, and our own limits and errors */                                                        \
    X(upstream_unreachable, "upstream-unreachable")                                                          \
    X(upstream_bad_answer, "upstream-bad-answer")                                                            \
    X(upstream_timeout, "upstream-timeout")                                                                  \
    X(upstream_busy, "upstream-busy")                                                                        \
    X(connection_limit, "connection-limit")                                                                  \
    X(memory_limit, "memory-limit")                                                                          \
    X(client_gone, "client-gone")                                                                            \
    X(internal_error, "internal-error")

enum class reason : std::uint8_t {
#define X(enumerator, word) enumerator,
    SCOPEGATE_REASONS(X)
#undef X
};

inline constexpr std::size_t reason_count = 0
#define X(enumerator, word) +1
    SCOPEGATE_REASONS(X)
#undef X
    ;

// Returns the reason's word. Static storage, never empty.
[[nodiscard]] constexpr std::string_view name(reason r) noexcept
{
    constexpr std::string_view words[] = {
#define X(enumerator, word) word,
        SCOPEGATE_REASONS(X)
#undef X
    };
    return words[static_cast<std::size_t>(r)];
}

} // namespace scopegate
