// A client that sends just the bytes it is given, and reads answers strictly. One connection each; blocking,
// with deadlines; for one thread.
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
    // `127.0.0.1:8080` or `unix:/path`. Throws where nobody listens.
    explicit raw_client(const std::string& address);

    // False where the peer has closed already: not a failure by itself, an answer may lie there to be read.
    bool send(std::string_view bytes) { return socket_->send(bytes); }
    // The same in one segment per part; `cuts` are positions in `bytes`. The parts leave one by one; each is
    // on its way before the next is written, and the receiver's kernel has it.
    bool send_cut(std::string_view bytes, std::initializer_list<std::size_t> cuts);

    // The next answer, 1xx included, to a request of this method.
    [[nodiscard]] response read(std::string_view method = "GET", std::chrono::milliseconds wait = patience);
    // The next final answer, or a switch of protocols: interim ones before it are passed over.
    [[nodiscard]] response read_final(std::string_view method = "GET");
    // Sends and reads the final answer; the method is the request's own.
    [[nodiscard]] response exchange(std::string_view request);

    // Just this many bytes behind what was read; fewer where no more come.
    [[nodiscard]] std::string read_bytes(std::size_t bytes, std::chrono::milliseconds wait = patience)
    {
        return reader_->read_bytes(bytes, wait);
    }

    // How the connection ends, once everything has been read; what came before it is in `rest`.
    struct rest_of_it {
        ending end = ending::none; // cut: closed; reset; late: still open after `wait`
        std::string bytes;
    };
    [[nodiscard]] rest_of_it read_to_end(std::chrono::milliseconds wait = patience);
    // Closed in order, and nothing came before the end.
    [[nodiscard]] bool is_closed_clean();

    void set_receive_buffer(int bytes) const { socket_->set_receive_buffer(bytes); }
    void half_close() const { socket_->end_sending(); }
    void close() { socket_->close(); }
    void reset() { socket_->reset(); }
    [[nodiscard]] const socket_handle& socket() const noexcept { return *socket_; }

private:
    std::unique_ptr<socket_handle> socket_; // its address is the reader's
    std::unique_ptr<message_reader> reader_;
};

// What the tests ask again and again. `extra` are whole field lines, CRLF each.
[[nodiscard]] std::string get(std::string_view target, std::string_view token = {},
                              std::string_view extra = {});
[[nodiscard]] std::string request_text(std::string_view method, std::string_view target,
                                       std::string_view token, std::string_view extra = {},
                                       std::string_view body = {});

} // namespace scopegate::test
