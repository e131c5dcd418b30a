// Clients resume their TLS sessions: with any worker, after a reload, and with another gate that has the same
// keys.
#include "support/pem.hpp"
#include "wire/tls_calendar.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace scopegate::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using session = std::shared_ptr<ssl_session_st>;

constexpr std::array versions{TLS1_2_VERSION, TLS1_3_VERSION};

struct visit {
    bool resumed = false;
    std::string answer;
    session ticket; // null: none came
};

// Connects, sends a request, and leaves with the session.
visit call(const gate_process& gate, int version, session offered = {}, const tls_identity& identity = {},
           const std::string& request = get("/public"))
{
    tls_client_settings settings;
    settings.version = version;
    settings.identity = identity;
    settings.session = std::move(offered);
    tls_client client(gate.address(), settings);
    visit out;
    out.answer = client.exchange(request);
    out.resumed = client.is_resumed();
    out.ticket = client.leave();
    return out;
}

// A key of 80 bytes, whose name is 16 times this character.
std::string key_of(char name)
{
    std::string key(80, '\0');
    for (std::size_t i = 0; i < key.size(); ++i)
        key[i] = i < 16 ? name : static_cast<char>('A' + (i + static_cast<std::size_t>(name)) % 57);
    return key;
}

std::string with(std::string yaml, const std::string& more)
{
    yaml.insert(yaml.rfind('}'), ", " + more);
    return yaml;
}

TEST(tls_tickets, resume_a_session_with_any_worker)
{
    tls_files files;
    const calendar c({.server = "workers: 3, " + files.server_yaml()});
    for (const int version : versions) {
        auto last = call(c.gate, version);
        EXPECT_FALSE(last.resumed);
        for (int i = 0; i < 12; ++i) {
            ASSERT_TRUE(last.ticket) << i;
            last = call(c.gate, version, last.ticket);
            EXPECT_TRUE(last.resumed) << i;
            EXPECT_THAT(last.answer, StartsWith("HTTP/1.1 200"));
        }
    }
}

TEST(tls_tickets, can_be_turned_off)
{
    tls_files files;
    const calendar c({.server = with(files.server_yaml(), "tickets: off")});
    for (const int version : versions)
        EXPECT_FALSE(call(c.gate, version).ticket);
}

TEST(tls_tickets, are_off_where_clients_need_a_certificate)
{
    tls_files files;
    const calendar c({.server = files.server_yaml(true)});
    for (const int version : versions) {
        const auto first = call(c.gate, version, {}, files.identity());
        EXPECT_THAT(first.answer, StartsWith("HTTP/1.1 200"));
        EXPECT_FALSE(first.ticket);
    }
}

TEST(tls_tickets, outlive_a_reload_but_not_their_certificate)
{
    tls_files files;
    const gate_settings settings{.server = files.server_yaml()};
    const calendar c(settings);
    for (const int version : versions) {
        const auto first = call(c.gate, version);
        const auto reloads = [&] {
            const auto lines = c.gate.log();
            return std::count_if(lines.begin(), lines.end(),
                                 [](const auto& line) { return line["event"] == "reloaded"; });
        };
        const auto before = reloads();
        c.gate.send_signal(SIGHUP);
        const auto end = std::chrono::steady_clock::now() + test_timeout;
        while (reloads() == before && std::chrono::steady_clock::now() < end) {
        }
        const auto second = call(c.gate, version, first.ticket);
        EXPECT_TRUE(second.resumed);

        const auto serial = files.write_server_certificate();
        bool replaced = false;
        while (!replaced && std::chrono::steady_clock::now() < end) {
            tls_client client(c.gate.address());
            replaced = client.peer_serial() == serial;
        }
        ASSERT_TRUE(replaced);
        for (const auto& old : {first.ticket, second.ticket}) {
            const auto third = call(c.gate, version, old);
            EXPECT_FALSE(third.resumed);
            EXPECT_THAT(third.answer, StartsWith("HTTP/1.1 200"));
        }
    }
}

