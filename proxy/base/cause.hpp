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
    X(token_too_large, "token-too-large")                                                                              \
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

    constexpr failure(reason r, cause c = cause::none) noexcept : why(r), detail(c) {} // NOLINT: implicit
    constexpr operator reason() const noexcept { return why; }                         // NOLINT: implicit
};

} // namespace scopegate
