// Tokens that wait for their introspection, in a line for each client. The lines take turns, so that a client
// with a thousand tokens delays another one's by a single call. A client that is alone is served without a
// limit.
#pragma once

#include "tokens/introspection_cache.hpp"
#include "tokens/introspector.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace scopegate::tokens {

// Not thread-safe.
class fair_queue final {
public:
    void push(const client_network& client, const token_key& token);
    // Takes the oldest token of the line whose turn it is.
    [[nodiscard]] std::optional<token_key> pop();
    // Makes room for one more token of `client`: takes the newest of the longest line, where that is longer
    // than the client's own line would be.
    struct place {
        client_network client;
        token_key token;
    };
    [[nodiscard]] std::optional<place> give_way_to(const client_network& client);
    void clear();

private:
    using line = std::deque<token_key>;
    void resize(const client_network& client, std::size_t before, std::size_t now);

    std::map<client_network, line> lines_; // none is empty
    std::deque<client_network> turns_;     // the clients of lines_, and some whose line has ended
    std::set<std::pair<std::size_t, client_network>> by_length_;
};

} // namespace scopegate::tokens
