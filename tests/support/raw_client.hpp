// A client that sends exactly the bytes it is given, and reads responses strictly. It has one connection,
// blocks with deadlines, and is for one thread.
#pragma once

#include "support/message.hpp"
#include "support/socket.hpp"

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::test {

class raw_client final {
public:
    // `address` is `127.0.0.1:8080` or `unix:/path`. Throws if nobody listens.
    explicit raw_client(const std::string& address);

    // Returns false if the peer has closed already. This alone is no failure: a response may be waiting.
    bool send(std::string_view bytes) { return socket_->send(bytes); }
    // Sends the same bytes in one segment per part; `cuts` are positions in `bytes`. Each part has reached
    // the receiver's kernel before the next is written.
    bool send_cut(std::string_view bytes, std::initializer_list<std::size_t> cuts);

    // Reads the next response, including 1xx, to a request of this method.
    [[nodiscard]] response read(std::string_view method = "GET",
                                std::chrono::milliseconds wait = test_timeout);
    // Reads the next final response, or a switch of protocols, and skips interim ones.
    [[nodiscard]] response read_final(std::string_view method = "GET");
    // Sends the request and reads the final response. The method is taken from the request.
    [[nodiscard]] response exchange(std::string_view request);

    // Reads exactly this many bytes behind those already read, or fewer if no more come.
    [[nodiscard]] std::string read_bytes(std::size_t bytes, std::chrono::milliseconds wait = test_timeout)
    {
        return reader_->read_bytes(bytes, wait);
    }

    // How the connection ends, once everything has been read. `rest` has the bytes before the end.
    struct rest_of_it {
        ending end = ending::none; // cut: closed; reset; late: still open after `wait`
        std::string bytes;
    };
    [[nodiscard]] rest_of_it read_to_end(std::chrono::milliseconds wait = test_timeout);
    // Returns whether it was closed in order, without further bytes.
    [[nodiscard]] bool is_closed_clean();

    void set_receive_buffer(int bytes) const { socket_->set_receive_buffer(bytes); }
    void half_close() const { socket_->end_sending(); }
    void close() { socket_->close(); }
    void reset() { socket_->reset(); }
    [[nodiscard]] const socket_handle& socket() const noexcept { return *socket_; }

private:
    std::unique_ptr<socket_handle> socket_; // the reader keeps its address
    std::unique_ptr<message_reader> reader_;
};

// The requests that many tests use. `extra` consists of whole field lines, each with CRLF.
[[nodiscard]] std::string get(std::string_view target, std::string_view token = {},
                              std::string_view extra = {});
[[nodiscard]] std::string request_text(std::string_view method, std::string_view target,
                                       std::string_view token, std::string_view extra = {},
                                       std::string_view body = {});

} // namespace scopegate::test
