// The exact cause of a failure, for the operator: one enum for the access log, `explain` and metrics. The
// client learns the coarser `reason` only. A cause is a word of this list, never text of the input.
#pragma once

#include "base/reason.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scopegate {

// X(enumerator, word): the word is kebab-case; README, "Causes", explains each.
#define SCOPEGATE_CAUSES(X)                                                                                  \
    X(none, "")                                                                                              \
    /* a head, a request's or a response's */                                                                \
    X(folded_header, "folded-header")                                                                        \
    X(blank_in_header_name, "blank-in-header-name")                                                          \
    X(bad_header_name, "bad-header-name")                                                                    \
    X(control_character, "control-character")                                                                \
    X(bare_line_end, "bare-line-end")                                                                        \
    X(bad_request_line, "bad-request-line")                                                                  \
    X(bad_status_line, "bad-status-line")                                                                    \
    X(not_http, "not-http")                                                                                  \
    X(http_version, "http-version")                                                                          \
    X(http2_preface, "http2-preface")                                                                        \
    X(tls_on_plain_port, "tls-on-plain-port")                                                                \
    X(plain_http_on_tls_port, "plain-http-on-tls-port")                                                      \
    X(bad_proxy_header, "bad-proxy-header")                                                                  \
    X(missing_proxy_header, "missing-proxy-header")                                                          \
    X(unexpected_proxy_header, "unexpected-proxy-header")                                                    \
    X(too_many_connection_names, "too-many-connection-names")                                                \
    X(connection_names_client, "connection-names-client")                                                    \
    X(scattered_headers, "scattered-headers")                                                                \
    /* framing and bodies */                                                                                 \
    X(length_and_chunked, "length-and-chunked")                                                              \
    X(repeated_length, "repeated-length")                                                                    \
    X(bad_length, "bad-length")                                                                              \
    X(repeated_transfer_encoding, "repeated-transfer-encoding")                                              \
    X(unknown_transfer_coding, "unknown-transfer-coding")                                                    \
    X(chunked_in_http_1_0, "chunked-in-http-1-0")                                                            \
    X(connection_names_framing, "connection-names-framing")                                                  \
    X(missing_host, "missing-host")                                                                          \
    X(repeated_host, "repeated-host")                                                                        \
    X(bad_host_value, "bad-host-value")                                                                      \
    X(host_of_target_differs, "host-of-target-differs")                                                      \
    X(unlisted_host, "unlisted-host")                                                                        \
    X(unknown_expectation, "unknown-expectation")                                                            \
    X(bad_chunk_size, "bad-chunk-size")                                                                      \
    X(bad_chunk_extension, "bad-chunk-extension")                                                            \
    X(bad_chunk_end, "bad-chunk-end")                                                                        \
    X(bad_trailer, "bad-trailer")                                                                            \
    X(long_chunk_extensions, "long-chunk-extensions")                                                        \
    /* a limit or a timeout of ours, by its key */                                                           \
    X(limits_headers, "limits-headers")                                                                      \
    X(limits_header_count, "limits-header-count")                                                            \
    X(limits_body, "limits-body")                                                                            \
    X(limits_connections, "limits-connections")                                                              \
    X(limits_connections_per_client, "limits-connections-per-client")                                        \
    X(limits_memory, "limits-memory")                                                                        \
    X(file_descriptors, "file-descriptors")                                                                  \
    X(timeouts_headers, "timeouts-headers")                                                                  \
    X(timeouts_body, "timeouts-body")                                                                        \
    X(slow_body, "slow-body")                                                                                \
    X(timeouts_upstream_connect, "timeouts-upstream-connect")                                                \
    X(timeouts_upstream_response, "timeouts-upstream-response")                                              \
    X(upstream_queue_full, "upstream-queue-full")                                                            \
    X(upstream_queue_timeout, "upstream-queue-timeout")                                                      \
    /* the target */                                                                                         \
    X(non_ascii_target, "non-ascii-target")                                                                  \
    X(target_form, "target-form")                                                                            \
    X(fragment_in_target, "fragment-in-target")                                                              \
    X(bad_percent_encoding, "bad-percent-encoding")                                                          \
    X(invalid_utf_8, "invalid-utf-8")                                                                        \
    X(encoded_control, "encoded-control")                                                                    \
    X(encoded_slash, "encoded-slash")                                                                        \
    X(backslash, "backslash")                                                                                \
    X(semicolon, "semicolon")                                                                                \
    X(dot_segment, "dot-segment")                                                                            \
    X(empty_segment, "empty-segment")                                                                        \
    X(double_encoding, "double-encoding")                                                                    \
    X(folds_to_another_route, "folds-to-another-route")                                                      \
    X(folds_to_no_route, "folds-to-no-route")                                                                \
    X(reads_as_another_route, "reads-as-another-route")                                                      \
    X(override_header, "override-header")                                                                    \
    X(override_parameter, "override-parameter")                                                              \
    /* the token */                                                                                          \
    X(token_too_large, "token-too-large")                                                                    \
    /* the upstream */                                                                                       \
    X(refused_connection, "refused-connection")                                                              \
    X(unresolvable_name, "unresolvable-name")                                                                \
    X(no_such_socket, "no-such-socket")                                                                      \
    X(socket_permission, "socket-permission")                                                                \
    X(unreachable_network, "unreachable-network")                                                            \
    X(failed_connection, "failed-connection")                                                                \
    X(closed_without_response, "closed-without-response")                                                    \
    X(cut_head, "cut-head")                                                                                  \
    X(cut_body, "cut-body")                                                                                  \
    X(reset_connection, "reset-connection")                                                                  \
    X(upstream_speaks_tls, "upstream-speaks-tls")                                                            \
    X(upstream_without_tls, "upstream-without-tls")                                                          \
    X(unexpected_upgrade, "unexpected-upgrade")                                                              \
    X(bad_upgrade, "bad-upgrade")                                                                            \
    X(interim_with_body, "interim-with-body")                                                                \
    X(too_many_interim_responses, "too-many-interim-responses")                                              \
    /* TLS, of the upstream, an issuer or an introspection endpoint */                                       \
    X(expired_certificate, "expired-certificate")                                                            \
    X(certificate_not_yet_valid, "certificate-not-yet-valid")                                                \
    X(certificate_of_another_name, "certificate-of-another-name")                                            \
    X(unknown_authority, "unknown-authority")                                                                \
    X(self_signed_certificate, "self-signed-certificate")                                                    \
    X(unusable_certificate, "unusable-certificate")                                                          \
    X(our_certificate_refused, "our-certificate-refused")                                                    \
    X(failed_handshake, "failed-handshake")

enum class cause : std::uint8_t {
#define X(enumerator, word) enumerator,
    SCOPEGATE_CAUSES(X)
#undef X
};

inline constexpr std::size_t cause_count = 0
#define X(enumerator, word) +1
    SCOPEGATE_CAUSES(X)
#undef X
    ;

// The cause's word: static storage; empty for `none` only.
[[nodiscard]] constexpr std::string_view name(cause c) noexcept
{
    constexpr std::string_view words[] = {
#define X(enumerator, word) word,
        SCOPEGATE_CAUSES(X)
#undef X
    };
    return words[static_cast<std::size_t>(c)];
}

// Why something failed: the reason decides the response, the cause tells the operator more. Converts from and
// to a bare reason, so that code without a cause to tell does not name one.
struct failure {
    reason why = reason::allowed;
    cause detail = cause::none;

    constexpr failure() noexcept = default;                                            // nothing failed
    constexpr failure(reason r, cause c = cause::none) noexcept : why(r), detail(c) {} // NOLINT: implicit
    constexpr operator reason() const noexcept { return why; }                         // NOLINT: implicit
};

} // namespace scopegate
