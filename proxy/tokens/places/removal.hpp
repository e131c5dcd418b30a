// Removes tokens from a forwarded request if they may be in places other than `Authorization`: the token
// moves to `Authorization`, and everything that may be a token is removed from its place.
#pragma once

#include "tokens/places/place.hpp"

#include <string>
#include <string_view>

namespace scopegate::tokens::places {

// Needed only unless all::only_header(). Refers to its arguments.
class removal final {
public:
    // `taken` is the token that is used, or null. `withhold`: the upstream gets no token at all
    // (authorization: strip).
    removal(const policy::token_settings& from, const http::field_list& fields, const taken_token* taken,
            bool withhold) noexcept;

    // Returns the query to forward. `sent` includes its `?`. Every byte of other parameters stays; without
    // any, the result is empty. The result may be a view of `scratch`.
    [[nodiscard]] std::string_view query(std::string_view sent, std::string& scratch) const;

    // Returns the fields that are not forwarded as received; append_lines() adds their replacements. Fields
    // of a place that strips_names are dropped by name (tokens/identity.hpp).
    [[nodiscard]] http::field_set withheld() const noexcept;

    // Appends the lines in place of those fields. `filter` is the request's without withheld().
    void append_lines(std::string& out, const http::forward_filter& filter) const;

private:
    // Returns whether tokens in a place are removed from this request.
    template <class Place>
    [[nodiscard]] bool strips() const noexcept;

    const policy::token_settings& from_;
    const http::field_list& fields_;
    const taken_token* moved_; // the token, if it was not in Authorization; otherwise null
    bool withhold_;
};

} // namespace scopegate::tokens::places
