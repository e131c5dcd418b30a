// An introspection endpoint (RFC 7662) on loopback, in the test's own process: it knows some tokens, fails in
// many ways, and counts. Any thread may call it.
#pragma once

#include "support/recording_upstream.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace scopegate::test {

class introspection_endpoint final {
public:
    enum class mood : std::uint8_t {
        serving,
        failing,     // 500
        refusing,    // 401: the gate's own credentials are wrong
        hanging,     // accepts requests and does not respond until release()
        garbage,     // 200 with a body that is not JSON
        twice,       // 200 with `active` twice
        an_array,    // 200 with an array
        redirecting, // 302 to where the true result is
        huge,        // a response of one megabyte
        cut_short,   // a response that ends in its middle
        closing,     // closes instead of a response
    };

    introspection_endpoint();

    [[nodiscard]] std::string url() const { return server_.url() + "/introspect"; }
    // Sets the result for this token. The result for all others is `{"active":false}`.
    void knows(const std::string& token, std::string answer);
    void be(mood m);
    void release() { server_.release(); } // responds to hanging requests; none hangs any more

    // Returns the number of calls for this token, or for any token, answered or not.
    [[nodiscard]] std::size_t calls(const std::string& token) const;
    [[nodiscard]] std::size_t calls() const;
    // Returns the whole requests in order.
    [[nodiscard]] std::vector<request> requests() const { return server_.requests(); }
    void wait_for_calls(std::size_t count) const { server_.wait_for_heads(count); }

private:
    void serve(upstream_exchange& x);

    mutable std::mutex mutex_; // guards these
    std::map<std::string, std::string> answers_;
    std::map<std::string, std::size_t> calls_;
    mood mood_ = mood::serving;

    recording_upstream server_; // last member, since its threads use the others
};

// Returns a parameter of an application/x-www-form-urlencoded text, decoded; empty if it is absent.
[[nodiscard]] std::string form_parameter(std::string_view form, std::string_view name);

} // namespace scopegate::test
