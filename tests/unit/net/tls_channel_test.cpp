#include "unit/net/tls_peer.hpp"

#include <gmock/gmock.h>

#include <numeric>

namespace scopegate::net {
namespace {

using testing::HasSubstr;

// A channel on the server side, and a client.
class tls_channel_test : public ::testing::TestWithParam<int> {
protected:
    tls_channel_test()
    {
        if (GetParam() != 0)
            client_.only(GetParam());
    }
    void connect()
    {
        channel_ = context_.open(client_.far_socket());
        ASSERT_EQ(client_.shake_hands(*channel_), outcome::done) << channel_->failure();
    }
    std::string read(std::size_t most = 65536)
    {
        channel_->forget_drained(); // as if the socket had reported input
        std::string into(most, '\0');
        last_ = channel_->read(into);
        into.resize(last_.bytes);
        return into;
    }
    tls_channel::transfer write(std::string_view bytes)
    {
        const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
        return channel_->write({&piece, 1});
    }

    tls_files files_;
    tls_context context_{files_.server()};
    tls_peer client_{false};
    std::unique_ptr<tls_channel> channel_;
    tls_channel::transfer last_;
};
INSTANTIATE_TEST_SUITE_P(versions, tls_channel_test, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& tested) {
                             return tested.param == TLS1_2_VERSION ? "tls_1_2" : "tls_1_3";
                         });

TEST_P(tls_channel_test, carries_bytes_both_ways)
{
    connect();
    EXPECT_EQ(SSL_version(client_.ssl()), GetParam());
    client_.send("a question");
    EXPECT_EQ(read(), "a question");
    EXPECT_EQ(last_.then, outcome::wants_read);
    EXPECT_EQ(write("an answer").bytes, 9U);
    EXPECT_EQ(client_.receive(), "an answer");
}

TEST_P(tls_channel_test, fills_the_span_of_a_read_and_keeps_the_rest)
{
    connect();
    client_.send("first");
    client_.send("second");
    EXPECT_EQ(read(3), "fir");
    EXPECT_EQ(last_.then, outcome::done) << "more input may follow";
    EXPECT_TRUE(channel_->holds_input());
    EXPECT_EQ(channel_->peek(), outcome::done);
    EXPECT_EQ(read(), "stsecond") << "a read may span records";
    EXPECT_FALSE(channel_->holds_input());
    channel_->forget_drained();
    EXPECT_EQ(channel_->peek(), outcome::wants_read);
}

TEST_P(tls_channel_test, puts_small_pieces_into_one_record)
{
    connect();
    const std::string large(20000, 'x');
    const std::array<iovec, 3> pieces{iovec{const_cast<char*>("head "), 5},
                                      iovec{const_cast<char*>("lines "), 6},
                                      iovec{const_cast<char*>(large.data()), large.size()}};
    const auto sent = channel_->write(pieces);
    EXPECT_EQ(sent.bytes, 16384U) << "a record's worth";
    EXPECT_EQ(client_.receive(), ("head lines " + large).substr(0, 16384));
}

TEST_P(tls_channel_test, sends_unsent_bytes_once_and_whole)
{
    connect();
    std::string all(3 * 1024 * 1024, '\0');
    std::iota(all.begin(), all.end(), '\0');
    std::string received;
    std::size_t sent = 0;
    std::size_t blocked = 0;
    while (sent < all.size()) {
        // The pieces differ from call to call: after a stop, more bytes may follow the same ones.
        const auto left = all.size() - sent;
        const auto first = std::min<std::size_t>(left, 100);
        const auto second = std::min<std::size_t>(left - first, 700 + blocked * 1000);
        const std::array<iovec, 2> pieces{iovec{all.data() + sent, first},
                                          iovec{all.data() + sent + first, second}};
        const auto how = channel_->write(pieces);
        ASSERT_NE(how.then, outcome::failed) << "at " << sent;
        sent += how.bytes;
        if (how.then == outcome::wants_write) {
            ++blocked;
            received += client_.receive();
        }
    }
    received += client_.receive();
    EXPECT_GT(blocked, 0U);
    EXPECT_TRUE(received == all) << received.size();
}

TEST_P(tls_channel_test, tells_an_announced_end_from_a_truncation)
{
    connect();
    client_.send("last words");
    SSL_shutdown(client_.ssl());
    EXPECT_EQ(read(), "last words");
    EXPECT_EQ(last_.then, outcome::ended);
    EXPECT_EQ(read(), "");
    EXPECT_EQ(last_.then, outcome::ended) << "the end must be permanent";
    EXPECT_EQ(channel_->peek(), outcome::ended);
    EXPECT_EQ(write("still heard").bytes, 11U) << "the other direction is still open";
    EXPECT_EQ(client_.receive(), "still heard");
}

TEST_P(tls_channel_test, fails_when_the_connection_ends_without_close_notify)
{
    connect();
    client_.send("last words");
    client_.close();
    EXPECT_EQ(read(), "last words");
    EXPECT_EQ(read(), "");
    EXPECT_EQ(last_.then, outcome::failed);
    EXPECT_TRUE(channel_->is_wire_ended());
    EXPECT_EQ(channel_->peek(), outcome::failed);
}

TEST_P(tls_channel_test, sends_close_notify_once)
{
    connect();
    EXPECT_EQ(channel_->send_close_notify(), outcome::done);
    EXPECT_EQ(channel_->send_close_notify(), outcome::done);
    EXPECT_EQ(client_.receive(), "");
    EXPECT_EQ(client_.error(), SSL_ERROR_ZERO_RETURN);
    client_.send("after that");
    EXPECT_EQ(read(), "after that") << "only our direction has ended";
}

// An attacker on the wire can corrupt a record, and must not choose where the stream continues behind it.
TEST_P(tls_channel_test, reads_nothing_behind_a_corrupt_record)
{
    connect();
    client_.send("before");
    const std::string forged("\x17\x03\x03\x00\x40", 5);
    client_.send_raw(forged + std::string(64, '\x55'));
    client_.send("behind");
    EXPECT_EQ(read(), "before");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(read(), "");
        EXPECT_EQ(last_.then, outcome::failed);
        EXPECT_EQ(channel_->peek(), outcome::failed);
        EXPECT_EQ(write("x").then, outcome::failed);
    }
    EXPECT_EQ(channel_->send_close_notify(), outcome::done) << "an alert has been sent already";
}

