// Queries and cookies without their tokens: the rest contains no token, and is otherwise unchanged.
#include "fuzz/fuzz.hpp"

#include "tokens/places/places.hpp"
#include "tokens/places/removal.hpp"
#include "tokens/token_source.hpp"

#include <vector>

namespace http = scopegate::http;
namespace places = scopegate::tokens::places;
using scopegate::fuzz::check;

namespace {

const std::vector<std::string> names = {"access_token", "t"};

std::string query_without_tokens(std::string_view query)
{
    static const http::field_list no_fields;
    scopegate::policy::token_settings from;
    from.queries = names;
    std::string scratch;
    return std::string(places::removal(from, no_fields, nullptr, true).query(query, scratch));
}

void check_query(std::string_view parameters)
{
    const auto left = query_without_tokens("?" + std::string(parameters));
    std::string plainly;
    places::for_each_parameter(parameters, [&](std::string_view part) {
        const auto read = places::query::read(part, names);
        check(read.name == places::named_value::match::exact || read.value.empty());
        if (read.name == places::named_value::match::none) {
            plainly.append(plainly.empty() ? "?" : "&").append(part);
            for (const auto& n : names)
                check(!places::is_alike(part.substr(0, part.find('=')), n));
        }
    });
    check(left == plainly);
    check(query_without_tokens(left) == left);
}

void check_cookies(std::string_view value)
{
    std::string left, again;
    places::cookie::append_others(value, names, left);
    check(left.size() <= value.size());
    places::cookie::append_others(left, names, again);
    check(again == left);
    places::for_each_cookie(left, [&](std::string_view part) {
        check(places::cookie::read(part, names).name == places::named_value::match::none);
    });
}

void check_protocols(std::string_view value)
{
    scopegate::policy::token_settings from;
    from.websocket = true;
    from.subprotocols = {"base64url.t.", "p."};
    http::field_list fields(1), others(1);
    fields[0].id = others[0].id = http::field_id::sec_websocket_protocol;
    fields[0].value = value;
    const auto offered = places::websocket::offered(from, fields);
    check(offered.times > 0 || offered.token.empty());
    std::string left, again;
    places::websocket::append_others(from, fields, left);
    others[0].value = left;
    check(places::websocket::offered(from, others).times == 0);
    places::websocket::append_others(from, others, again);
    check(again == left);
    std::string scratch;
    check(!scopegate::tokens::take_token(from, {others, {}, true}, scratch));
    check(places::websocket::own_choice(from, others).empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const auto text = scopegate::fuzz::text_of(bytes, size);
    check_query(text);
    check_cookies(text);
    check_protocols(text);
    return 0;
}
