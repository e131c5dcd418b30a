// The closed set of places for a token (`tokens: {from: [...]}`). Everything that concerns all places goes
// through `all`, so that a new place is found, stripped and advertised everywhere or does not compile.
#pragma once

#include "tokens/places/cookie.hpp"
#include "tokens/places/header.hpp"
#include "tokens/places/named_header.hpp"
#include "tokens/places/query.hpp"
#include "tokens/places/websocket.hpp"

#include <type_traits>

namespace scopegate::tokens::places {

// A list of types: a place has no objects.
template <token_place... P>
struct list {
    // Calls f.template operator()<Place>() for each place, in order.
    template <class F>
    static constexpr void for_each(F&& f)
    {
        (f.template operator()<P>(), ...);
    }
    // The same for those that the policy allows.
    template <class F>
    static constexpr void for_each_configured(const policy::token_settings& from, F&& f)
    {
        for_each([&]<class Place>() {
            if (Place::is_configured(from))
                f.template operator()<Place>();
        });
    }
    // Returns whether Authorization is the only configured place, as usual: the fast path.
    [[nodiscard]] static constexpr bool only_header(const policy::token_settings& from) noexcept
    {
        return ((std::is_same_v<P, header> || !P::is_configured(from)) && ...);
    }
};

// `explain --token` uses the first one that is configured. The fields for the upstream come in this order.
using all = list<header, named_header, cookie, query, websocket>;

} // namespace scopegate::tokens::places
