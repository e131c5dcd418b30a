// An introspection endpoint (RFC 7662) on loopback, in the test's own process: knows some tokens, fails in
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
        refusing,    // 401: the client's own credentials are wrong
        hanging,     // takes requests and says nothing until release()
        garbage,     // 200 with what is no JSON
        twice,       // 200 with `active` twice
        an_array,    // 200 with an array
        redirecting, // 302 to where the true answer is
        huge,        // an answer of a megabyte
        cut_short,   // an answer that ends in its middle
        closing,     // closes instead of an answer
    };

    introspection_endpoint();

    [[nodiscard]] std::string url() const { return server_.url() + "/introspect"; }
    // What is said of this token from now on; of others `{"active":false}`.
    void knows(const std::string& token, std::string answer);
    void be(mood m);
    void release() { server_.release(); } // those that hang get their answers; nobody hangs any more

    // How often it was asked about this token, or about any; answered or not.
    [[nodiscard]] std::size_t calls(const std::string& token) const;
    [[nodiscard]] std::size_t calls() const;
    // The requests, whole, in their order.
    [[nodiscard]] std::vector<request> requests() const { return server_.requests(); }
    void wait_for_calls(std::size_t count) const { server_.wait_for_heads(count); }

private:
    void serve(upstream_exchange& x);

    mutable std::mutex mutex_; // of these
    std::map<std::string, std::string> answers_;
    std::map<std::string, std::size_t> calls_;
    mood mood_ = mood::serving;

    recording_upstream server_; // last: its threads use the others
};

// A parameter of an application/x-www-form-urlencoded text, decoded; empty where it is absent.
[[nodiscard]] std::string form_parameter(std::string_view form, std::string_view name);

} // namespace scopegate::test
