// Fetches one issuer's key set over the network: discovery if configured, then the JWK set. Control thread
// only.
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
    bool answered = false;      // a server responded, whatever its response was
    bool refused = false;       // the server has no such document: 400, 404 or 410
    std::string text;           // the JWK set's text on success, otherwise the reason for the log
    std::string cache_control;  // of the key set's response
    cause detail = cause::none; // of a failure: set if a forward proxy is the reason
};

class key_fetch final {
public:
    explicit key_fetch(const policy::issuer_settings& issuer); // `issuer` must outlive it

    // Makes one attempt. Never throws, not even when cancelled. Reads the discovery document each time, so
    // that a key set that has moved is found. If the document is unavailable, fetches the key set that it
    // named last. `awaited` means that requests wait for a new key: then the last known key set is fetched
    // first, and discovery follows only if that brings nothing new. The token of `keys_token_file` is read
    // for each request, and sent only to the origin that the file names.
    [[nodiscard]] boost::asio::awaitable<fetched_keys> run(bool awaited);

private:
    [[nodiscard]] boost::asio::awaitable<fetched_keys> attempt(bool awaited);
    [[nodiscard]] boost::asio::awaitable<fetched_keys> get_keys();
    [[nodiscard]] boost::asio::awaitable<fetched_keys> discover();
    [[nodiscard]] boost::asio::awaitable<fetched_keys> get(std::string url);

    const policy::issuer_settings& issuer_;
    const std::string trusted_url_; // `keys`, or the issuer: its origin gets the token of keys_token_file
    net::http_client client_;
    std::string jwks_uri_; // from the discovery document
    std::string last_keys_;
};

// Returns how long a response may be cached by its Cache-Control (RFC 9111 section 5.2.2). no-store and
// no-cache are zero. Returns nothing if there is no sensible max-age.
[[nodiscard]] std::optional<std::chrono::seconds> max_age_of(std::string_view cache_control);

} // namespace scopegate::tokens
