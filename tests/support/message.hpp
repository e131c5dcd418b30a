// HTTP/1 messages as tests read them: strictly, by code that shares nothing with proxy/http, so that neither
// can hide the other's mistakes. Raw bytes are kept beside their meaning.
#pragma once

#include "support/socket.hpp"

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::test {

struct message {
    std::string start_line; // without its CRLF
    std::vector<std::pair<std::string, std::string>> fields;
    std::string head;     // all bytes as received, including the empty line
    std::string raw_body; // as received, with its chunks
    std::string body;     // decoded
    std::vector<std::pair<std::string, std::string>> trailers;
    bool chunked = false;

    // Returns field values by name, ignoring letter case.
    [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const { return !all(name).empty(); }
    // Returns the value of the one such field. The result is empty without one; several values are joined by
    // ` | `.
    [[nodiscard]] std::string value(std::string_view name) const;
};

// How a message ended.
enum class ending : std::uint8_t {
    complete,
    cut,       // the connection closed within it
    reset,     // the connection was reset within it
    late,      // not whole in time
    none,      // the connection closed before its first byte
    malformed, // see `fault`
};
std::ostream& operator<<(std::ostream& out, ending e);

struct request : message {
    std::string method, target;
    std::size_t connection = 0; // 1, 2, ...: the server's connection on which it came
    bool whole = false;         // its body was read to the end
};

struct response : message {
    unsigned status = 0;
    std::string version, phrase;
    ending end = ending::complete;
    std::string fault;
};
std::ostream& operator<<(std::ostream& out, const request& r);
std::ostream& operator<<(std::ostream& out, const response& r);

// Reads messages from one connection, each to its exact end. The bytes behind it stay for the next.
class message_reader final {
public:
    explicit message_reader(const socket_handle& from) : from_(from) {}

    // Reads the next response, to a request of this method. Interim responses (1xx) count as responses.
    [[nodiscard]] response read_response(std::string_view method, std::chrono::milliseconds wait);
    // Reads a request's head. Any ambiguity in it is a fault: a gate must send nothing that a strict server
    // refuses.
    [[nodiscard]] ending read_request_head(request& into);
    // Reads its body, once the head is there.
    [[nodiscard]] ending read_request_body(request& into);
    // Skips this many bytes, or as many as come. Returns their number.
    [[nodiscard]] std::size_t skip(std::size_t bytes);
    // Reads exactly this many bytes, or fewer if no more come in time.
    [[nodiscard]] std::string read_bytes(std::size_t bytes, std::chrono::milliseconds wait = test_timeout);
    // Reads everything until the end, a reset, or `wait` without a byte.
    [[nodiscard]] ending read_to_end(std::string& into, std::chrono::milliseconds wait = test_timeout);

    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
    [[nodiscard]] const std::string& unread() const noexcept { return buffer_; }

private:
    ending read_head(message& into);
    ending read_sized(message& into, std::uint64_t length);
    ending read_chunked(message& into);
    ending read_line(std::string& raw); // with its CRLF
    ending read_fields(std::vector<std::pair<std::string, std::string>>& into, std::string& raw);
    ending fill();
    ending malformed(std::string why);

    const socket_handle& from_;
    std::string buffer_;
    std::string fault_;
    std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::now();
};

} // namespace scopegate::test
