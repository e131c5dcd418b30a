// routes.yaml as a tree: what was written, and where. Nothing is interpreted: `off`, `no` and `0x10` are
// text.
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
        broken // its error is said already: no more is to be said of it
    };

    // Where a scalar's text comes from.
    enum class origin : std::uint8_t {
        here,      // it stands in the file
        variable,  // `written` does, and a `${NAME}` in it was replaced
        other_file // a file that `key` (`client_secret_file`) names
    };

    kind type = kind::nothing;
    origin from = origin::here;
    bool plain = false;     // a scalar without quotes
    policy::source_mark at; // of what an alias stands for: the alias's own place
    std::string text;       // of a scalar
    std::string written;    // the same before a `${NAME}` in it was replaced
    std::string key;        // of an entry of a map
    policy::source_mark key_at;
    std::vector<node> items; // of a list; of a map: its entries, in the order of the file, each key once

    [[nodiscard]] bool is(kind k) const noexcept { return type == k; }

    // A map's entry of that key, or null.
    [[nodiscard]] const node* find(std::string_view wanted) const noexcept
    {
        for (const node& item : items)
            if (type == kind::map && item.key == wanted)
                return &item;
        return nullptr;
    }
};

} // namespace scopegate::config
