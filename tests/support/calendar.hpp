// The calendar: a running gate and a recording API behind it. Most wire tests begin with it.
#pragma once

#include "support/gate_process.hpp"
#include "support/raw_client.hpp"
#include "support/recording_upstream.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace scopegate::test {

// When it is destroyed, no malformed message may have reached the API.
class calendar final {
public:
    // Uses `settings` with the API as the upstream, unless they name another.
    explicit calendar(gate_settings settings = {});
    calendar(const calendar&) = delete;
    calendar& operator=(const calendar&) = delete;
    ~calendar();

    [[nodiscard]] raw_client connect() const { return raw_client(gate.address()); }
    // Sends one request on a connection of its own, which is closed after the response.
    response exchange(std::string_view request) const { return connect().exchange(request); }
    // Sends a GET to the admin listener.
    [[nodiscard]] response ask_admin(std::string_view path) const;
    // Sends this one request on a connection of its own, and returns it as the API got it. Throws if the API
    // got none.
    [[nodiscard]] request forwarded(std::string_view request) const;

    recording_upstream api;
    gate_process gate;
};

// Returns a member of a JSON object's text, as text; empty if it is absent.
[[nodiscard]] std::string json_member(std::string_view object, std::string_view name);
// Returns the names of a message's fields, in lower case and in order.
[[nodiscard]] std::vector<std::string> field_names(const message& m);

} // namespace scopegate::test
