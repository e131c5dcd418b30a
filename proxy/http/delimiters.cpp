#include "http/delimiters.hpp"

#include "http/chars.hpp"

namespace scopegate::http {

namespace {

bool may_stand_as_it_is(char c) noexcept
{
    return (is(char_class::sub_delim, c) && c != ';') || c == ':' || c == '@';
}

} // namespace

std::string decode_delimiters(std::string_view normalized)
{
    std::string out;
    out.reserve(normalized.size());
    for (std::size_t i = 0; i < normalized.size(); ++i) {
        const auto rest = normalized.substr(i);
        if (starts_with_triplet(rest) && may_stand_as_it_is(triplet_value(rest))) {
            out += triplet_value(rest);
            i += 2;
        } else {
            out += normalized[i];
        }
    }
    return out;
}

} // namespace scopegate::http