// The peer's last response must remain readable after it closed, although nothing can be sent any more.
TEST_P(tls_channel_test, reads_input_after_sending_has_become_impossible)
{
    connect();
    client_.send("413, please go away");
    client_.close();
    while (write(std::string(16384, 'x')).then == outcome::done) {
    }
    EXPECT_EQ(read(), "413, please go away");
}

TEST_P(tls_channel_test, does_not_use_the_number_of_a_closed_socket)
{
    connect();
    channel_->detach();
    client_.send("x");
    EXPECT_EQ(write("x").then, outcome::failed);
    EXPECT_EQ(read(), "");
    EXPECT_EQ(last_.then, outcome::failed);
}

TEST_P(tls_channel_test, does_not_resume_sessions)
{
    SSL_CTX_set_session_cache_mode(client_.context(), SSL_SESS_CACHE_CLIENT);
    connect();
    write("x");
    EXPECT_EQ(client_.receive(), "x"); // with any ticket that came
    SSL_SESSION* const session = SSL_get1_session(client_.ssl());
    EXPECT_FALSE(SSL_SESSION_has_ticket(session));

    tls_peer again(false);
    again.only(GetParam());
    SSL_set_session(again.ssl(), session);
    const auto channel = context_.open(again.far_socket());
    EXPECT_EQ(again.shake_hands(*channel), outcome::done);
    EXPECT_EQ(SSL_session_reused(again.ssl()), 0);
    SSL_SESSION_free(session);
}

using tls_1_3_channel = tls_channel_test;
INSTANTIATE_TEST_SUITE_P(versions, tls_1_3_channel, testing::Values(TLS1_3_VERSION));

TEST_P(tls_1_3_channel, accepts_a_key_update_in_the_middle_of_a_write)
{
    connect();
    const std::string all(2 * 1024 * 1024, 'x');
    std::size_t sent = 0;
    const auto send_on = [&] {
        for (;;) {
            const auto how = write(std::string_view(all).substr(sent));
            if (how.then != outcome::done)
                return how.then;
            sent += how.bytes;
            if (sent == all.size())
                return outcome::done;
        }
    };
    ASSERT_EQ(send_on(), outcome::wants_write);
    // The client asks us for a key update while one of our records is half sent.
    SSL_key_update(client_.ssl(), SSL_KEY_UPDATE_REQUESTED);
    client_.send("a question");
    std::string question = read();
    std::string received;
    for (auto how = outcome::wants_write; how == outcome::wants_write || question.empty();) {
        received += client_.receive();
        how = send_on();
        ASSERT_NE(how, outcome::failed) << "at " << sent;
        question += read();
        ASSERT_NE(last_.then, outcome::failed);
    }
    received += client_.receive();
    EXPECT_EQ(question, "a question");
    EXPECT_TRUE(received == all) << received.size() << " bytes";
}

