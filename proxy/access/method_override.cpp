#include "access/method_override.hpp"

#include "base/text.hpp"
#include "http/letter_case.hpp"
#include "tokens/places/names.hpp"

#include <algorithm>
#include <iterator>

namespace scopegate::access {

namespace {

// Parameters that frameworks read a method from: Laravel, Symfony, Spring, Express and WordPress; ASP.NET;
// Plack.
constexpr std::string_view parameters[] = {"_method", "x-http-method-override", "x-tunneled-method"};

// An empty value names no method, in a field and in a parameter.
bool is_another(const http::field& f, std::string_view method) noexcept
{
    return (f.id == http::field_id::x_http_method_override || f.id == http::field_id::x_http_method ||
            f.id == http::field_id::x_method_override) &&
           !f.value.empty() && !iequals(f.value, method);
}

// `parameter` is `name=value`, both percent-encoded.
bool is_another(std::string_view parameter, std::string_view method) noexcept
{
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos || equals + 1 == parameter.size() ||
        http::decodes_to_ignoring_case(parameter.substr(equals + 1), method))
        return false;
    return std::any_of(std::begin(parameters), std::end(parameters), [&](std::string_view name) {
        return tokens::places::is_alike(parameter.substr(0, equals), name);
    });
}

} // namespace

bool names_another_method(const http::field_list* fields, std::string_view query,
                          std::string_view method) noexcept
{
    if (fields != nullptr && std::any_of(fields->begin(), fields->end(),
                                         [&](const http::field& f) { return is_another(f, method); }))
        return true;
    while (!query.empty()) {
        query.remove_prefix(1); // `?`, `&`, or the `;` at which some frameworks split too
        const auto end = std::min(query.find_first_of("&;"), query.size());
        if (is_another(query.substr(0, end), method))
            return true;
        query.remove_prefix(end);
    }
    return false;
}

} // namespace scopegate::access
