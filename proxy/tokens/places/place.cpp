#include "tokens/places/place.hpp"

#include <algorithm>

namespace scopegate::tokens::places {

std::string mask_delimiters(std::string_view token)
{
    std::string out(token);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c == ';' || c == ',' || c == '"' || c <= ' '; }, '?');
    return out;
}

} // namespace scopegate::tokens::places
