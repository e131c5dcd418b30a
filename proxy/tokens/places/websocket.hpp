// `websocket` and `websocket:PREFIX`: the token is offered as a WebSocket's subprotocol, because browsers can
// add no other field to a handshake. It stands behind the subprotocol `bearer`, or behind a prefix within the
// name of one.
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
    // Subprotocols of a token were never the upstream's, whatever else an upgrade asks for.
    static constexpr auto strip = stripped::always;

    // A prefix that begins so announces that the token is base64url without padding, as Kubernetes and
    // Phoenix have it. Behind any other prefix it is percent-encoded, as Jupyter has it; a JWT has nothing
    // to encode.
    static constexpr std::string_view encoding_mark = "base64url.";

    [[nodiscard]] static bool is_configured(const policy::token_settings& from) noexcept
    {
        return from.websocket || !from.subprotocols.empty();
    }
    // Finds nothing in a request that does not open a WebSocket.
    static void find(const policy::token_settings& from, const credentials& request, search& into);
    [[nodiscard]] static http::field_set withheld(const policy::token_settings& from) noexcept;
    static void append_rest(const policy::token_settings& from, const http::field_list& fields,
                            const http::forward_filter& filter, std::string& out);
    static void put(const policy::token_settings& from, std::string_view token, request_builder& made);

    // Finds the pair of `websocket`; nothing if it is not configured.
    [[nodiscard]] static offered_bearer offered(const policy::token_settings& from,
                                                const http::field_list& fields) noexcept;
    // Returns the subprotocol that the response has to choose if the upstream chooses none: `bearer`, or the
    // prefix of an offered token without its last character, if the client offers that too, as Jupyter's
    // clients do. Empty otherwise: a subprotocol with a token in its name is never repeated.
    [[nodiscard]] static std::string_view own_choice(const policy::token_settings& from,
                                                     const http::field_list& fields) noexcept;
    // Appends the offered subprotocols without those of a token; nothing if no other is offered.
    static void append_others(const policy::token_settings& from, const http::field_list& fields,
                              std::string& out);
};

} // namespace scopegate::tokens::places
