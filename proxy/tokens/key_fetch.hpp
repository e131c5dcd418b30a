// Gets one issuer's key set over the network: discovery where it is asked for, then the JWK set. Control
// thread only.
#pragma once

#include "net/http_client.hpp"
#include "policy/settings.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::tokens {

struct fetched_keys {
    bool ok = false;
    bool answered = false;     // somebody was there, whatever was said
    std::string text;          // the JWK set's text where it went well, or why it did not, for the log
    std::string cache_control; // of the answer with the key set
};

class key_fetch final {
public:
    explicit key_fetch(const policy::issuer_settings& issuer); // which must outlive it

    // One attempt; never throws, cancelled or not. The discovery document is read each time, so that a key
    // set that moved is found; where it can't be had, the key set that it named last is asked for. `awaited`,
    // callers wait for a new key: it is looked for there first, and discovered only where there is none.
    [[nodiscard]] boost::asio::awaitable<fetched_keys> run(bool awaited);

private:
    [[nodiscard]] boost::asio::awaitable<fetched_keys> attempt(bool awaited);
    [[nodiscard]] boost::asio::awaitable<fetched_keys> get_keys();
    [[nodiscard]] boost::asio::awaitable<fetched_keys> discover();
    [[nodiscard]] boost::asio::awaitable<fetched_keys> get(std::string url);

    const policy::issuer_settings& issuer_;
    net::http_client client_;
    std::string jwks_uri_; // as discovered
    std::string last_keys_;
};

// How long an answer may be kept, by its Cache-Control (RFC 9111 section 5.2.2): max-age, or nothing where
// there is none that makes sense; no-store and no-cache are zero.
[[nodiscard]] std::optional<std::chrono::seconds> max_age_of(std::string_view cache_control);

} // namespace scopegate::tokens
