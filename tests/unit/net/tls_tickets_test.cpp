// Resumption of sessions: which tickets count, and what a resumed connection knows of its client.
#include "unit/net/tls_peer.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace scopegate::net {
namespace {

using shared_keys = std::shared_ptr<ticket_keys>;
using session_ptr = std::unique_ptr<SSL_SESSION, test::freeing<SSL_SESSION, SSL_SESSION_free>>;

// The outcome of one connection of a client.
struct connected {
    bool done = false;
    bool resumed = false;
    std::string client;  // the SHA-256 of its certificate, as the server knows it
    std::string failure; // the server's
    session_ptr session; // to resume it later; null without a ticket
};

connected connect(const tls_context& server, int version, SSL_SESSION* offered = nullptr,
                  const test::tls_identity& identity = {})
{
    tls_peer client(false);
    client.only(version);
    client.use(identity);
    if (offered != nullptr)
        SSL_set_session(client.ssl(), offered);
    const auto channel = server.open(client.far_socket());
    connected out;
    out.done = client.shake_hands(*channel) == outcome::done;
    client.receive(); // the tickets of TLS 1.3 come behind the handshake
    out.resumed = SSL_session_reused(client.ssl()) == 1;
    out.client = channel->peer_certificate();
    out.failure = channel->failure();
    session_ptr session(SSL_get1_session(client.ssl()));
    if (session && SSL_SESSION_has_ticket(session.get()) == 1)
        out.session = std::move(session);
    SSL_set_shutdown(client.ssl(),
                     SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); // or the session counts as broken
    return out;
}

tls_server_files with_tickets(tls_server_files files, shared_keys keys)
{
    files.tickets = std::move(keys);
    return files;
}

class tls_tickets : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(versions, tls_tickets, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& p) { return p.param == TLS1_2_VERSION ? "v1_2" : "v1_3"; });

TEST_P(tls_tickets, resume_a_session_again_and_again)
{
    const tls_files files;
    const tls_context server(with_tickets(files.server(), std::make_shared<ticket_keys>()));
    auto last = connect(server, GetParam());
    EXPECT_FALSE(last.resumed);
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(last.session) << i;
        last = connect(server, GetParam(), last.session.get());
        EXPECT_TRUE(last.done && last.resumed) << i;
    }
    EXPECT_EQ(last.client, "");
}

// Each ticket comes from a connection that was resumed with the one before. Without a common end, a stolen
// ticket could be renewed for ever.
TEST_P(tls_tickets, end_a_lifetime_after_the_first_handshake)
{
    const tls_files files;
    auto settings = with_tickets(files.server(), std::make_shared<ticket_keys>());
    settings.ticket_lifetime = std::chrono::seconds(2);
    const tls_context server(settings);
    auto last = connect(server, GetParam());
    const auto begin = std::chrono::steady_clock::now();
    int resumed = -1;
    do {
        ASSERT_TRUE(last.session);
        last = connect(server, GetParam(), last.session.get());
        EXPECT_TRUE(last.done);
        ++resumed;
    } while (last.resumed && std::chrono::steady_clock::now() < begin + std::chrono::seconds(10));
    EXPECT_FALSE(last.resumed);
    EXPECT_GE(resumed, 2);
    ASSERT_TRUE(last.session) << "the full handshake begins another chain";
    EXPECT_TRUE(connect(server, GetParam(), last.session.get()).resumed);
}

TEST_P(tls_tickets, are_given_only_if_the_file_asks)
{
    const tls_files files;
    const tls_context server(files.server());
    const auto first = connect(server, GetParam());
    EXPECT_TRUE(first.done);
    EXPECT_FALSE(first.session);
}

// Each row makes another server, to which the client of the first one goes with its ticket.
TEST_P(tls_tickets, count_where_keys_certificate_and_authorities_are_the_same)
{
    const tls_files files;
    const test::certificate_authority others("others");
    const auto base = files.server();
    const auto other_ca = files.folder.write("others.pem", others.pem());
    const auto identity = files.ca.issue("DNS:client");
    const auto renewed = files.ca.issue("DNS:localhost");
    const auto keys = std::make_shared<ticket_keys>();
    const auto mutual = [&](tls_server_files f, const std::string& ca) {
        f.client_ca = ca;
        return f;
    };
    const struct {
        const char* what;
        bool mutual;
        tls_server_files second;
        bool resumed;
    } rows[] = {
        {"the same files, loaded again", false, with_tickets(base, keys), true},
        {"other keys", false, with_tickets(base, std::make_shared<ticket_keys>()), false},
        {"no tickets", false, base, false},
        {"another certificate", false,
         with_tickets({files.folder.write("new.pem", renewed.certificate),
                       files.folder.write("new.key", renewed.key),
                       {}},
                      keys),
         false},
        {"a client needs a certificate now", false, with_tickets(mutual(base, files.ca_file), keys), false},
        {"the same files, with client_ca", true, with_tickets(mutual(base, files.ca_file), keys), true},
        {"no client needs a certificate now", true, with_tickets(base, keys), false},
        {"another client_ca", true, with_tickets(mutual(base, other_ca), keys), false},
    };
    for (const auto& row : rows) {
        const tls_context first(with_tickets(row.mutual ? mutual(base, files.ca_file) : base, keys));
        const auto before = connect(first, GetParam(), nullptr, identity);
        ASSERT_TRUE(before.session) << row.what;
        const tls_context second(row.second);
        EXPECT_EQ(connect(second, GetParam(), before.session.get(), identity).resumed, row.resumed)
            << row.what;
    }
}

