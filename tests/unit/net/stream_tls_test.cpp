// A stream under TLS: which event wakes which waiter, and that nothing loops forever.
#include "net/gather.hpp"
#include "net/stream.hpp"
#include "unit/net/tls_peer.hpp"

#include <gmock/gmock.h>

#include <optional>

namespace scopegate::net {
namespace {

using namespace std::chrono_literals;

class stream_tls_test : public ::testing::Test {
protected:
    stream_tls_test() { stream_ = new stream(context_, ::dup(client_.far_socket()), times_); }
    ~stream_tls_test() override
    {
        stream_->observe(nullptr);
        stream_->close();
        run();
    }

    // Runs everything that can happen now. Returns false if it does not come to rest.
    bool run()
    {
        context_.restart();
        for (int i = 0; i < 10000; ++i)
            if (context_.poll_one() == 0)
                return true;
        return false;
    }
    void connect()
    {
        handshake();
        for (int i = 0; i < 10 && !made_; ++i) {
            ERR_clear_error();
            SSL_do_handshake(client_.ssl());
            run();
        }
        ASSERT_EQ(made_, true);
        ERR_clear_error();
        SSL_do_handshake(client_.ssl());
    }
    detached handshake(steady_time deadline = no_deadline)
    {
        auto channel = server_.open(stream_->native_handle());
        made_ = co_await stream_->handshake(std::move(channel), deadline);
    }
    detached await_readable()
    {
        outcome_.reset();
        outcome_ = co_await stream_->readable(no_deadline);
    }
    // Fills the client's receive buffer until it takes no more.
    void fill()
    {
        const std::string bytes(16384, 'x');
        const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
        while (stream_->write_some({&piece, 1}).how == transfer::status::done) {
        }
    }
    transfer read()
    {
        const auto got = stream_->read_some(bytes_);
        return got;
    }

