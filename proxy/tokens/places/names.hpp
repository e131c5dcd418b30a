// Compares the names of parameters and cookies as a careless upstream might read them, so that no second
// token passes under another spelling.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace scopegate::tokens::places {

// Classifies one `name=value` of a query or a Cookie header.
struct named_value {
    enum class match : std::uint8_t {
        none,
        exact, // the configured name as it is written
        alike, // another spelling, or the name after a separator that only some readers accept
    };
    match name = match::none;
    std::string_view value; // of an exact match; still encoded
};

// Reads one `name=value`. `inner` is a separator that some readers accept besides the standard one.
[[nodiscard]] named_value read_named_value(std::string_view part, std::span<const std::string> names,
                                           char inner) noexcept;

// Returns whether a careless reader would take `written` for `name`. Such a reader percent-decodes, ignores
// letter case and an index in brackets, and reads the same characters as `_` that PHP does.
[[nodiscard]] bool is_alike(std::string_view written, std::string_view name) noexcept;

// Returns `s` without the spaces and tabs around it.
[[nodiscard]] std::string_view trimmed(std::string_view s) noexcept;

// Percent-decodes a token: into `scratch`, unless nothing is encoded. Returns nothing for an invalid triplet.
[[nodiscard]] std::optional<std::string_view> percent_decoded(std::string_view text, std::string& scratch);

// Returns the text with every character encoded that is not unreserved (RFC 3986 section 2.3).
[[nodiscard]] std::string percent_encoded(std::string_view text);

// Calls f(part) for each part of `text` between two separators, including empty parts.
template <class F>
void for_each_part(std::string_view text, char separator, F&& f)
{
    for (;;) {
        const auto end = text.find(separator);
        f(text.substr(0, end));
        if (end == std::string_view::npos)
            return;
        text.remove_prefix(end + 1);
    }
}

} // namespace scopegate::tokens::places
