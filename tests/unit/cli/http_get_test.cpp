#include "cli/http_get.hpp"

#include "cli/commands.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>

#include <unistd.h>

#include <filesystem>
#include <thread>

namespace scopegate::cli {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Serves one connection with these bytes and keeps the request that it got.
template <class Protocol>
class one_answer final {
public:
    one_answer(const typename Protocol::endpoint& at, std::string answer)
        : acceptor_(io_, at), thread_([this, text = std::move(answer)] {
              auto peer = acceptor_.accept();
              boost::system::error_code ignored;
              asio::read_until(peer, asio::dynamic_buffer(asked), "\r\n\r\n", ignored);
              asio::write(peer, asio::buffer(text), ignored);
              if (text.empty()) // silent until the client gives up
                  asio::read_until(peer, asio::dynamic_buffer(asked), "never", ignored);
          })
    {
    }
    ~one_answer()
    {
        if (thread_.joinable())
            thread_.join();
    }
    [[nodiscard]] auto endpoint() const { return acceptor_.local_endpoint(); }
    [[nodiscard]] std::string asked_for()
    {
        thread_.join();
        return asked;
    }

private:
    asio::io_context io_;
    typename Protocol::acceptor acceptor_;
    std::string asked;
    std::thread thread_;
};

using tcp = asio::ip::tcp;

const tcp::endpoint any_port(asio::ip::make_address("127.0.0.1"), 0);

http_url url_of(const tcp::endpoint& at)
{
    return {policy::endpoint{"127.0.0.1", at.port(), {}}, "/readyz"};
}

TEST(http_get, returns_the_status)
{
    one_answer<tcp> server(any_port, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    const auto port = std::to_string(server.endpoint().port());
    EXPECT_EQ(http_get_status(url_of(server.endpoint()), 5s), 503U);
    EXPECT_EQ(server.asked_for(),
              "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nConnection: close\r\n\r\n");
}

TEST(http_get, works_on_a_unix_socket)
{
    const auto path =
        std::filesystem::temp_directory_path() / ("scopegate-health-" + std::to_string(::getpid()) + ".sock");
    {
        one_answer<asio::local::stream_protocol> server(asio::local::stream_protocol::endpoint(path.string()),
                                                        "HTTP/1.1 200 OK\r\n\r\n");
        EXPECT_EQ(http_get_status({policy::endpoint{"", 0, path.string()}, "/readyz"}, 5s), 200U);
    }
    std::filesystem::remove(path);
}

TEST(http_get, gives_up_after_a_timeout)
{
    one_answer<tcp> server(any_port, "");
    EXPECT_THROW((void)http_get_status(url_of(server.endpoint()), 50ms), input_error);
}

TEST(http_get, accepts_only_an_http_response)
{
    one_answer<tcp> server(any_port, "SSH-2.0-OpenSSH\r\n");
    EXPECT_THROW((void)http_get_status(url_of(server.endpoint()), 5s), input_error);
}

struct url_row {
    const char* url;
    const char* host; // null if the URL is refused
    std::uint16_t port;
    const char* path;
};

TEST(http_get, understands_urls)
{
    const url_row rows[] = {
        {"http://127.0.0.1:9901/readyz", "127.0.0.1", 9901, "/readyz"},
        {"http://localhost", "localhost", 80, "/"},
        {"http://[::1]:9901/a?b", "::1", 9901, "/a?b"},
        {"http://[::1]/", "::1", 80, "/"},
        {"https://localhost/", nullptr, 0, nullptr},
        {"localhost:9901", nullptr, 0, nullptr},
        {"http://", nullptr, 0, nullptr},
        {"http://:80/", nullptr, 0, nullptr},
        {"http://a:/", nullptr, 0, nullptr},
        {"http://a:0/", nullptr, 0, nullptr},
        {"http://a:65536/", nullptr, 0, nullptr},
        {"http://a:x/", nullptr, 0, nullptr},
        {"http://a/b c", nullptr, 0, nullptr},
        {"http://a/b\r\nHost: evil", nullptr, 0, nullptr},
    };
    for (const auto& row : rows) {
        if (row.host == nullptr) {
            EXPECT_THROW((void)parse_http_url(row.url), usage_error) << row.url;
            continue;
        }
        const auto url = parse_http_url(row.url);
        EXPECT_EQ(url.address.host, row.host) << row.url;
        EXPECT_EQ(url.address.port, row.port) << row.url;
        EXPECT_EQ(url.path, row.path) << row.url;
    }
}

} // namespace
} // namespace scopegate::cli
