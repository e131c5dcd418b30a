#include "policy/percent.hpp"

#include "base/text.hpp"
#include "http/letter_case.hpp"

namespace scopegate::policy {

namespace {

int hex_value(char c) noexcept
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

char take_plain(std::string_view& text) noexcept
{
    const char c = text.front();
    text.remove_prefix(1);
    return c;
}

} // namespace

char take_decoded(std::string_view& encoded) noexcept
{
    if (encoded.size() >= 3 && encoded[0] == '%') {
        const int high = hex_value(encoded[1]);
        const int low = hex_value(encoded[2]);
        if (high >= 0 && low >= 0) {
            encoded.remove_prefix(3);
            return static_cast<char>(high * 16 + low);
        }
    }
    const char c = encoded.front();
    encoded.remove_prefix(1);
    return c;
}

bool decodes_to(std::string_view encoded, std::string_view plain) noexcept
{
    for (const char c : plain)
        if (encoded.empty() || take_decoded(encoded) != c)
            return false;
    return encoded.empty();
}

bool decodes_to_ignoring_case(std::string_view encoded, std::string_view plain) noexcept
{
    while (!encoded.empty() && !plain.empty())
        if (http::take_folded(encoded, take_decoded) != http::take_folded(plain, take_plain))
            return false;
    return encoded.empty() && plain.empty();
}

std::string decoded(std::string_view encoded)
{
    std::string out;
    while (!encoded.empty())
        out += take_decoded(encoded);
    return out;
}

} // namespace scopegate::policy
