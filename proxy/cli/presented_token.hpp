// Presents a token as a request carries it, in the first of the places that `tokens: {from: [...]}` allows:
// header, cookie, query, WebSocket.
#pragma once

#include "gate/authorize.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace scopegate::cli {

class presented_token final {
public:
    presented_token(const policy::token_settings& places, std::string_view target, std::string_view token);
    presented_token(const presented_token&) = delete;
    presented_token& operator=(const presented_token&) = delete;

    // Adds the token to the request, which then holds views into this object.
    void put_into(gate::access_request& request) const;

private:
    void add(std::string_view name, std::string value);

    std::string target_;
    std::string value_; // of the header
    http::field_list fields_;
    bool websocket_ = false;
};

// Returns the unverified `iss` of a JWT, or nothing if it has none or the token is not a JWT.
[[nodiscard]] std::optional<std::string> claimed_issuer(std::string_view token);

} // namespace scopegate::cli
