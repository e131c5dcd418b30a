// Queues tokens that wait for introspection, with one line per client. The lines are served round-robin: a
// client with a thousand tokens delays another client's token by a single call. A client that is alone is not
// limited.
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
    // Takes the oldest token from the line that is next.
    [[nodiscard]] std::optional<token_key> pop();
    // Makes room for one more token of `client`: removes and returns the newest token of the longest line.
    // Returns nothing unless that line is longer than the client's own line would become.
    struct place {
        client_network client;
        token_key token;
    };
    [[nodiscard]] std::optional<place> evict_for(const client_network& client);
    void clear();

private:
    using line = std::deque<token_key>;
    void resize(const client_network& client, std::size_t before, std::size_t now);

    std::map<client_network, line> lines_; // empty lines are erased
    std::deque<client_network> turns_;     // clients of lines_, and some whose line is gone
    std::set<std::pair<std::size_t, client_network>> by_length_;
};

} // namespace scopegate::tokens