    tls_files files_;
    tls_context server_{files_.server()};
    tls_peer client_{false};
    deadlines times_;
    asio::io_context context_{1};
    stream_ptr stream_;
    std::array<char, 65536> bytes_{};
    std::optional<bool> made_;
    std::optional<readiness> outcome_;
};

class counting_observer final : public read_observer {
public:
    void on_unawaited_read() noexcept override
    {
        ++calls;
        state = seen->peek();
        if (state == stream::peer_state::quiet)
            seen->arm_read();
    }
    explicit counting_observer(stream_ptr of) : seen(std::move(of)) {}
    stream_ptr seen;
    int calls = 0;
    stream::peer_state state = stream::peer_state::quiet;
};

TEST_F(stream_tls_test, shakes_hands_and_reads)
{
    connect();
    client_.send("hello");
    await_readable();
    run();
    EXPECT_EQ(outcome_, readiness::ready);
    EXPECT_EQ(read().bytes, 5U);
    EXPECT_EQ(read().how, transfer::status::would_block);
    await_readable();
    EXPECT_TRUE(run());
    EXPECT_FALSE(outcome_);
    SSL_shutdown(client_.ssl());
    run();
    EXPECT_EQ(outcome_, readiness::ready);
    EXPECT_EQ(read().how, transfer::status::end);
}

TEST_F(stream_tls_test, reads_a_request_that_came_with_the_handshake_without_waiting)
{
    handshake();
    ERR_clear_error();
    SSL_do_handshake(client_.ssl());
    run();
    SSL_do_handshake(client_.ssl());
    client_.send("early"); // before the server has read the client's last flight
    run();
    EXPECT_EQ(made_, true);
    await_readable();
    EXPECT_TRUE(run());
    EXPECT_EQ(outcome_, readiness::ready);
    EXPECT_EQ(read().bytes, 5U);
}

TEST_F(stream_tls_test, ends_a_stalled_handshake_at_its_deadline)
{
    const auto now = std::chrono::steady_clock::now();
    handshake(now + 10s);
    run();
    times_.sweep(now + 9s);
    EXPECT_FALSE(made_);
    client_.send_raw("\x16"); // a byte now and then does not count as progress
    run();
    times_.sweep(now + 11s);
    EXPECT_EQ(made_, false);
}

TEST_F(stream_tls_test, wakes_nobody_twice_for_a_partial_record)
{
    connect();
    counting_observer observer(stream_);
    stream_->observe(&observer);
    stream_->arm_read();
    client_.send_raw(std::string("\x17\x03\x03\x00\x40xxx", 8));
    EXPECT_TRUE(run());
    EXPECT_EQ(observer.calls, 1);
    EXPECT_EQ(observer.state, stream::peer_state::quiet);
    client_.close();
    EXPECT_TRUE(run());
    EXPECT_EQ(observer.calls, 2);
    EXPECT_EQ(observer.state, stream::peer_state::closed);
}

// The client asks for a key update, reads nothing, so that the reply cannot be sent, and leaves. A read
// cannot succeed, yet the socket reports input. The stream must not retry in a loop.
TEST_F(stream_tls_test, waits_for_room_when_a_read_has_to_send_first)
{
    connect();
    fill();
    ASSERT_EQ(SSL_key_update(client_.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    client_.send("behind the new key");
    counting_observer observer(stream_);
    stream_->observe(&observer);
    stream_->arm_read();
    EXPECT_TRUE(run()) << "the stream loops";
    ::shutdown(client_.socket(), SHUT_WR);
    EXPECT_TRUE(run()) << "the stream loops after the end";
    EXPECT_LT(observer.calls, 10);
    while (!client_.receive().empty())
        run();
    EXPECT_TRUE(run());
    EXPECT_EQ(observer.state, stream::peer_state::input) << "the observer is told once the socket has room";
    stream_->observe(nullptr);
    EXPECT_EQ(read().bytes, 18U);
}

TEST_F(stream_tls_test, wakes_a_reader_that_has_to_send_first_when_there_is_room)
{
    connect();
    fill();
    ASSERT_EQ(SSL_key_update(client_.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    client_.send("behind the new key");
    auto got = read();
    await_readable();
    EXPECT_TRUE(run());
    std::size_t bytes = got.bytes;
    for (int i = 0; i < 100 && bytes < 18; ++i) {
        client_.receive();
        EXPECT_TRUE(run());
        got = read();
        ASSERT_NE(got.how, transfer::status::failed);
        bytes += got.bytes;
        await_readable();
    }
    EXPECT_EQ(bytes, 18U);
}

TEST_F(stream_tls_test, does_not_decrypt_discarded_bytes)
{
    connect();
    client_.send("ignored");
    EXPECT_GT(stream_->discard_some().bytes, 7U);
    EXPECT_EQ(stream_->discard_some().how, transfer::status::would_block);
    client_.close();
    EXPECT_EQ(stream_->discard_some().how, transfer::status::end);
}

TEST_F(stream_tls_test, sends_close_notify_on_close_but_not_on_reset)
{
    connect();
    stream_->close();
    EXPECT_EQ(client_.receive(), "");
    EXPECT_EQ(client_.error(), SSL_ERROR_ZERO_RETURN);
    EXPECT_EQ(read().how, transfer::status::failed) << "a read on a closed stream must fail";
    EXPECT_EQ(stream_->peek(), stream::peer_state::reset);
}

detached end(stream& s, bool& ended)
{
    co_await s.end_sending(no_deadline);
    ended = true;
}

TEST_F(stream_tls_test, waits_until_close_notify_has_been_sent)
{
    connect();
    fill(); // most likely not at the end of a record: a partly sent record cannot be ended in order
    bool ended = false;
    end(*stream_, ended);
    for (int i = 0; i < 1000 && !ended; ++i) {
        client_.receive();
        EXPECT_TRUE(run());
    }
    EXPECT_TRUE(ended);
}

} // namespace
} // namespace scopegate::net