TEST_P(tls_tickets, count_until_their_key_is_forgotten)
{
    const tls_files files;
    const auto keys = std::make_shared<ticket_keys>();
    const tls_context server(with_tickets(files.server(), keys));
    const auto old = connect(server, GetParam());
    keys->rotate();
    const auto later = connect(server, GetParam(), old.session.get());
    EXPECT_TRUE(later.resumed);
    ASSERT_TRUE(later.session);
    keys->rotate();
    EXPECT_FALSE(connect(server, GetParam(), old.session.get()).resumed);
    EXPECT_TRUE(connect(server, GetParam(), later.session.get()).resumed)
        << "it was renewed under the second key";
}

TEST_P(tls_tickets, keep_the_certificate_of_the_client)
{
    const tls_files files;
    auto settings = with_tickets(files.server(), std::make_shared<ticket_keys>());
    settings.client_ca = files.ca_file;
    const tls_context server(settings);
    const auto first = connect(server, GetParam(), nullptr, files.ca.issue("DNS:client"));
    ASSERT_TRUE(first.session);
    EXPECT_EQ(first.client.size(), 32U);
    const auto again = connect(server, GetParam(), first.session.get());
    EXPECT_TRUE(again.resumed);
    EXPECT_EQ(again.client, first.client);
}

// A ticket would otherwise let a client in for two hours after its certificate has expired.
TEST_P(tls_tickets, end_with_the_certificate_of_the_client)
{
    const tls_files files;
    auto settings = with_tickets(files.server(), std::make_shared<ticket_keys>());
    settings.client_ca = files.ca_file;
    const tls_context server(settings);
    test::certificate_wish brief{"DNS:client"};
    brief.valid_until = 2;
    const auto identity = files.ca.issue(brief);
    const auto first = connect(server, GetParam(), nullptr, identity);
    ASSERT_TRUE(first.session);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    auto last = connect(server, GetParam(), first.session.get(), identity);
    EXPECT_TRUE(last.resumed);
    while (last.resumed && std::chrono::steady_clock::now() < end) {
        std::this_thread::yield();
        last = connect(server, GetParam(), first.session.get(), identity);
    }
    EXPECT_FALSE(last.resumed);
    EXPECT_FALSE(last.done) << "the full handshake looks at the certificate";
    EXPECT_THAT(last.failure, testing::HasSubstr("expired"));
}

TEST_P(tls_tickets, are_ignored_if_they_were_changed)
{
    const tls_files files;
    const tls_context server(with_tickets(files.server(), std::make_shared<ticket_keys>()));
    std::size_t size = 0;
    {
        const auto first = connect(server, GetParam());
        const unsigned char* ticket = nullptr;
        SSL_SESSION_get0_ticket(first.session.get(), &ticket, &size);
    }
    ASSERT_GT(size, 64U);
    for (const std::size_t at : {std::size_t{0}, std::size_t{16}, size / 2, size - 1}) {
        const auto first = connect(server, GetParam());
        const unsigned char* ticket = nullptr;
        SSL_SESSION_get0_ticket(first.session.get(), &ticket, &size);
        const_cast<unsigned char*>(ticket)[std::min(at, size - 1)] ^= 1U;
        const auto again = connect(server, GetParam(), first.session.get());
        EXPECT_TRUE(again.done) << at;
        EXPECT_FALSE(again.resumed) << at;
    }
}

// Early data can be replayed, and a handshake is not proven fresh before it.
TEST(tls_early_data, is_neither_offered_nor_accepted)
{
    const tls_files files;
    const tls_context server(with_tickets(files.server(), std::make_shared<ticket_keys>()));
    const auto first = connect(server, TLS1_3_VERSION);
    ASSERT_TRUE(first.session);
    EXPECT_EQ(SSL_SESSION_get_max_early_data(first.session.get()), 0U);

    SSL_SESSION_set_max_early_data(first.session.get(), 1000);
    tls_peer client(false);
    client.only(TLS1_3_VERSION);
    SSL_set_session(client.ssl(), first.session.get());
    const auto channel = server.open(client.far_socket());
    std::size_t sent = 0;
    EXPECT_EQ(SSL_write_early_data(client.ssl(), "GET /", 5, &sent), 1);
    EXPECT_EQ(client.shake_hands(*channel), outcome::done);
    EXPECT_EQ(SSL_get_early_data_status(client.ssl()), SSL_EARLY_DATA_REJECTED);
    std::array<char, 100> content{};
    EXPECT_EQ(channel->read(content).bytes, 0U);
    client.send("after");
    channel->forget_drained();
    EXPECT_EQ(channel->read(content).bytes, 5U);
}

} // namespace
} // namespace scopegate::net