// Key updates cost us more than the client, and come in records without content. A read must not go on for as
// long as they arrive.
TEST_P(tls_1_3_channel, does_not_block_the_thread_during_a_flood_of_key_updates)
{
    connect();
    SSL* const client = client_.ssl();
    BIO* const flood = BIO_new(BIO_s_mem());
    SSL_set0_wbio(client, flood);
    for (int i = 0; i < 20000; ++i) {
        ASSERT_EQ(SSL_key_update(client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        ASSERT_EQ(SSL_do_handshake(client), 1);
    }
    client_.send("at last");
    char* text = nullptr;
    const auto whole = static_cast<std::size_t>(BIO_get_mem_data(flood, &text));
    std::string_view left(text, whole);
    const auto send_on = [&] { // as fast as the channel reads
        const auto n = ::send(client_.socket(), left.data(), left.size(), MSG_NOSIGNAL);
        left.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
    };
    std::size_t reads = 0;
    for (std::string got; got != "at last"; ++reads) {
        send_on();
        got = read();
        ASSERT_NE(last_.then, outcome::failed);
    }
    EXPECT_GE(reads, whole / (5 * 16384)) << "one read processed too much";
}

using tls_1_2_channel = tls_channel_test;
INSTANTIATE_TEST_SUITE_P(versions, tls_1_2_channel, testing::Values(TLS1_2_VERSION));

TEST_P(tls_1_2_channel, refuses_renegotiation)
{
    connect();
    SSL_renegotiate(client_.ssl());
    ERR_clear_error();
    SSL_do_handshake(client_.ssl());
    EXPECT_EQ(read(), "");
    EXPECT_EQ(last_.then, outcome::wants_read);
    ERR_clear_error();
    EXPECT_NE(SSL_do_handshake(client_.ssl()), 1);
    EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
}

using any_channel = tls_channel_test;
INSTANTIATE_TEST_SUITE_P(versions, any_channel, testing::Values(0));

TEST_P(any_channel, refuses_older_versions)
{
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
        tls_peer old(false);
        old.only(version);
        SSL_CTX_set_cipher_list(old.context(), "ALL:@SECLEVEL=0");
        const auto channel = context_.open(old.far_socket());
        EXPECT_EQ(old.shake_hands(*channel), outcome::failed);
        EXPECT_THAT(channel->failure(), HasSubstr("unsupported protocol"));
    }
}

TEST_P(any_channel, refuses_ciphers_without_forward_secrecy)
{
    for (const auto* ciphers : {"AES128-SHA:AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA", "aNULL:eNULL"}) {
        tls_peer weak(false);
        weak.only(TLS1_2_VERSION);
        SSL_CTX_set_cipher_list(weak.context(), (std::string(ciphers) + ":@SECLEVEL=0").c_str());
        const auto channel = context_.open(weak.far_socket());
        EXPECT_EQ(weak.shake_hands(*channel), outcome::failed) << ciphers;
    }
}

TEST_P(any_channel, negotiates_http_1_1)
{
    const struct {
        std::string_view offered;
        outcome how;
    } rows[] = {
        {"", outcome::done},
        {"\x08http/1.1", outcome::done},
        {"\x02h2\x08http/1.1", outcome::done},
        {"\x02h2", outcome::failed},
        {"\x08http/1.0\x02h3", outcome::failed},
    };
    for (const auto& row : rows) {
        tls_peer client(false);
        if (!row.offered.empty())
            client.offer(row.offered);
        const auto channel = context_.open(client.far_socket());
        EXPECT_EQ(client.shake_hands(*channel), row.how) << row.offered;
        const unsigned char* chosen = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(client.ssl(), &chosen, &size);
        EXPECT_EQ(size, row.how == outcome::done && !row.offered.empty() ? 8U : 0U) << row.offered;
    }
}

TEST_P(any_channel, distinguishes_plain_http_from_broken_tls)
{
    for (const auto* text : {"GET / HTTP/1.1\r\n\r\n", "POST /x HTTP/1.1\r\n"}) {
        tls_peer plain(false);
        const auto channel = context_.open(plain.far_socket());
        plain.send_raw(text);
        EXPECT_EQ(channel->handshake(), outcome::failed);
        EXPECT_TRUE(channel->met_plain_http());
        std::array<char, 8> bytes{};
        EXPECT_LT(::recv(plain.socket(), bytes.data(), bytes.size(), 0), 0)
            << "a plain-text response can still be sent";
    }
    tls_peer noise(false);
    const auto channel = context_.open(noise.far_socket());
    noise.send_raw("SSH-2.0-OpenSSH_9.2\r\n");
    EXPECT_EQ(channel->handshake(), outcome::failed);
    EXPECT_FALSE(channel->met_plain_http());
    EXPECT_NE(channel->failure(), "");
}

TEST_P(any_channel, reports_a_handshake_that_ends_early)
{
    const auto channel = context_.open(client_.far_socket());
    EXPECT_EQ(channel->handshake(), outcome::wants_read);
    client_.close();
    channel->forget_drained();
    EXPECT_EQ(channel->handshake(), outcome::failed);
    EXPECT_EQ(channel->failure(), "the peer closed the connection");
    EXPECT_EQ(channel->send_close_notify(), outcome::done);
}

} // namespace
} // namespace scopegate::net
