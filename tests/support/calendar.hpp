// The calendar: a running gate and the API behind it, which records. What most wire tests begin with.
#pragma once

#include "support/gate_process.hpp"
#include "support/raw_client.hpp"
#include "support/recording_upstream.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace scopegate::test {

// At its end, nothing that the API received may have been malformed.
class calendar final {
public:
    // `settings` with the API as the upstream, where they name no other.
    explicit calendar(gate_settings settings = {});
    calendar(const calendar&) = delete;
    calendar& operator=(const calendar&) = delete;
    ~calendar();

    [[nodiscard]] raw_client connect() const { return raw_client(gate.address()); }
    // One request on a connection of its own, which is closed after the answer.
    response exchange(std::string_view request) const { return connect().exchange(request); }
    // GET on the admin listener.
    [[nodiscard]] response ask_admin(std::string_view path) const;
    // What the API got of this one request, sent on a connection of its own. Throws where it got nothing.
    [[nodiscard]] request forwarded(std::string_view request) const;

    recording_upstream api;
    gate_process gate;
};

// A member of a JSON object's text, as text; empty where it is absent.
[[nodiscard]] std::string json_member(std::string_view object, std::string_view name);
// The names of a message's fields, in lower case and order.
[[nodiscard]] std::vector<std::string> field_names(const message& m);

} // namespace scopegate::test
