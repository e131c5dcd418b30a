// HTTP/1 messages as tests read them: strictly, by code that shares nothing with proxy/http, so that neither
// can hide the other's mistakes. Raw bytes are kept beside what they mean.
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
    std::string head;     // all of it as it came, the empty line included
    std::string raw_body; // as it came, with its chunks
    std::string body;     // decoded
    std::vector<std::pair<std::string, std::string>> trailers;
    bool chunked = false;

    // Field values by name, letter case ignored.
    [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const { return !all(name).empty(); }
    // The value of the one such field; empty where there is none, all of them with ` | ` between where there
    // are several.
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
    std::size_t connection = 0; // 1, 2, ...: which connection of the server it came on
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

// Reads messages off one connection, each to its exact end; what comes behind stays for the next.
class message_reader final {
public:
    explicit message_reader(const socket_handle& from) : from_(from) {}

    // The next answer, to a request of this method. Interim answers (1xx) are answers like any.
    [[nodiscard]] response read_response(std::string_view method, std::chrono::milliseconds wait);
    // A request's head. What is ambiguous in it is a fault: a gate must send nothing that a strict server
    // refuses.
    [[nodiscard]] ending read_request_head(request& into);
    // Its body, once the head is there.
    [[nodiscard]] ending read_request_body(request& into);
    // Passes over this many bytes, or as many as come. How many they were.
    [[nodiscard]] std::size_t skip(std::size_t bytes);
    // Just this many bytes, whatever they are; fewer where no more come in time.
    [[nodiscard]] std::string read_bytes(std::size_t bytes, std::chrono::milliseconds wait = patience);
    // Everything until the end, a reset or `wait` without a byte.
    [[nodiscard]] ending read_to_end(std::string& into, std::chrono::milliseconds wait = patience);

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
