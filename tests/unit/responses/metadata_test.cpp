#include "responses/metadata.hpp"

#include "unit/responses/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::responses {
namespace {

using ::testing::ElementsAre;

TEST(metadata, names_scopes_issuers_and_descriptions)
{
    calendar file;
    file.p.tokens.dpop.how = policy::dpop_settings::mode::off;
    file.p.metadata.name = "Calendar";
    EXPECT_EQ(
        metadata_document(file.p),
        R"({"resource":"https://calendar.example.com","authorization_servers":["https://id.example.com/"],)"
        R"("scopes_supported":["read:appointments","write:appointments","admin","export"],)"
        R"("bearer_methods_supported":["header"],"resource_name":"Calendar","scope_descriptions":{)"
        R"("read:appointments":"May read:appointments","write:appointments":"May write:appointments",)"
        R"("admin":"May admin","export":"May export"}})");
}

// RFC 9728 section 3.2: a member with zero elements must be left out.
TEST(metadata, leaves_out_what_is_empty)
{
    policy::policy p;
    p.metadata.resource = "https://a.example";
    p.tokens.dpop.how = policy::dpop_settings::mode::off;
    EXPECT_EQ(metadata_document(p),
              R"({"resource":"https://a.example","bearer_methods_supported":["header"]})");
}

TEST(metadata, states_which_bindings_tokens_may_or_must_have)
{
    policy::policy p;
    p.metadata.resource = "https://a.example";
    const std::string begin = R"({"resource":"https://a.example","bearer_methods_supported":["header"])";
    const std::string algorithms = R"(,"dpop_signing_alg_values_supported":["RS256","RS384","RS512","PS256",)"
                                   R"("PS384","PS512","ES256","ES384","ES512","EdDSA","Ed25519"])";
    EXPECT_EQ(metadata_document(p), begin + algorithms + "}");
    p.tokens.dpop.how = policy::dpop_settings::mode::require;
    EXPECT_EQ(metadata_document(p), begin + algorithms + R"(,"dpop_bound_access_tokens_required":true})");
    p.tokens.dpop.how = policy::dpop_settings::mode::off;
    p.server.tls.emplace();
    EXPECT_EQ(metadata_document(p), begin + "}") << "clients are not asked for certificates";
    p.server.tls->client_ca = "/clients.pem";
    EXPECT_EQ(metadata_document(p), begin + R"(,"tls_client_certificate_bound_access_tokens":true})");
}

TEST(metadata, names_no_trust_domain_as_an_authorization_server)
{
    calendar file;
    file.p.issuers.push_back(file.p.issuers.front());
    file.p.issuers.back().issuer = "spiffe://td.test";
    EXPECT_NE(metadata_document(file.p).find(R"("authorization_servers":["https://id.example.com/"])"),
              std::string::npos);
    file.p.issuers.erase(file.p.issuers.begin());
    EXPECT_EQ(metadata_document(file.p).find("authorization_servers"), std::string::npos);
}

TEST(metadata, names_an_issuer_once)
{
    calendar file;
    file.p.issuers.push_back(file.p.issuers.front());
    EXPECT_NE(metadata_document(file.p).find(R"("authorization_servers":["https://id.example.com/"])"),
              std::string::npos);
}

TEST(metadata, is_empty_without_a_resource)
{
    EXPECT_EQ(metadata_document(policy::policy{}), "");
}

struct url_row {
    const char* sentence;
    const char* resource;
    const char* url;
};

TEST(metadata, is_found_by_path_insertion)
{
    const url_row rows[] = {
        {"a host alone", "https://a.example", "https://a.example/.well-known/oauth-protected-resource"},
        {"the slash behind the host goes", "https://a.example/",
         "https://a.example/.well-known/oauth-protected-resource"},
        {"a port stays", "https://a.example:8443/",
         "https://a.example:8443/.well-known/oauth-protected-resource"},
        {"a path is put behind", "https://a.example/cal/v1",
         "https://a.example/.well-known/oauth-protected-resource/cal/v1"},
        {"a path's own last slash stays", "https://a.example/cal/",
         "https://a.example/.well-known/oauth-protected-resource/cal/"},
        {"a query is put behind", "https://a.example?tenant=1",
         "https://a.example/.well-known/oauth-protected-resource?tenant=1"},
        {"path and query", "https://a.example/cal?tenant=1",
         "https://a.example/.well-known/oauth-protected-resource/cal?tenant=1"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(metadata_url(row.resource), row.url) << row.sentence;
}

TEST(metadata, is_served_at_both_forms)
{
    EXPECT_THAT(metadata_paths("https://a.example/", {}),
                ElementsAre("/.well-known/oauth-protected-resource"));
    EXPECT_THAT(metadata_paths("https://a.example/cal/%7eann", {}),
                ElementsAre("/.well-known/oauth-protected-resource",
                            "/.well-known/oauth-protected-resource/cal/~ann"));
    EXPECT_THAT(metadata_paths("https://a.example/../x", {}),
                ElementsAre("/.well-known/oauth-protected-resource"))
        << "a path that no request can have is not served in another form";
}

} // namespace
} // namespace scopegate::responses
