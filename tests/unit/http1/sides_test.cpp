// The two sides of HTTP/1.1, each with a peer that the test plays.
#include "http1/client_request.hpp"
#include "http1/upstream_connection.hpp"

#include "support/connected_stream.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace scopegate::http1 {
namespace {

struct no_reports final : connection_reports {
    void on_tls_failure(const std::string&) override {}
    void on_first_response() override {}
    void on_end_without_response(cause) override {}
};
struct kept final : wire::connection_end {
    [[nodiscard]] bool is_due() const noexcept override { return false; }
};

class sides : public ::testing::Test {
public:
    // Parses the head into memory_.
    http::request_framing read(const std::string& head)
    {
        head_ = head;
        std::size_t scanned = 0;
        const auto size = http::read_request_head(head_, scanned, {}, memory_.request);
        EXPECT_TRUE(size && *size == head_.size());
        return http::frame_request(memory_.request).value();
    }
    net::asio::io_context loop_{1};
    net::deadlines times_;
    net::buffer_pool buffers_;
    wire::request_memory memory_{buffers_};
    std::string head_;
    test::connected_stream client_{loop_, times_, 16384}, upstream_{loop_, times_, 16384};
    net::peer peer_;
    kept kept_;
};

TEST_F(sides, a_resting_upstream_connection_holds_nothing_of_its_last_response)
{
    const auto framing = read("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n");
    client_request client(client_.own, peer_, memory_, kept_, framing);
    upstream_connection upstream(upstream_.own, buffers_, std::make_unique<no_reports>());
    const http::request_rules rules;
    ASSERT_TRUE(upstream.begin({client.head(), rules, {"/", "", ""}, "", client.facts()}, {}));
    upstream.add(wire::data(), true, {});
    ASSERT_EQ(upstream.flush(), wire::flush_result::done);
    const std::string_view response =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: long\r\n\r\n";
    ASSERT_EQ(upstream_.send(response), response.size());
    ASSERT_TRUE(upstream.fill_head());
    ASSERT_EQ(upstream.take_head().value(), true);
    ASSERT_TRUE(upstream.frame("GET", true));
    wire::data none;
    ASSERT_EQ(upstream.take(none), wire::body_state::complete);
    ASSERT_EQ(upstream.trailers(), "X-Trailer: long\r\n");
    ASSERT_TRUE(upstream.is_reusable());
    upstream.rest();
    EXPECT_EQ(upstream.trailers(), "");
    EXPECT_TRUE(upstream.head().fields.empty());
}

TEST_F(sides, only_a_client_that_gets_chunks_accepts_trailers)
{
    for (const auto& [version, accepts] : {std::pair("1.1", true), std::pair("1.0", false)}) {
        const auto framing = read(std::string("GET / HTTP/") + version +
                                  "\r\nHost: a\r\nConnection: TE\r\nTE: trailers\r\n\r\n");
        const client_request client(client_.own, peer_, memory_, kept_, framing);
        EXPECT_EQ(client.facts().accepts_trailers, accepts) << version;
    }
}

} // namespace
} // namespace scopegate::http1
