// `query:NAME`: the token is the value of a parameter with one of the configured names.
#pragma once

#include "tokens/places/names.hpp"
#include "tokens/places/place.hpp"

namespace scopegate::tokens::places {

struct query {
    static constexpr std::string_view bearer_method = "query";
    static constexpr auto strip = stripped::with_a_token;

    [[nodiscard]] static bool is_configured(const policy::token_settings& from) noexcept
    {
        return !from.queries.empty();
    }
    static void find(const policy::token_settings& from, const credentials& request, search& into);
    [[nodiscard]] static bool may_be_token(const policy::token_settings& from, std::string_view part) noexcept
    {
        return read(part, from.queries).name != named_value::match::none;
    }
    static void put(const policy::token_settings& from, std::string_view token, request_builder& made);

    // Reads one parameter of a query (between two `&`).
    [[nodiscard]] static named_value read(std::string_view part, std::span<const std::string> names) noexcept;
};

// Calls f(part) for each part of a query (without its `?`), including empty ones.
template <class F>
void for_each_parameter(std::string_view parameters, F&& f)
{
    for_each_part(parameters, '&', f);
}

} // namespace scopegate::tokens::places
