// Verification of certificates and their names, and the allowed contents of certificate files.
#include "unit/net/tls_peer.hpp"

#include <gmock/gmock.h>

namespace scopegate::net {
namespace {

using test::certificate_authority;
using test::certificate_wish;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Returns a client's error about a server with this certificate for `name`, or an empty text if it trusts the
// server.
std::string verdict(const tls_files& ours, const certificate_authority& by, const certificate_wish& wish,
                    const std::string& name)
{
    tls_peer server(true);
    server.use(by.issue(wish));
    const tls_context client(ours.client(), name);
    const auto channel = client.open(server.far_socket());
    return server.shake_hands(*channel) == outcome::done ? "" : channel->failure();
}

TEST(tls_client, accepts_a_certificate_for_exactly_its_name)
{
    const tls_files ours;
    const struct {
        const char* alternative_name;
        const char* name;
        bool believed;
    } rows[] = {
        {"DNS:api.internal", "api.internal", true},
        {"DNS:API.Internal", "api.internal", true},
        {"DNS:api.internal", "API.INTERNAL", true},
        {"DNS:api.internal", "api.internal.", true}, // the final dot is for the resolver only
        {"DNS:other.internal,DNS:api.internal", "api.internal", true},
        {"DNS:api.internal", "other.internal", false},
        {"DNS:api.internal", "x.api.internal", false},
        {"DNS:internal", "api.internal", false},
        {"DNS:*.svc.internal", "api.svc.internal", true},
        {"DNS:*.svc.internal", "x.api.svc.internal", false},
        {"DNS:*.svc.internal", "svc.internal", false},
        {"DNS:a*.svc.internal", "api.svc.internal", false}, // RFC 9525 section 6.3: whole labels only
        {"DNS:*", "localhost", false},
        {"IP:127.0.0.1", "127.0.0.1", true},
        {"IP:127.0.0.1", "127.0.0.2", false},
        {"IP:::1", "::1", true},
        {"IP:::1", "::2", false},
        {"DNS:127.0.0.1", "127.0.0.1", false}, // an address is not a DNS name
        {"IP:127.0.0.1", "localhost", false},
        {"URI:https://api.internal/", "api.internal", false},
        {"email:api@api.internal", "api.internal", false},
    };
    for (const auto& row : rows) {
        const auto said = verdict(ours, ours.ca, {row.alternative_name}, row.name);
        EXPECT_EQ(said.empty(), row.believed) << row.name << " by " << row.alternative_name << ": " << said;
        if (!row.believed) {
            EXPECT_THAT(said, HasSubstr("mismatch"));
        }
    }
}

TEST(tls_client, does_not_use_the_subject_as_a_name)
{
    const tls_files ours;
    certificate_wish no_names;
    no_names.common_name = "api.internal";
    EXPECT_NE(verdict(ours, ours.ca, no_names, "api.internal"), "");
    no_names.common_name = "127.0.0.1";
    EXPECT_NE(verdict(ours, ours.ca, no_names, "127.0.0.1"), "");
}

TEST(tls_client, refuses_a_certificate_of_an_untrusted_authority)
{
    const tls_files ours;
    const certificate_authority stranger("ours"); // the name is the same, but the key differs
    EXPECT_NE(verdict(ours, stranger, {"DNS:localhost"}, "localhost"), "");
    certificate_wish expired{"DNS:localhost"};
    expired.valid_from = -7200;
    expired.valid_until = -3600;
    EXPECT_THAT(verdict(ours, ours.ca, expired, "localhost"), HasSubstr("expired"));
    certificate_wish early{"DNS:localhost"};
    early.valid_from = 3600;
    early.valid_until = 7200;
    EXPECT_THAT(verdict(ours, ours.ca, early, "localhost"), HasSubstr("not yet valid"));
    certificate_wish of_a_client{"DNS:localhost"};
    of_a_client.purposes = "clientAuth";
    EXPECT_THAT(verdict(ours, ours.ca, of_a_client, "localhost"), HasSubstr("purpose"));
    certificate_wish of_a_server{"DNS:localhost"};
    of_a_server.purposes = "serverAuth";
    EXPECT_EQ(verdict(ours, ours.ca, of_a_server, "localhost"), "");
}

TEST(tls_client, trusts_the_systems_authorities_by_default)
{
    const tls_files ours;
    tls_peer server(true);
    server.use(ours.ca.issue("DNS:localhost"));
    const tls_context client(tls_client_files{}, "localhost");
    const auto channel = client.open(server.far_socket());
    EXPECT_EQ(server.shake_hands(*channel), outcome::failed);
}

int choose_h2(SSL*, const unsigned char** out, unsigned char* size, const unsigned char*, unsigned, void*)
{
    static constexpr std::array<unsigned char, 2> h2{'h', '2'};
    *out = h2.data();
    *size = h2.size();
    return SSL_TLSEXT_ERR_OK;
}

TEST(tls_client, refuses_a_protocol_that_it_did_not_offer)
{
    const tls_files ours;
    tls_peer server(true);
    server.use(ours.ca.issue("DNS:localhost"));
    SSL_CTX_set_alpn_select_cb(server.context(), choose_h2, nullptr);
    const tls_context client(ours.client(), "localhost");
    const auto channel = client.open(server.far_socket());
    EXPECT_EQ(server.shake_hands(*channel), outcome::failed);
    EXPECT_EQ(channel->peek(), outcome::failed);
}

TEST(tls_client, sends_names_but_no_addresses_in_sni)
{
    const tls_files ours;
    for (const std::string name : {"api.internal", "127.0.0.1", "::1"}) {
        tls_peer server(true);
        server.use(ours.ca.issue("DNS:api.internal,IP:127.0.0.1,IP:::1"));
        const tls_context client(ours.client(), name);
        const auto channel = client.open(server.far_socket());
        ASSERT_EQ(server.shake_hands(*channel), outcome::done) << channel->failure();
        const char* const asked = SSL_get_servername(server.ssl(), TLSEXT_NAMETYPE_host_name);
        EXPECT_STREQ(asked, name == "api.internal" ? "api.internal" : nullptr);
    }
}

std::string refusal(const auto& make)
{
    try {
        make();
    } catch (const tls_error& e) {
        return e.what();
    }
    return "";
}

TEST(tls_context, requires_a_name_that_can_be_checked)
{
    const tls_files ours;
    for (const auto* name : {"", ".", ".internal"})
        EXPECT_THAT(refusal([&] { const tls_context made(ours.client(), name); }), HasSubstr("not a name"))
            << name;
}

TEST(tls_context, reports_what_is_wrong_with_a_file)
{
    const tls_files ours;
    const auto good = ours.server();
    const auto other = ours.ca.issue("DNS:localhost");
    const auto file = [&](const char* name, const std::string& text) {
        return ours.folder.write(name, text);
    };
    const auto serve = [&](const tls_server_files& files) {
        return refusal([&] { const tls_context made(files); });
    };
    EXPECT_EQ(serve(good), "");

    const auto foreign = serve({good.certificate, file("other.key", other.key), {}});
    EXPECT_THAT(foreign, HasSubstr("other.key\" is not the key of the certificate in"));
    EXPECT_THAT(serve({file("none.pem", ""), good.key, {}}),
                HasSubstr("none.pem\" contains no usable certificate"));
    EXPECT_THAT(serve({file("cut.pem", other.certificate.substr(0, 200)), good.key, {}}),
                HasSubstr("cut.pem"));
    EXPECT_THAT(serve({good.certificate, file("cut.key", other.key.substr(0, 60)), {}}),
                HasSubstr("cut.key"));
    EXPECT_THAT(serve({good.certificate, good.certificate, {}}), HasSubstr("no private key"));
    EXPECT_THAT(serve({good.certificate, good.key, file("no_ca.pem", "# nobody\n")}), HasSubstr("no_ca.pem"));
    EXPECT_THAT(serve({good.certificate, good.key, ours.folder.path("absent.pem")}), HasSubstr("absent.pem"));
    const auto client = refusal([&] {
        const tls_context made(tls_client_files{file("bad_ca.pem", "x"), {}, {}}, "localhost");
    });
    EXPECT_THAT(client, HasSubstr("bad_ca.pem\" contains no certificate of an authority"));
    for (const auto& said : {foreign, client})
        EXPECT_THAT(said, AllOf(Not(HasSubstr("BEGIN")), Not(HasSubstr("\n"))));
}

TEST(tls_context, refuses_an_encrypted_key_without_a_prompt)
{
    const tls_files ours;
    const auto good = ours.server();
    const std::string locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                               "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiE3rP4Ql0xPgICCAAw\n"
                               "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEAAAAAAAAAAAAAAAAAAAAAAEgZAA\n"
                               "-----END ENCRYPTED PRIVATE KEY-----\n";
    const auto said = refusal([&] {
        const tls_context made(
            tls_server_files{good.certificate, ours.folder.write("locked.key", locked), {}});
    });
    EXPECT_THAT(said, HasSubstr("without a passphrase"));
}

TEST(tls_context, warns_about_a_certificate_outside_its_validity)
{
    const tls_files ours;
    EXPECT_TRUE(tls_context(ours.server()).warnings().empty());
    certificate_wish expired{"DNS:localhost"};
    expired.valid_from = -7200;
    expired.valid_until = -3600;
    EXPECT_THAT(tls_context(ours.server(expired)).warnings(), testing::ElementsAre(HasSubstr("has expired")));
    certificate_wish early{"DNS:localhost"};
    early.valid_from = 3600;
    early.valid_until = 7200;
    EXPECT_THAT(tls_context(ours.server(early)).warnings(), testing::ElementsAre(HasSubstr("not valid yet")));
}

TEST(tls_context, requires_a_client_certificate_when_authorities_are_set)
{
    tls_files ours;
    auto files = ours.server();
    files.client_ca = ours.ca_file;
    const tls_context context(files);
    const certificate_authority stranger("ours");
    certificate_wish expired;
    expired.valid_from = -7200;
    expired.valid_until = -3600;
    certificate_wish of_a_server;
    of_a_server.purposes = "serverAuth";
    const struct {
        const char* what;
        test::tls_identity identity;
        bool taken;
    } rows[] = {
        {"one of theirs", ours.ca.issue(certificate_wish{}), true},
        {"none", {}, false},
        {"a stranger's", stranger.issue(certificate_wish{}), false},
        {"an expired one", ours.ca.issue(expired), false},
        {"one for servers only", ours.ca.issue(of_a_server), false},
    };
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
        for (const auto& row : rows) {
            tls_peer client(false);
            client.only(version);
            if (!row.identity.certificate.empty())
                client.use(row.identity);
            const auto channel = context.open(client.far_socket());
            EXPECT_EQ(client.shake_hands(*channel), row.taken ? outcome::done : outcome::failed)
                << row.what << ": " << channel->failure();
        }
}

} // namespace
} // namespace scopegate::net
