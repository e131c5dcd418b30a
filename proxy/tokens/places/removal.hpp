// What the upstream gets of a request whose token may be in other places than `Authorization`: the token
// moves to `Authorization`, and whatever may be a token goes from where it was.
#pragma once

#include "tokens/places/place.hpp"

#include <string>
#include <string_view>

namespace scopegate::tokens::places {

// Needed only unless all::only_header(). Refers to its arguments.
class removal final {
public:
    // `taken`: the token that is used; null if none is. `withhold`: the upstream gets no token at all
    // (authorization: strip).
    removal(const policy::token_settings& from, const http::field_list& fields, const taken_token* taken,
            bool withhold) noexcept;

    // Returns the query that goes on. `sent` includes its `?`, every byte of other parameters stays, and if
    // none is left the result is empty. The result may be a view of `scratch`.
    [[nodiscard]] std::string_view query(std::string_view sent, std::string& scratch) const;

    // Returns the fields that do not pass as they came; append_lines() adds what goes on of them.
    [[nodiscard]] http::field_set withheld() const noexcept;

    // Appends the lines in place of those fields. `filter` is the request's without withheld().
    void append_lines(std::string& out, const http::forward_filter& filter) const;

private:
    // Returns whether tokens in a place are removed from this request.
    template <class Place>
    [[nodiscard]] bool strips() const noexcept;

    const policy::token_settings& from_;
    const http::field_list& fields_;
    const taken_token* moved_; // the token that was not in Authorization; null if there is none
    bool withhold_;
};

} // namespace scopegate::tokens::places
