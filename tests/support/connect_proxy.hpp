// An HTTP forward proxy on loopback, in the test's own process. It leads every CONNECT to one server,
// whatever host was asked for, so that a test can name any host. It can also send exactly these bytes
// instead. Any thread may call it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace scopegate::test {

class connect_proxy final {
public:
    // `to` is the address of the server, such as `127.0.0.1:8443`.
    explicit connect_proxy(std::string to);
    ~connect_proxy();

    // The bytes that follow a request's head, from the next connection on.
    enum class way : std::uint8_t {
        tunnel,  // 200, and then the server
        bytes,   // these bytes and nothing more; the connection stays open until the client leaves
        garbage, // these bytes, and then the server
    };
    void be(way how, std::string bytes = {});

    [[nodiscard]] std::string url() const; // http://127.0.0.1:PORT
    [[nodiscard]] std::string authority() const;
    // Returns the heads of the requests so far, in order.
    [[nodiscard]] std::vector<std::string> heads() const;

private:
    class server;
    std::unique_ptr<server> server_;
};

} // namespace scopegate::test