// Two gates share a file of keys, whose content is replaced in the way that a rotation needs.
TEST(tls_tickets, are_shared_by_a_file_of_keys)
{
    tls_files files;
    const auto a = key_of('a'), b = key_of('b'), c = key_of('c');
    const auto path = files.folder.write("tickets.key", a);
    const auto yaml = with(files.server_yaml(), "ticket_keys: " + path);
    for (const int version : versions) {
        files.folder.write("tickets.key", a);
        const calendar one({.server = yaml}), two({.server = yaml});
        const auto first = call(one.gate, version);
        EXPECT_TRUE(call(two.gate, version, first.ticket).resumed);

        // The old key continues to decrypt.
        files.folder.write("tickets.key", b + a);
        static_cast<void>(two.gate.wait_for_event("reloaded"));
        const auto renewed = call(two.gate, version, first.ticket);
        EXPECT_TRUE(renewed.resumed);
        files.folder.write("tickets.key", c + b);
        const auto end = std::chrono::steady_clock::now() + test_timeout;
        while (call(two.gate, version, first.ticket).resumed && std::chrono::steady_clock::now() < end) {
        }
        EXPECT_FALSE(call(two.gate, version, first.ticket).resumed) << "its key is no longer in the file";
        EXPECT_TRUE(call(two.gate, version, renewed.ticket).resumed) << "it was renewed under the second key";
    }
}

TEST(tls_tickets, need_a_whole_file_of_keys)
{
    tls_files files;
    const auto path = files.folder.write("tickets.key", key_of('a'));
    const calendar c({.server = with(files.server_yaml(), "ticket_keys: [" + path + "]")});
    const auto first = call(c.gate, TLS1_3_VERSION);
    files.folder.write("tickets.key", key_of('a').substr(1));
    EXPECT_THAT(c.gate.wait_for_event("config_error")["message"],
                testing::AllOf(HasSubstr("tickets.key\" has 79 bytes"), HasSubstr("routes.yaml:")));
    EXPECT_TRUE(call(c.gate, TLS1_3_VERSION, first.ticket).resumed) << "the old keys stay";
    EXPECT_THROW(
        gate_process({.upstream = c.api.url(), .server = with(files.server_yaml(), "ticket_keys: " + path)}),
        std::runtime_error);
}

// RFC 8705: the token's certificate is that of the session, however the connection began.
TEST(tls_tickets, keep_the_certificate_that_a_token_is_bound_to)
{
    tls_files files;
    const calendar c({.server = with(files.server_yaml(true), "tickets: on")});
    const auto ann = files.identity(), bob = files.identity();
    const auto bound = [](const tls_identity& owner) {
        unsigned char digest[32];
        X509_digest(certificate_of(owner.certificate).get(), EVP_sha256(), digest, nullptr);
        std::string text(48, '\0');
        text.resize(static_cast<std::size_t>(
            EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), digest, sizeof digest)));
        for (auto& x : text)
            x = x == '+' ? '-' : x == '/' ? '_' : x;
        text.erase(text.find('='));
        return get("/appointments",
                   calendar_token("read:appointments", R"(,"cnf":{"x5t#S256":")" + text + "\"}"));
    };
    for (const int version : versions) {
        const auto first = call(c.gate, version, {}, ann, bound(ann));
        EXPECT_THAT(first.answer, StartsWith("HTTP/1.1 200"));
        ASSERT_TRUE(first.ticket);
        const auto again = call(c.gate, version, first.ticket, {}, bound(ann));
        EXPECT_TRUE(again.resumed);
        EXPECT_THAT(again.answer, StartsWith("HTTP/1.1 200"));
        const auto other = call(c.gate, version, first.ticket, bob, bound(bob));
        EXPECT_TRUE(other.resumed);
        EXPECT_THAT(other.answer, StartsWith("HTTP/1.1 401")) << "the session is ann's";
    }
}

TEST(tls_tickets, end_with_the_authorities_of_clients)
{
    tls_files files;
    const certificate_authority successor("theirs");
    const calendar c({.server = with(files.server_yaml(true), "tickets: on")});
    const auto identity = files.identity();
    std::array<session, versions.size()> tickets;
    for (std::size_t i = 0; i < versions.size(); ++i)
        tickets[i] = call(c.gate, versions[i], {}, identity).ticket;
    files.folder.write("clients.pem", successor.pem());
    static_cast<void>(c.gate.wait_for_event("reloaded"));
    for (std::size_t i = 0; i < versions.size(); ++i) {
        ASSERT_TRUE(tickets[i]);
        const auto later = call(c.gate, versions[i], tickets[i], identity);
        EXPECT_FALSE(later.resumed);
        EXPECT_EQ(later.answer, "");
    }
}

} // namespace
} // namespace scopegate::test
