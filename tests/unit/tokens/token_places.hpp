// Settings with every place for a token, and requests that were put together from them.
#pragma once

#include "support/fields.hpp"
#include "tokens/places/places.hpp"
#include "tokens/token_source.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace scopegate::tokens::test {

inline policy::token_settings all_places()
{
    policy::token_settings places;
    places.cookies = {"session"};
    places.queries = {"access_token"};
    places.headers = {"Cf-Access-Jwt-Assertion", "X-Forwarded-Access-Token"};
    places.websocket = true;
    places.subprotocols = {"base64url.bearer.authorization.k8s.io.", "v1.token.websocket.jupyter.org."};
    return places;
}

// A request as a client would send it, parsed.
struct parsed_request {
    explicit parsed_request(const places::request_builder& made)
    {
        EXPECT_TRUE(http::parse_field_lines(made.lines, 0, head.fields));
        head.method = "GET";
        head.target = made.target;
    }
    [[nodiscard]] std::string_view query() const noexcept
    {
        return head.target.substr(std::min(head.target.find('?'), head.target.size()));
    }
    [[nodiscard]] result<taken_token> taken(const policy::token_settings& from)
    {
        return take_token(from, {head.fields, query(), true}, scratch);
    }
    http::request_head head;
    std::string scratch;
};

} // namespace scopegate::tokens::test
