#include "tokens/places/websocket.hpp"

#include "base/text.hpp"
#include "jose/base64url.hpp"
#include "tokens/places/names.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace scopegate::tokens::places {

namespace {

constexpr std::string_view bearer = "bearer";

// Classifies an offered subprotocol.
enum class kind : std::uint8_t {
    other,    // the upstream's
    word,     // `bearer`, in any letter case
    token,    // what follows `bearer`
    prefixed, // begins with a configured prefix, in any letter case
};

// Returns the configured prefix with which the subprotocol begins, or null.
const std::string* prefix_of(const policy::token_settings& from, std::string_view protocol) noexcept
{
    const auto found =
        std::find_if(from.subprotocols.begin(), from.subprotocols.end(), [&](const std::string& prefix) {
            return iequals(protocol.substr(0, prefix.size()), prefix);
        });
    return found == from.subprotocols.end() ? nullptr : &*found;
}

// Calls f(protocol, kind) for each offered subprotocol, in order.
template <class F>
void for_each_protocol(const policy::token_settings& from, const http::field_list& fields, F&& f)
{
    bool token_next = false;
    for (const auto& field : fields) {
        if (field.id != http::field_id::sec_websocket_protocol || field.underscore)
            continue;
        http::for_each_element(field.value, [&](std::string_view protocol) {
            const bool is_bearer = from.websocket && iequals(protocol, bearer);
            if (is_bearer)
                f(protocol, kind::word);
            else if (token_next)
                f(protocol, kind::token);
            else
                f(protocol, prefix_of(from, protocol) != nullptr ? kind::prefixed : kind::other);
            token_next = is_bearer;
        });
    }
}

void read_prefixed(std::string_view protocol, std::string_view prefix, search& into)
{
    if (!protocol.starts_with(prefix))
        return into.found_malformed(cause::token_name_spelled_otherwise);
    const auto encoded = protocol.substr(prefix.size());
    if (!prefix.starts_with(websocket::encoding_mark)) {
        const auto token = percent_decoded(encoded, into.scratch());
        return token ? into.found({*token, false}) : into.found_malformed(cause::token_percent_encoding);
    }
    auto token = jose::base64url_decode(encoded);
    if (!token)
        return into.found_malformed(cause::token_not_base64url);
    into.scratch() = std::move(*token);
    into.found({into.scratch(), false});
}

} // namespace

offered_bearer websocket::offered(const policy::token_settings& from, const http::field_list& fields) noexcept
{
    offered_bearer found;
    bool token_next = false;
    for_each_protocol(from, fields, [&](std::string_view protocol, kind is) {
        if (is == kind::word) {
            ++found.times;
            found.exact = found.exact && protocol == bearer;
            token_next = found.times == 1;
        } else if (std::exchange(token_next, false)) {
            found.token = protocol;
        }
    });
    return found;
}

void websocket::find(const policy::token_settings& from, const credentials& request, search& into)
{
    if (!request.websocket)
        return;
    const auto bearers = offered(from, request.fields);
    for (unsigned i = 0; i < bearers.times; ++i)
        if (bearers.exact)
            into.found({bearers.token, false});
        else
            into.found_malformed(cause::token_name_spelled_otherwise);
    for_each_protocol(from, request.fields, [&](std::string_view protocol, kind is) {
        if (is == kind::prefixed)
            read_prefixed(protocol, *prefix_of(from, protocol), into);
    });
}

http::field_set websocket::withheld(const policy::token_settings&) noexcept
{
    return {http::field_id::sec_websocket_protocol};
}

void websocket::append_rest(const policy::token_settings& from, const http::field_list& fields,
                            const http::forward_filter&, std::string& out)
{
    constexpr std::string_view name = "Sec-WebSocket-Protocol: ";
    const auto before = out.size();
    out += name;
    append_others(from, fields, out);
    if (out.size() == before + name.size())
        out.resize(before);
    else
        out += "\r\n";
}

void websocket::append_others(const policy::token_settings& from, const http::field_list& fields,
                              std::string& out)
{
    std::string_view separator;
    for_each_protocol(from, fields, [&](std::string_view protocol, kind is) {
        if (is != kind::other)
            return;
        out += std::exchange(separator, ", ");
        out += protocol;
    });
}

std::string_view websocket::own_choice(const policy::token_settings& from,
                                       const http::field_list& fields) noexcept
{
    if (offered(from, fields).times > 0)
        return bearer;
    const std::string* prefix = nullptr;
    for_each_protocol(from, fields, [&](std::string_view protocol, kind is) {
        if (is == kind::prefixed && prefix == nullptr)
            prefix = prefix_of(from, protocol);
    });
    if (prefix == nullptr)
        return {};
    const auto alone = std::string_view(*prefix).substr(0, prefix->size() - 1);
    bool is_offered = false;
    for_each_protocol(from, fields, [&](std::string_view protocol, kind is) {
        is_offered = is_offered || (is == kind::other && protocol == alone);
    });
    return is_offered ? alone : std::string_view{};
}

void websocket::put(const policy::token_settings& from, std::string_view token, request_builder& made)
{
    made.add("Connection", "Upgrade");
    made.add("Upgrade", "websocket");
    if (from.websocket)
        return made.add("Sec-WebSocket-Protocol", "bearer, " + mask_delimiters(token));
    const auto& prefix = from.subprotocols.front();
    made.add("Sec-WebSocket-Protocol",
             prefix + (prefix.starts_with(encoding_mark) ? jose::base64url_encode(token)
                                                         : percent_encoded(token)));
}

} // namespace scopegate::tokens::places
