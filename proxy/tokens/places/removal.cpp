#include "tokens/places/removal.hpp"

#include "tokens/places/places.hpp"

#include <utility>

namespace scopegate::tokens::places {

removal::removal(const policy::token_settings& from, const http::field_list& fields, const taken_token* taken,
                 bool withhold) noexcept
    : from_(from), fields_(fields), moved_(taken != nullptr && !taken->from_header ? taken : nullptr),
      withhold_(withhold)
{
}

// A moved token comes into Authorization, also if no token may be taken from there.
template <class Place>
bool removal::strips() const noexcept
{
    if (!Place::is_configured(from_) && !std::is_same_v<Place, header>)
        return false;
    return Place::strip == stripped::always || moved_ != nullptr || withhold_;
}

std::string_view removal::query(std::string_view sent, std::string& scratch) const
{
    bool stripping = false;
    const auto may_be_token = [&](std::string_view part) {
        bool found = false;
        all::for_each([&]<class Place>() {
            if constexpr (strips_query<Place>)
                found = found || (strips<Place>() && Place::may_be_token(from_, part));
        });
        return found;
    };
    all::for_each([&]<class Place>() { stripping = stripping || (strips_query<Place> && strips<Place>()); });
    if (!stripping || sent.empty())
        return sent;
    scratch.clear();
    char separator = '?';
    for_each_parameter(sent.substr(1), [&](std::string_view part) {
        if (may_be_token(part))
            return;
        scratch += std::exchange(separator, '&');
        scratch += part;
    });
    return scratch;
}

http::field_set removal::withheld() const noexcept
{
    http::field_set out;
    all::for_each([&]<class Place>() {
        if constexpr (strips_fields<Place>)
            if (strips<Place>())
                out = out | Place::withheld(from_);
    });
    return out;
}

void removal::append_lines(std::string& out, const http::forward_filter& filter) const
{
    if (moved_ != nullptr && !withhold_)
        header::append_line(moved_->text, out);
    all::for_each([&]<class Place>() {
        if constexpr (strips_fields<Place>)
            if (strips<Place>())
                Place::append_rest(from_, fields_, filter, out);
    });
}

} // namespace scopegate::tokens::places
