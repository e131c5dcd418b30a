// A claim that lists names: scopes, permissions or roles. Issuers write such lists in several forms. The form
// is a setting and is never guessed from the text: a comma or a space in a name must not make two names of
// it.
#pragma once

#include "base/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::jose {

struct names_claim {
    // How the names are written. In each form but `list` and `keys`, a list of texts is read too, one name
    // per text.
    enum class form : std::uint8_t {
        space,        // text that is split at spaces
        comma,        // text that is split at commas; spaces around a name do not count
        text,         // text is one name
        text_or_keys, // the same, or an object's keys
        list,         // only a list of texts
        keys,         // only an object's keys
    };

    names_claim() = default;
    explicit names_claim(json::path where, form written = form::space) : claim(std::move(where)), as(written)
    {
    }

    json::path claim;
    form as = form::space;
    // The claim is a list of objects, and this member of each has names. Empty: the claim itself has them.
    std::optional<json::path> each;

    // Returns `scp`, or `/authorization/permissions[].scopes` with `each`. For messages.
    [[nodiscard]] std::string describe() const;
};

struct listed_names {
    bool present = false;                // the claim is there, and is not null
    bool odd = false;                    // a part of it has a form that was not expected, and counts as empty
    std::vector<std::string_view> names; // not empty each; may repeat; views into the claims
};

// Returns the names that the claim lists. Reads of an object the keys with a value that says yes: `false`,
// null, 0, and empty text, lists and objects say no.
[[nodiscard]] listed_names names_in(const json::value& claims, const names_claim& from);

// Returns a value for `from.claim` in which names_in() finds these names. `scopes` are separated by spaces.
[[nodiscard]] json::value make_listing(const names_claim& from, std::string_view scopes);

} // namespace scopegate::jose
