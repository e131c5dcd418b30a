// routes.yaml as a tree: the text as written, with its positions. Nothing is interpreted: `off`, `no` and
// `0x10` are text.
#pragma once

#include "policy/requirement.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::config {

struct node {
    enum class kind : std::uint8_t {
        nothing, // an empty value, `null` or `~`
        scalar,
        list,
        map,
        broken // its error has been reported; do not report it again
    };

    // The source of a scalar's text.
    enum class origin : std::uint8_t {
        here,      // the file itself
        variable,  // `written` is in the file, and a `${NAME}` in it was replaced
        other_file // a file that `key` (`client_secret_file`) names
    };

    kind type = kind::nothing;
    origin from = origin::here;
    bool plain = false;     // a scalar without quotes
    policy::source_mark at; // for the content of an alias: the position of the alias itself
    std::string text;       // of a scalar
    std::string written;    // the same before a `${NAME}` in it was replaced
    std::string key;        // of an entry of a map
    policy::source_mark key_at;
    std::vector<node> items; // of a list; the entries of a map, in the order of the file, each key once

    [[nodiscard]] bool is(kind k) const noexcept { return type == k; }

    // Returns a map's entry with that key, or null.
    [[nodiscard]] const node* find(std::string_view wanted) const noexcept
    {
        for (const node& item : items)
            if (type == kind::map && item.key == wanted)
                return &item;
        return nullptr;
    }
};

} // namespace scopegate::config
