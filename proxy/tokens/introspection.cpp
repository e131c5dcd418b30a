#include "tokens/introspection.hpp"

#include "jose/base64url.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace scopegate::tokens {

namespace {

// application/x-www-form-urlencoded, which RFC 6749 section 2.3.1 wants for the credentials of Basic too.
std::string form_encode(std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char each : text) {
        const auto c = static_cast<unsigned char>(each);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.' || c == '_';
        if (plain)
            out += each;
        else
            out.append("%").append(1, digits[c >> 4]).append(1, digits[c & 15]);
    }
    return out;
}

// RFC 4648 section 4, with padding: what HTTP's Basic scheme has.
std::string base64(std::string_view octets)
{
    auto text = jose::base64url_encode(octets);
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

} // namespace

bool is_opaque(std::string_view token)
{
    const auto header = token.substr(0, token.find('.'));
    if (header.size() == token.size()) // a JWS and a JWE have dots
        return true;
    // The beginning decides: `{` and, perhaps behind white space, a name or the end. Few opaque tokens with a
    // dot in them begin so by chance, and those are refused, not let pass.
    const auto text = jose::base64url_decode(header.substr(0, header.size() < 8 ? header.size() : 8));
    if (!text || !text->starts_with('{'))
        return true;
    const auto next = text->find_first_not_of(" \t\r\n", 1);
    return next != std::string::npos && (*text)[next] != '"' && (*text)[next] != '}';
}

net::http_request introspection_request(const policy::introspection_settings& settings,
                                        std::string_view token)
{
    net::http_request request(settings.url);
    const auto id = form_encode(settings.client_id);
    const auto password = form_encode(settings.client_secret.reveal());
    request.form = "token=" + form_encode(token) + "&token_type_hint=access_token";
    if (settings.by == policy::introspection_settings::auth::basic)
        request.authorization = "Basic " + base64(id + ":" + password);
    else
        request.form += "&client_id=" + id + "&client_secret=" + password;
    return request;
}

introspected read_introspection(std::string_view body)
{
    introspected said;
    auto answer = json::parse(body);
    if (!answer || answer->if_object() == nullptr)
        return said;
    const auto* active = answer->find("active");
    const bool counts = active != nullptr && active->if_bool().value_or(false);
    said.why = counts ? reason::allowed : reason::token_inactive;
    if (counts)
        said.claims = std::move(*answer);
    return said;
}

} // namespace scopegate::tokens
