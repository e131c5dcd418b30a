// A request as `explain` asks about it: a method, a target, headers, and a token in the first of the places
// that `tokens: {from: [...]}` allows.
#pragma once

#include "access/question.hpp"
#include "base/errc.hpp"
#include "http/head_parser.hpp"
#include "policy/policy.hpp"
#include "tokens/places/place.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::cli {

class presented_request final {
public:
    presented_request(std::string_view method, std::string_view target);
    presented_request(const presented_request&) = delete;
    presented_request& operator=(const presented_request&) = delete;

    // `line` is `Name: value`. Throws usage_error where it is not.
    void add_header(std::string_view line);
    // The connection's peer. Throws usage_error where it is not an IP address.
    void set_peer(const std::string& address);
    void add_token(const policy::token_settings& from, std::string_view token);

    // As on a connection of the server's own listener: with TLS if the file has server.tls. Views into this
    // object, until the next call. Fails as the proxy does for a request that it refuses
    // before any decision. Throws usage_error for a header that no request can have.
    [[nodiscard]] result<access::question> as_question(const policy::policy& p);
    // Fails as the proxy does for a request that it allows but can't forward. Needs as_question() before.
    [[nodiscard]] result<void> forward(const policy::policy& p) const;

private:
    std::string method_;
    tokens::places::request_builder builder_;
    http::request_head head_;
    std::optional<net::peer> peer_;
};

// Returns the index of the issuer whose tokens have these unverified claims, or those of a JWT. Returns
// nothing if the policy lists none.
[[nodiscard]] std::optional<std::size_t> issuer_in(const policy::policy& p, const json::value& claims);
[[nodiscard]] std::optional<std::size_t> issuer_in(const policy::policy& p, std::string_view token);

} // namespace scopegate::cli
