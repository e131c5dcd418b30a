// The exact cause of a failure, for the operator: one enum for the access log, `explain` and metrics. The
// client sees only the coarser `reason`. A cause is a word of this list and never contains text of the input.
#pragma once

#include "base/reason.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scopegate {

// X(enumerator, word): the word is kebab-case. The README explains each one under "Causes".
#define SCOPEGATE_CAUSES(X)                                                                                  \
    X(none, "")                                                                                              \
    /* the head of a request or a response */                                                                \
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
    /* one of our limits or timeouts, named by its key */                                                    \
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
    X(timeouts_response_pause, "timeouts-response-pause")                                                    \
    X(timeouts_stream, "timeouts-stream")                                                                    \
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
    X(several_splits, "several-splits")                                                                      \
    X(folds_to_another_route, "folds-to-another-route")                                                      \
    X(folds_to_no_route, "folds-to-no-route")                                                                \
    X(reads_as_another_route, "reads-as-another-route")                                                      \
    X(override_header, "override-header")                                                                    \
    X(override_parameter, "override-parameter")                                                              \
    /* the token */                                                                                          \
    X(credentials_empty, "credentials-empty")                                                                \
    X(token_not_b64token, "token-not-b64token")                                                              \
    X(token_percent_encoding, "token-percent-encoding")                                                      \
    X(token_name_spelled_otherwise, "token-name-spelled-otherwise")                                          \
    X(token_in_two_places, "token-in-two-places")                                                            \
    X(several_authorization_fields, "several-authorization-fields")                                          \
    X(other_auth_scheme, "other-auth-scheme")                                                                \
    X(foreign_origin, "foreign-origin")                                                                      \
    X(null_origin, "null-origin")                                                                            \
    X(several_origins, "several-origins")                                                                    \
    X(foreign_fetch_site, "foreign-fetch-site")                                                              \
    X(token_parts, "token-parts")                                                                            \
    X(token_not_base64url, "token-not-base64url")                                                            \
    X(token_header_not_json, "token-header-not-json")                                                        \
    X(token_payload_not_json, "token-payload-not-json")                                                      \
    X(token_too_deep, "token-too-deep")                                                                      \
    X(token_duplicate_member, "token-duplicate-member")                                                      \
    X(token_encrypted, "token-encrypted")                                                                    \
    X(alg_missing, "alg-missing")                                                                            \
    X(alg_not_string, "alg-not-string")                                                                      \
    X(kid_not_string, "kid-not-string")                                                                      \
    X(typ_not_string, "typ-not-string")                                                                      \
    X(alg_none, "alg-none")                                                                                  \
    X(alg_not_known, "alg-not-known")                                                                        \
    X(alg_not_allowed, "alg-not-allowed")                                                                    \
    X(alg_of_another_key, "alg-of-another-key")                                                              \
    X(crit_not_understood, "crit-not-understood")                                                            \
    X(b64_not_understood, "b64-not-understood")                                                              \
    X(typ_missing, "typ-missing")                                                                            \
    X(typ_not_access_token, "typ-not-access-token")                                                          \
    X(token_use_not_access, "token-use-not-access")                                                          \
    X(token_type_not_access, "token-type-not-access")                                                        \
    X(iss_missing, "iss-missing")                                                                            \
    X(iss_not_string, "iss-not-string")                                                                      \
    X(iss_differs_by_slash, "iss-differs-by-slash")                                                          \
    X(not_in_trust_domain, "not-in-trust-domain")                                                            \
    X(tid_not_string, "tid-not-string")                                                                      \
    X(tid_differs, "tid-differs")                                                                            \
    X(unknown_tenant, "unknown-tenant")                                                                      \
    X(too_many_new_tenants, "too-many-new-tenants")                                                          \
    X(exp_missing, "exp-missing")                                                                            \
    X(exp_not_number, "exp-not-number")                                                                      \
    X(nbf_not_number, "nbf-not-number")                                                                      \
    X(iat_not_number, "iat-not-number")                                                                      \
    X(nbf_in_future, "nbf-in-future")                                                                        \
    X(iat_in_future, "iat-in-future")                                                                        \
    X(aud_missing, "aud-missing")                                                                            \
    X(aud_not_string, "aud-not-string")                                                                      \
    X(aud_of_another_resource, "aud-of-another-resource")                                                    \
    X(sub_not_string, "sub-not-string")                                                                      \
    X(jti_not_string, "jti-not-string")                                                                      \
    X(client_id_not_string, "client-id-not-string")                                                          \
    X(sub_missing, "sub-missing")                                                                            \
    X(jti_missing, "jti-missing")                                                                            \
    X(iat_missing, "iat-missing")                                                                            \
    X(client_id_missing, "client-id-missing")                                                                \
    X(required_claim_missing, "required-claim-missing")                                                      \
    X(required_claim_differs, "required-claim-differs")                                                      \
    X(cnf_not_object, "cnf-not-object")                                                                      \
    X(cnf_not_understood, "cnf-not-understood")                                                              \
    X(cnf_not_thumbprint, "cnf-not-thumbprint")                                                              \
    X(keys_never_fetched, "keys-never-fetched")                                                              \
    X(keys_not_fetched, "keys-not-fetched")                                                                  \
    X(kid_missing, "kid-missing")                                                                            \
    X(kid_absent, "kid-absent")                                                                              \
    X(kid_inside_cooldown, "kid-inside-cooldown")                                                            \
    X(introspection_failed, "introspection-failed")                                                          \
    X(introspection_status, "introspection-status")                                                          \
    X(proxy_unreachable, "proxy-unreachable")                                                                \
    X(proxy_refused, "proxy-refused")                                                                        \
    X(introspection_not_json, "introspection-not-json")                                                      \
    X(introspection_not_signed, "introspection-not-signed")                                                  \
    X(introspection_bad_signature, "introspection-bad-signature")                                            \
    X(introspection_for_others, "introspection-for-others")                                                  \
    X(introspection_queue_full, "introspection-queue-full")                                                  \
    X(introspection_not_asked, "introspection-not-asked")                                                    \
    X(proof_missing, "proof-missing")                                                                        \
    X(several_proofs, "several-proofs")                                                                      \
    X(proof_for_unbound_token, "proof-for-unbound-token")                                                    \
    X(proof_required, "proof-required")                                                                      \
    X(certificate_missing, "certificate-missing")                                                            \
    X(certificate_differs, "certificate-differs")                                                            \
    X(certificate_header_unreadable, "certificate-header-unreadable")                                        \
    X(proof_too_large, "proof-too-large")                                                                    \
    X(proof_malformed, "proof-malformed")                                                                    \
    X(proof_typ, "proof-typ")                                                                                \
    X(proof_alg, "proof-alg")                                                                                \
    X(proof_key, "proof-key")                                                                                \
    X(proof_jti, "proof-jti")                                                                                \
    X(proof_htm, "proof-htm")                                                                                \
    X(proof_htu, "proof-htu")                                                                                \
    X(proof_ath, "proof-ath")                                                                                \
    X(proof_iat, "proof-iat")                                                                                \
    X(proof_nonce_not_string, "proof-nonce-not-string")                                                      \
    X(proof_of_another_key, "proof-of-another-key")                                                          \
    X(proof_too_old, "proof-too-old")                                                                        \
    X(proof_in_future, "proof-in-future")                                                                    \
    X(proof_bad_signature, "proof-bad-signature")                                                            \
    X(proof_used_before, "proof-used-before")                                                                \
    X(scope_not_granted, "scope-not-granted")                                                                \
    X(scope_claim_shape, "scope-claim-shape")                                                                \
    X(permissions_claim_shape, "permissions-claim-shape")                                                    \
    X(roles_claim_shape, "roles-claim-shape")                                                                \
    X(no_listed_role, "no-listed-role")                                                                      \
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
    /* TLS to the upstream, an issuer or an introspection endpoint */                                        \
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

// Returns the cause's word. Static storage; empty only for `none`.
[[nodiscard]] constexpr std::string_view name(cause c) noexcept
{
    constexpr std::string_view words[] = {
#define X(enumerator, word) word,
        SCOPEGATE_CAUSES(X)
#undef X
    };
    return words[static_cast<std::size_t>(c)];
}

// Why something failed. The reason determines the response; the cause gives the operator more detail.
// Converts from and to a bare reason, so that code without a cause need not name one.
struct failure {
    reason why = reason::allowed;
    cause detail = cause::none;

    constexpr failure() noexcept = default; // for records: nothing failed
    constexpr failure(reason r, cause c = cause::none) noexcept : why(r), detail(c) {} // NOLINT: implicit
    constexpr operator reason() const noexcept { return why; }                         // NOLINT: implicit
};

} // namespace scopegate
