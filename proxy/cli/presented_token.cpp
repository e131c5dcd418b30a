#include "cli/presented_token.hpp"

#include "http/chars.hpp"
#include "tokens/introspection.hpp"

#include <algorithm>

namespace scopegate::cli {

namespace {

// Replaces characters that would end the token in a cookie or a list of protocols with one that is invalid
// there. Otherwise a part of the token could pass for a token.
std::string in_one_piece(std::string_view token)
{
    std::string out(token);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c == ';' || c == ',' || c == '"' || c <= ' '; }, '?');
    return out;
}

std::string percent_encoded(std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (http::is(http::char_class::unreserved, c))
            out += c;
        else
            (out += '%').append({digits[byte >> 4U], digits[byte & 15U]});
    }
    return out;
}

} // namespace

presented_token::presented_token(const policy::token_settings& places, std::string_view target,
                                 std::string_view token)
    : target_(target)
{
    if (places.header) {
        add("Authorization", "Bearer " + std::string(token));
    } else if (!places.cookies.empty()) {
        add("Cookie", places.cookies.front() + "=" + in_one_piece(token));
    } else if (!places.queries.empty()) {
        target_ += target_.find('?') == std::string::npos ? '?' : '&';
        target_ += places.queries.front() + "=" + percent_encoded(token);
    } else if (places.websocket) {
        add("Sec-WebSocket-Protocol", "bearer, " + in_one_piece(token));
        websocket_ = true;
    }
}

void presented_token::add(std::string_view name, std::string value)
{
    value_ = std::move(value);
    auto& field = fields_.emplace_back();
    field.name = name;
    field.value = value_;
    field.id = http::classify(name).id;
}

void presented_token::put_into(gate::access_request& request) const
{
    request.target = target_;
    request.fields = &fields_;
    request.websocket = websocket_;
}

std::optional<std::string> claimed_issuer(std::string_view token)
{
    const auto rest = token.substr(std::min(token.find('.'), token.size() - 1) + 1);
    const auto claims = tokens::object_in(rest.substr(0, rest.find('.')));
    const auto* iss = claims ? claims->find("iss") : nullptr;
    const auto* text = iss != nullptr ? iss->if_string() : nullptr;
    return text != nullptr ? std::optional(*text) : std::nullopt;
}

} // namespace scopegate::cli
