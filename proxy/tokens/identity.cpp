#include "tokens/identity.hpp"

#include <algorithm>
#include <optional>

namespace scopegate::tokens {

namespace {

using source = policy::identity_header::source;

std::optional<std::string> joined(const json::array& elements)
{
    std::string text;
    for (const auto& element : elements) {
        const auto one = element.scalar_text();
        if (!one || one->empty() || one->find(' ') != std::string_view::npos)
            return std::nullopt;
        text.append(text.empty() ? "" : " ").append(*one);
    }
    return text;
}

std::optional<std::string> text_of(const json::value* claim)
{
    if (claim == nullptr)
        return std::nullopt;
    if (const auto* elements = claim->if_array())
        return joined(*elements);
    const auto text = claim->scalar_text();
    return text ? std::optional<std::string>(*text) : std::nullopt;
}

// CR and LF would end the line and begin one of the token's making; the others are read differently by
// different recipients. U+0080 to U+009F (C2 80 to C2 9F in UTF-8) are controls too: U+0085 ends lines for
// some.
bool has_control(std::string_view s) noexcept
{
    unsigned char before = 0;
    for (const char each : s) {
        const auto c = static_cast<unsigned char>(each);
        if (c < 0x20 || c == 0x7f || (before == 0xc2 && c < 0xa0))
            return true;
        before = c;
    }
    return false;
}

bool is_safe_value(std::string_view s) noexcept
{
    return !s.empty() && s.front() != ' ' && s.back() != ' ' && !has_control(s);
}

std::optional<std::string> value_of(const policy::identity_header& header, const policy::policy& p,
                                    const json::value& claims, const policy::scope_set& effective)
{
    switch (header.from) {
    case source::claim:
        return text_of(header.claim.find(claims));
    case source::client_id:
        return client_id_of(claims);
    case source::scopes:
        break;
    }
    std::string names;
    for (const auto& name : p.scopes.names(effective))
        names.append(names.empty() ? "" : " ").append(name);
    return names;
}

} // namespace

std::string identity_lines(const policy::policy& p, const json::value& claims,
                           const policy::scope_set& effective)
{
    std::string lines;
    for (const auto& header : p.upstream.headers) {
        const auto value = value_of(header, p, claims, effective);
        if (value && is_safe_value(*value))
            lines.append(header.name).append(": ").append(*value).append("\r\n");
    }
    return lines;
}

std::string client_id_of(const json::value& claims)
{
    for (const auto name : {"client_id", "azp"}) {
        const auto* claim = claims.find(name);
        const auto text = claim != nullptr ? claim->scalar_text() : std::nullopt;
        if (text)
            return std::string(*text);
    }
    return {};
}

} // namespace scopegate::tokens
