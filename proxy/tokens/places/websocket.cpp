#include "tokens/places/websocket.hpp"

#include "base/text.hpp"

#include <utility>

namespace scopegate::tokens::places {

namespace {

constexpr std::string_view bearer = "bearer";

// Calls f(protocol, of_token) for each offered protocol, in order. `of_token` is true for `bearer` and for
// the protocol after it.
template <class F>
void for_each_protocol(const http::field_list& fields, F&& f)
{
    bool token_next = false;
    for (const auto& field : fields) {
        if (field.id != http::field_id::sec_websocket_protocol || field.underscore)
            continue;
        http::for_each_element(field.value, [&](std::string_view protocol) {
            const bool is_bearer = iequals(protocol, bearer);
            f(protocol, is_bearer || token_next);
            token_next = is_bearer;
        });
    }
}

} // namespace

offered_bearer websocket::offered(const http::field_list& fields) noexcept
{
    offered_bearer found;
    bool token_next = false;
    for_each_protocol(fields, [&](std::string_view protocol, bool of_token) {
        if (of_token && iequals(protocol, bearer)) {
            ++found.times;
            found.exact = found.exact && protocol == bearer;
            token_next = found.times == 1;
        } else if (std::exchange(token_next, false)) {
            found.token = protocol;
        }
    });
    return found;
}

void websocket::find(const policy::token_settings&, const credentials& request, search& into)
{
    if (!request.websocket)
        return;
    const auto bearers = offered(request.fields);
    for (unsigned i = 0; i < bearers.times; ++i)
        if (bearers.exact)
            into.found({bearers.token, false});
        else
            into.found_malformed(cause::token_name_spelled_otherwise);
}

http::field_set websocket::withheld(const policy::token_settings&) noexcept
{
    return {http::field_id::sec_websocket_protocol};
}

void websocket::append_rest(const policy::token_settings&, const http::field_list& fields,
                            const http::forward_filter&, std::string& out)
{
    constexpr std::string_view name = "Sec-WebSocket-Protocol: ";
    const auto before = out.size();
    out += name;
    append_others(fields, out);
    if (out.size() == before + name.size())
        out.resize(before);
    else
        out += "\r\n";
}

void websocket::append_others(const http::field_list& fields, std::string& out)
{
    std::string_view separator;
    for_each_protocol(fields, [&](std::string_view protocol, bool of_token) {
        if (of_token)
            return;
        out += std::exchange(separator, ", ");
        out += protocol;
    });
}

void websocket::put(const policy::token_settings&, std::string_view token, request_builder& made)
{
    made.add("Connection", "Upgrade");
    made.add("Upgrade", "websocket");
    made.add("Sec-WebSocket-Protocol", "bearer, " + mask_delimiters(token));
}

} // namespace scopegate::tokens::places
