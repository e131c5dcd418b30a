// The warnings of `check`, in one closed list. Users write the name of a warning in `# scopegate: allow NAME`
// and look it up in the README. A warning never prevents the use of a file; `check --strict` turns it into an
// error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace scopegate::config {

// X(enumerator, name): the name is kebab-case.
#define SCOPEGATE_WARNINGS(X)                                                                                \
    X(admin_exposed, "admin-exposed")                                                                        \
    X(ambiguous_subject, "ambiguous-subject")                                                                \
    X(certificate_dates, "certificate-dates")                                                                \
    X(dotted_claim, "dotted-claim")                                                                          \
    X(hidden_route, "hidden-route")                                                                          \
    X(hosts_not_listed, "hosts-not-listed")                                                                  \
    X(idle_ca, "idle-ca")                                                                                    \
    X(idle_trusted_proxies, "idle-trusted-proxies")                                                          \
    X(insecure_keys, "insecure-keys")                                                                        \
    X(issuer_grants_everything, "issuer-grants-everything")                                                  \
    X(issuer_without_audience, "issuer-without-audience")                                                    \
    X(issuer_without_https, "issuer-without-https")                                                          \
    X(method_in_body, "method-in-body")                                                                      \
    X(no_metadata, "no-metadata")                                                                            \
    X(restart_needed, "restart-needed")                                                                      \
    X(similar_issuers, "similar-issuers")                                                                    \
    X(trusts_every_client, "trusts-every-client")                                                            \
    X(unregistered_method, "unregistered-method")                                                            \
    X(unusable_key_set, "unusable-key-set")                                                                  \
    X(wide_weak_route, "wide-weak-route")

enum class warning : std::uint8_t {
#define X(enumerator, word) enumerator,
    SCOPEGATE_WARNINGS(X)
#undef X
};

inline constexpr std::string_view warning_names[] = {
#define X(enumerator, word) word,
    SCOPEGATE_WARNINGS(X)
#undef X
};
inline constexpr std::size_t warning_count = sizeof warning_names / sizeof *warning_names;

// Returns the warning's name. Static storage, never empty.
[[nodiscard]] constexpr std::string_view name(warning w) noexcept
{
    return warning_names[static_cast<std::size_t>(w)];
}

// Returns the warning of that name, or nothing.
[[nodiscard]] constexpr std::optional<warning> warning_named(std::string_view text) noexcept
{
    for (std::size_t i = 0; i < warning_count; ++i)
        if (warning_names[i] == text)
            return static_cast<warning>(i);
    return std::nullopt;
}

// Returns whether the warning only advises about something that the file cannot show. Only `check --verbose`
// prints such a warning.
[[nodiscard]] constexpr bool is_advice(warning w) noexcept
{
    return w == warning::method_in_body;
}

} // namespace scopegate::config
