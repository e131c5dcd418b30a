// Queries and cookies without their tokens: the rest contains no token, and is otherwise unchanged.
#include "fuzz/fuzz.hpp"

#include "tokens/token_places.hpp"

#include <vector>

namespace http = scopegate::http;
namespace tokens = scopegate::tokens;
using scopegate::fuzz::check;

namespace {

const std::vector<std::string> names = {"access_token", "t"};

void check_query(std::string_view parameters)
{
    const auto query = "?" + std::string(parameters);
    std::string left, again, plainly;
    tokens::append_query_without_tokens(query, names, left);
    tokens::for_each_parameter(parameters, [&](std::string_view part) {
        const auto read = tokens::read_parameter(part, names);
        check(read.name == tokens::named_value::match::exact || read.value.empty());
        if (read.name == tokens::named_value::match::none) {
            plainly.append(plainly.empty() ? "?" : "&").append(part);
            for (const auto& n : names)
                check(!tokens::is_alike(part.substr(0, part.find('=')), n));
        }
    });
    check(left == plainly);
    tokens::append_query_without_tokens(left, names, again);
    check(again == left);
}

void check_cookies(std::string_view value)
{
    std::string left, again;
    tokens::append_cookies_without_tokens(value, names, left);
    check(left.size() <= value.size());
    tokens::append_cookies_without_tokens(left, names, again);
    check(again == left);
    tokens::for_each_cookie(left, [&](std::string_view part) {
        check(tokens::read_cookie(part, names).name == tokens::named_value::match::none);
    });
}

void check_protocols(std::string_view value)
{
    http::field_list fields(1), others(1);
    fields[0].id = others[0].id = http::field_id::sec_websocket_protocol;
    fields[0].value = value;
    const auto offered = tokens::find_offered_bearer(fields);
    check((offered.times > 0) == tokens::offers_bearer(fields));
    check(offered.times > 0 || offered.token.empty());
    std::string left, again;
    tokens::append_protocols_without_token(fields, left);
    others[0].value = left;
    check(!tokens::offers_bearer(others));
    tokens::append_protocols_without_token(others, again);
    check(again == left);
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
