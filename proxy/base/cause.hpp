// The exact cause of a failure, for the operator: one enum for the access log, `explain` and metrics. The client
// learns the coarser `reason` only. A cause is a word of this list, never text of the input.
#pragma once

#include "base/reason.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scopegate {

// X(enumerator, word): the word is kebab-case; README, "Causes", explains each.
#define SCOPEGATE_CAUSES(X)                                                                                            \
    X(none, "")                                                                                                        \
    /* a request's head and framing, or a response's */                                                                \
    X(folded_header, "folded-header")                                                                                  \
    /* the target */                                                                                                   \
    X(non_ascii_target, "non-ascii-target")                                                                            \
    /* the token */                                                                                                    \
    X(credentials_empty, "credentials-empty")                                                                          \
    X(token_not_b64token, "token-not-b64token")                                                                        \
    X(token_percent_encoding, "token-percent-encoding")                                                                \
    X(token_name_spelled_otherwise, "token-name-spelled-otherwise")                                                    \
    X(token_in_two_places, "token-in-two-places")                                                                      \
    X(several_authorization_fields, "several-authorization-fields")                                                    \
    X(other_auth_scheme, "other-auth-scheme")                                                                          \
    X(token_parts, "token-parts")                                                                                      \
    X(token_not_base64url, "token-not-base64url")                                                                      \
    X(token_header_not_json, "token-header-not-json")                                                                  \
    X(token_payload_not_json, "token-payload-not-json")                                                                \
    X(token_too_deep, "token-too-deep")                                                                                \
    X(token_duplicate_member, "token-duplicate-member")                                                                \
    X(token_encrypted, "token-encrypted")                                                                              \
    X(alg_missing, "alg-missing")                                                                                      \
    X(alg_not_string, "alg-not-string")                                                                                \
    X(kid_not_string, "kid-not-string")                                                                                \
    X(typ_not_string, "typ-not-string")                                                                                \
    X(alg_none, "alg-none")                                                                                            \
    X(alg_not_known, "alg-not-known")                                                                                  \
    X(alg_not_allowed, "alg-not-allowed")                                                                              \
    X(alg_of_another_key, "alg-of-another-key")                                                                        \
    X(crit_not_understood, "crit-not-understood")                                                                      \
    X(b64_not_understood, "b64-not-understood")                                                                        \
    X(typ_missing, "typ-missing")                                                                                      \
    X(typ_not_access_token, "typ-not-access-token")                                                                    \
    X(token_use_not_access, "token-use-not-access")                                                                    \
    X(token_type_not_access, "token-type-not-access")                                                                  \
    X(iss_missing, "iss-missing")                                                                                      \
    X(iss_not_string, "iss-not-string")                                                                                \
    X(iss_differs_by_slash, "iss-differs-by-slash")                                                                    \
    X(exp_missing, "exp-missing")                                                                                      \
    X(exp_not_number, "exp-not-number")                                                                                \
    X(nbf_not_number, "nbf-not-number")                                                                                \
    X(iat_not_number, "iat-not-number")                                                                                \
    X(nbf_in_future, "nbf-in-future")                                                                                  \
    X(iat_in_future, "iat-in-future")                                                                                  \
    X(aud_missing, "aud-missing")                                                                                      \
    X(aud_not_string, "aud-not-string")                                                                                \
    X(sub_not_string, "sub-not-string")                                                                                \
    X(jti_not_string, "jti-not-string")                                                                                \
    X(client_id_not_string, "client-id-not-string")                                                                    \
    X(sub_missing, "sub-missing")                                                                                      \
    X(jti_missing, "jti-missing")                                                                                      \
    X(iat_missing, "iat-missing")                                                                                      \
    X(client_id_missing, "client-id-missing")                                                                          \
    X(required_claim_missing, "required-claim-missing")                                                                \
    X(required_claim_differs, "required-claim-differs")                                                                \
    X(cnf_not_object, "cnf-not-object")                                                                                \
    X(cnf_not_understood, "cnf-not-understood")                                                                        \
    X(cnf_not_thumbprint, "cnf-not-thumbprint")                                                                        \
    X(keys_never_fetched, "keys-never-fetched")                                                                        \
    X(keys_not_fetched, "keys-not-fetched")                                                                            \
    X(kid_missing, "kid-missing")                                                                                      \
    X(kid_absent, "kid-absent")                                                                                        \
    X(kid_inside_cooldown, "kid-inside-cooldown")                                                                      \
    X(introspection_failed, "introspection-failed")                                                                    \
    X(introspection_status, "introspection-status")                                                                    \
    X(introspection_not_json, "introspection-not-json")                                                                \
    X(introspection_queue_full, "introspection-queue-full")                                                            \
    X(introspection_not_asked, "introspection-not-asked")                                                              \
    X(proof_missing, "proof-missing")                                                                                  \
    X(several_proofs, "several-proofs")                                                                                \
    X(proof_for_unbound_token, "proof-for-unbound-token")                                                              \
    X(proof_required, "proof-required")                                                                                \
    X(certificate_missing, "certificate-missing")                                                                      \
    X(certificate_differs, "certificate-differs")                                                                      \
    X(proof_too_large, "proof-too-large")                                                                              \
    X(proof_malformed, "proof-malformed")                                                                              \
    X(proof_typ, "proof-typ")                                                                                          \
    X(proof_alg, "proof-alg")                                                                                          \
    X(proof_key, "proof-key")                                                                                          \
    X(proof_jti, "proof-jti")                                                                                          \
    X(proof_htm, "proof-htm")                                                                                          \
    X(proof_htu, "proof-htu")                                                                                          \
    X(proof_ath, "proof-ath")                                                                                          \
    X(proof_iat, "proof-iat")                                                                                          \
    X(proof_nonce_not_string, "proof-nonce-not-string")                                                                \
    X(proof_of_another_key, "proof-of-another-key")                                                                    \
    X(proof_too_old, "proof-too-old")                                                                                  \
    X(proof_in_future, "proof-in-future")                                                                              \
    X(proof_bad_signature, "proof-bad-signature")                                                                      \
    X(proof_used_before, "proof-used-before")                                                                          \
    X(scope_claim_shape, "scope-claim-shape")                                                                          \
    X(permissions_claim_shape, "permissions-claim-shape")                                                              \
    X(roles_claim_shape, "roles-claim-shape")                                                                          \
    X(no_listed_role, "no-listed-role")                                                                                \
    /* the upstream */                                                                                                 \
    X(refused_connection, "refused-connection")

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

// Why something failed: the reason decides the response, the cause tells the operator more. Converts from and to
// a bare reason, so that code without a cause to tell does not name one.
struct failure {
    reason why = reason::internal_error;
    cause detail = cause::none;

    constexpr failure() noexcept = default;
    constexpr failure(reason r, cause c = cause::none) noexcept : why(r), detail(c) {} // NOLINT: implicit
    constexpr operator reason() const noexcept { return why; }                         // NOLINT: implicit
};

} // namespace scopegate
