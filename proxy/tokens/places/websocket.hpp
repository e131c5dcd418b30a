// `websocket`: the token is offered as a WebSocket's subprotocol, behind the subprotocol `bearer`. Browsers
// can add no other field to a handshake.
#pragma once

#include "tokens/places/place.hpp"

namespace scopegate::tokens::places {

// Describes `Sec-WebSocket-Protocol: bearer, TOKEN` in a request; several such headers form one list.
struct offered_bearer {
    unsigned times = 0;     // how often `bearer` occurs, in any letter case
    bool exact = true;      // whether each is spelled so: the response must repeat the offered spelling
    std::string_view token; // follows the first `bearer`; empty if nothing does
};

struct websocket {
    static constexpr std::string_view bearer_method{}; // RFC 6750 knows no subprotocols
    // The subprotocol `bearer` was never the upstream's, whatever else an upgrade asks for.
    static constexpr auto strip = stripped::always;

    [[nodiscard]] static bool is_configured(const policy::token_settings& from) noexcept
    {
        return from.websocket;
    }
    // Finds nothing in a request that does not open a WebSocket.
    static void find(const policy::token_settings& from, const credentials& request, search& into);
    [[nodiscard]] static http::field_set withheld(const policy::token_settings& from) noexcept;
    static void append_rest(const policy::token_settings& from, const http::field_list& fields,
                            const http::forward_filter& filter, std::string& out);
    static void put(const policy::token_settings& from, std::string_view token, request_builder& made);

    [[nodiscard]] static offered_bearer offered(const http::field_list& fields) noexcept;
    // Returns whether the response has to choose `bearer` if the upstream chooses no subprotocol: it never
    // saw that offer, and a browser gives up if none of its offers is chosen.
    [[nodiscard]] static bool offers_bearer(const policy::token_settings& from,
                                            const http::field_list& fields) noexcept
    {
        return from.websocket && offered(fields).times > 0;
    }
    // Appends the offered subprotocols without `bearer` and the token; nothing if no other is offered.
    static void append_others(const http::field_list& fields, std::string& out);
};

} // namespace scopegate::tokens::places
