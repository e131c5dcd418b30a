#include "tokens/introspection.hpp"

#include "base/percent.hpp"
#include "jose/base64url.hpp"
#include "jose/claims.hpp"
#include "jose/jws.hpp"
#include "jose/sign.hpp"
#include "observe/request_id.hpp"
#include "tokens/signed_introspection.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace scopegate::tokens {

namespace {

constexpr std::size_t max_encoded = 3; // characters per octet

// Encodes as application/x-www-form-urlencoded, which RFC 6749 section 2.3.1 requires for Basic credentials
// too. Reserves enough memory up front: a reallocation would leave a copy of the secret behind.
std::string form_encode(std::string_view text)
{
    std::string out;
    out.reserve(max_encoded * text.size());
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.' || c == '_';
        if (plain)
            out += c;
        else
            append_triplet(out, c);
    }
    return out;
}

// Encodes as RFC 4648 section 4 with padding, as HTTP's Basic scheme requires.
std::string base64(std::string_view octets)
{
    auto unpadded = jose::base64url_encode(octets);
    const wiped_at_end wiped(unpadded);
    std::string text;
    text.reserve(unpadded.size() + 3);
    text = unpadded;
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

std::string basic_credentials(std::string_view id, std::string_view password)
{
    std::string pair;
    pair.reserve(id.size() + password.size() + 1);
    pair.append(id).append(":").append(password);
    const wiped_at_end wiped(pair);
    auto encoded = base64(pair);
    const wiped_at_end wiped_encoded(encoded);
    return "Basic " + encoded;
}

json::value text(std::string_view s)
{
    return json::value(std::string(s));
}

// Returns a client assertion (RFC 7523 section 3), signed for this request only and valid for a short time.
// Its audience is the issuer alone: an assertion for a URL of somebody's choosing could be used at another
// server.
std::string client_assertion(const policy::introspection_settings& settings, std::string_view issuer,
                             wall_time now)
{
    constexpr std::chrono::seconds life{60};
    const auto date = [](wall_time at) {
        const auto since = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch());
        return json::value::number(std::to_string(since.count()));
    };
    observe::request_id_buffer unique;
    json::object claims;
    claims.emplace_back("iss", text(settings.client_id));
    claims.emplace_back("sub", text(settings.client_id));
    claims.emplace_back("aud", text(issuer));
    claims.emplace_back("jti", text(observe::new_request_id(unique)));
    claims.emplace_back("iat", date(now));
    claims.emplace_back("exp", date(now + life));
    return jose::sign_compact(settings.client_key.value(), json::serialize(json::value(std::move(claims))));
}

std::optional<std::string> text_member(const std::optional<json::value>& object, std::string_view name)
{
    const auto* member = object ? object->find(name) : nullptr;
    const auto* member_text = member != nullptr ? member->if_string() : nullptr;
    return member_text != nullptr ? std::optional(*member_text) : std::nullopt;
}

} // namespace

std::optional<json::value> object_in(std::string_view part)
{
    const auto text = jose::base64url_decode(part);
    if (!text)
        return std::nullopt;
    auto object = json::parse(*text, {.bytes = text->size(), .depth = jose::max_token_depth});
    return object && object->if_object() != nullptr ? std::move(object) : std::nullopt;
}

token_form form_of(std::string_view token)
{
    const auto header = token.substr(0, token.find('.'));
    if (header.size() == token.size()) // a JWS or a JWE has dots
        return token_form::opaque;
    // The first characters decide: `{`, optional white space, then a quoted name or the end. Few opaque
    // tokens with a dot begin like this by chance, and those are refused, not accepted.
    const auto text = jose::base64url_decode(header.substr(0, header.size() < 8 ? header.size() : 8));
    if (!text || !text->starts_with('{'))
        return token_form::opaque;
    const auto next = text->find_first_not_of(" \t\r\n", 1);
    if (next != std::string::npos && (*text)[next] != '"' && (*text)[next] != '}')
        return token_form::opaque;
    const bool five_parts = std::count(token.begin(), token.end(), '.') == 4;
    return five_parts && text_member(object_in(header), "enc") ? token_form::encrypted : token_form::jws;
}

std::optional<std::string> claimed_issuer(std::string_view token)
{
    if (std::count(token.begin(), token.end(), '.') != 2)
        return std::nullopt;
    const auto rest = token.substr(token.find('.') + 1);
    return text_member(object_in(rest.substr(0, rest.find('.'))), "iss");
}

bool is_introspected(std::string_view token, const policy::issuer_settings& issuer)
{
    const auto first = token.substr(0, token.find('.'));
    switch (form_of(token)) {
    case token_form::opaque:
        return true;
    case token_form::encrypted: {
        const auto header = object_in(first); // may repeat claims (RFC 7519 section 5.3)
        return header->find("iss") == nullptr || text_member(header, "iss") == issuer.issuer;
    }
    case token_form::jws:
        break;
    }
    return !issuer.signs_tokens() && claimed_issuer(token) == issuer.issuer;
}

net::http_request introspection_request(const policy::issuer_settings& issuer, std::string_view token,
                                        wall_time now)
{
    using auth = policy::introspection_settings::auth;
    const auto& settings = issuer.introspection.value();
    net::http_request request(settings.url);
    const auto id = form_encode(settings.client_id);
    auto password = form_encode(settings.client_secret.reveal());
    auto encoded_token = form_encode(token);
    const wiped_at_end wiped_password(password), wiped_token(encoded_token);
    constexpr std::size_t names = 256, assertion = 16 * 1024;
    request.form.reserve(names + encoded_token.size() + id.size() + password.size() +
                         (settings.by == auth::private_key_jwt ? assertion : 0));
    request.form.append("token=").append(encoded_token).append("&token_type_hint=access_token");
    if (settings.signed_results)
        request.accept = signed_introspection_type;
    if (settings.by == auth::basic)
        request.authorization = basic_credentials(id, password);
    else
        request.form += "&client_id=" + id;
    if (settings.by == auth::post)
        request.form.append("&client_secret=").append(password);
    if (settings.by == auth::private_key_jwt)
        request.form += "&client_assertion_type=" +
                        form_encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") +
                        "&client_assertion=" + client_assertion(settings, issuer.issuer, now);
    return request;
}

result<json::value> claims_of_active(json::value result)
{
    const auto* active = result.find("active");
    if (active == nullptr || !active->if_bool().value_or(false))
        return reason::token_inactive;
    return jose::without_nulls(std::move(result));
}

result<json::value> read_introspection(std::string_view body)
{
    auto result = json::parse(body);
    if (!result || result->if_object() == nullptr)
        return failure(reason::introspection_unavailable, cause::introspection_not_json);
    return claims_of_active(std::move(*result));
}

} // namespace scopegate::tokens
