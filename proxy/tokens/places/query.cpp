#include "tokens/places/query.hpp"

#include <optional>

namespace scopegate::tokens::places {

using match = named_value::match;

namespace {

// Percent-decodes a parameter's value. Refuses `+`, which some readers take for a space. Returns nothing for
// an invalid percent-triplet.
std::optional<std::string_view> decode(std::string_view value, std::string& scratch)
{
    if (value.find('+') != std::string_view::npos)
        return std::nullopt;
    return percent_decoded(value, scratch);
}

} // namespace

named_value query::read(std::string_view part, std::span<const std::string> names) noexcept
{
    return read_named_value(part, names, ';');
}

void query::find(const policy::token_settings& from, const credentials& request, search& into)
{
    if (request.query.empty())
        return;
    for_each_parameter(request.query.substr(1), [&](std::string_view part) {
        const auto parameter = read(part, from.queries);
        if (parameter.name == match::none)
            return;
        const auto text = decode(parameter.value, into.scratch());
        if (parameter.name == match::exact && text)
            into.found({*text, false});
        else
            into.found_malformed(text ? cause::token_name_spelled_otherwise : cause::token_percent_encoding);
    });
}

void query::put(const policy::token_settings& from, std::string_view token, request_builder& made)
{
    made.target += made.target.find('?') == std::string::npos ? '?' : '&';
    made.target += from.queries.front() + "=" + percent_encoded(token);
}

} // namespace scopegate::tokens::places
