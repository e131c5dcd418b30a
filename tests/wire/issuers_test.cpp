// Several issuers in one file, each with rules of its own: every kind of token against every issuer. A token
// that meets one issuer's rules never passes at another.
#include "support/calendar.hpp"
#include "support/introspection_endpoint.hpp"
#include "support/temporary_folder.hpp"
#include "support/token_maker.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <memory>

namespace scopegate::test {
namespace {

using jose::algorithm;

const std::string hmac_secret = "0123456789abcdef0123456789abcdef";

// Returns a JSON object with members added or replaced; a null removes a member.
std::string with(const std::string& object, std::string_view changes)
{
    auto members = *json::parse(object).value().if_object();
    const auto changed = json::parse(changes);
    for (const auto& [name, value] : *changed.value().if_object()) {
        std::erase_if(members, [&name = name](const json::member& m) { return m.first == name; });
        if (!value.is_null())
            members.emplace_back(name, value);
    }
    return json::serialize(json::value(std::move(members)));
}

std::string claims_of(const std::string& issuer, const std::string& audience, std::string_view changes = "{}")
{
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    const auto text = R"({"iss":"https://)" + issuer + R"(.example","aud":")" + audience +
                      R"(","sub":"ada","scope":"read:appointments","iat":)" + std::to_string(now - 10) +
                      R"(,"exp":)" + std::to_string(now + 600) + "}";
    return with(text, changes);
}

// rs: only RS256, audience rs-api. es: only ES256 and ES384, audience es-api; `require`, `scope_claims`. at:
// RFC 9068 access tokens only. cognito: audience_claim. hs: a secret. legacy: opaque tokens.
struct issuers : ::testing::Test {
    introspection_endpoint endpoint;
    temporary_folder folder;
    std::unique_ptr<calendar> gate;

    void SetUp() override
    {
        folder.write("rs.json", jwk_set_text({algorithm::rs256, algorithm::es256}));
        folder.write("es.json", jwk_set_text({algorithm::es256, algorithm::es384}));
        folder.write("at.json", jwk_set_text({algorithm::eddsa, algorithm::rs256}));
        folder.write("cognito.json", jwk_set_text({algorithm::rs256}));
        const auto file = [&](const char* name) { return "\"file:" + folder.path(name) + "\""; };
        gate_settings s;
        s.issuer =
            "clock_skew: 30s\n  - {issuer: \"https://rs.example\", audience: rs-api, algorithms: [RS256], "
            "keys: " +
            file("rs.json") +
            "}\n"
            "  - {issuer: \"https://es.example\", audience: [es-api, es-api-2], algorithms: [ES256, ES384],"
            " require: {token_use: access, /ext/level: 2}, scope_claims: [permissions], clock_skew: 0s,"
            " keys: " +
            file("es.json") +
            "}\n"
            "  - {issuer: \"https://at.example\", audience: at-api, token_type: at+jwt, keys: " +
            file("at.json") +
            "}\n"
            "  - {issuer: \"https://cognito.example\", audience: app-7, audience_claim: client_id,"
            " require: {token_use: access}, keys: " +
            file("cognito.json") +
            "}\n"
            "  - {issuer: \"https://hs.example\", audience: hs-api, algorithms: [HS256], secret: " +
            hmac_secret +
            "}\n"
            "  - {issuer: \"https://legacy.example\", audience: legacy-api, introspection: {url: \"" +
            endpoint.url() + "\", client_id: gate, client_secret: s}}\n";
        gate = std::make_unique<calendar>(s);
    }

    // Returns 200, or the problem's last word.
    [[nodiscard]] std::string outcome(const std::string& token) const
    {
        const auto answer = gate->exchange(get("/appointments", token));
        const auto type = json_member(answer.body, "type");
        constexpr std::string_view prefix = "urn:scopegate:problem:";
        return type.starts_with(prefix) ? type.substr(prefix.size()) : std::to_string(answer.status);
    }
};

json::object header(std::string_view members)
{
    return *json::parse(members).value().if_object();
}

struct token_row {
    std::string sentence, token, outcome;
};

constexpr std::string_view es_claims = R"({"token_use":"access","ext":{"level":2},"scope":null,)"
                                       R"("permissions":["read:appointments"]})";
constexpr std::string_view at_claims = R"({"client_id":"agenda","jti":"1"})";
constexpr std::string_view cognito_claims = R"({"aud":null,"client_id":"app-7","token_use":"access"})";

TEST_F(issuers, each_accept_their_own_tokens)
{
    const auto at = header(R"({"typ":"at+jwt"})");
    endpoint.knows("opaque", R"({"active":true,"aud":"legacy-api","scope":"read:appointments"})");
    const token_row rows[] = {
        {"rs", make_token(claims_of("rs", "rs-api"), algorithm::rs256), "200"},
        {"es", make_token(claims_of("es", "es-api", es_claims), algorithm::es256), "200"},
        {"es, its other algorithm", make_token(claims_of("es", "es-api", es_claims), algorithm::es384),
         "200"},
        {"es, its other audience", make_token(claims_of("es", "es-api-2", es_claims), algorithm::es256),
         "200"},
        {"at", make_token(claims_of("at", "at-api", at_claims), algorithm::eddsa, at), "200"},
        {"at, the long form",
         make_token(claims_of("at", "at-api", at_claims), algorithm::rs256,
                    header(R"({"typ":"application/AT+JWT"})")),
         "200"},
        {"cognito, which sends no aud",
         make_token(claims_of("cognito", "", cognito_claims), algorithm::rs256), "200"},
        {"hs",
         make_token(claims_of("hs", "hs-api"),
                    jose::signing_key::from_secret(secret(hmac_secret), algorithm::hs256)),
         "200"},
        {"opaque", "opaque", "200"},
        {"the calendar's own", calendar_token("read:appointments"), "200"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(outcome(row.token), row.outcome) << row.sentence;
}

TEST_F(issuers, are_named_in_the_forwarded_fields)
{
    endpoint.knows("opaque", R"({"active":true,"aud":"legacy-api","scope":"read:appointments"})");
    const std::pair<std::string, std::string> rows[] = {
        {make_token(claims_of("rs", "rs-api"), algorithm::rs256), "https://rs.example"},
        {make_token(claims_of("es", "es-api", es_claims), algorithm::es256), "https://es.example"},
        {"opaque", "https://legacy.example"},
        {calendar_token("read:appointments"), "https://issuer.example.com/"},
    };
    for (const auto& [token, issuer] : rows) {
        const auto seen =
            gate->forwarded(get("/appointments", token, "X-Auth-Issuer: https://evil.example\r\n"));
        EXPECT_EQ(seen.value("X-Auth-Issuer"), issuer) << seen;
    }
    EXPECT_FALSE(
        gate->forwarded(get("/public", {}, "x_auth_issuer: https://evil.example\r\n")).has("X_Auth_Issuer"));
}

// Rows of one issuer that are good at another, or would be with its neighbor's rules.
TEST_F(issuers, never_accept_a_token_that_only_another_issuer_would)
{
    const auto at = header(R"({"typ":"at+jwt"})");
    const auto hs_key = jose::signing_key::from_secret(secret(hmac_secret), algorithm::hs256);
    const std::string names[] = {"rs", "es", "at", "cognito", "hs", "legacy"};
    for (const auto& name : names)
        for (const auto& other : names) {
            if (name == other)
                continue;
            // All claims that any of them requires, but with another issuer's audience.
            const auto claims =
                with(claims_of(name, other + "-api", es_claims),
                     R"({"client_id":")" + other + R"(","jti":"1","scope":"read:appointments"})");
            for (const auto a : {algorithm::rs256, algorithm::es256, algorithm::es384, algorithm::eddsa})
                EXPECT_NE(outcome(make_token(claims, a, at)), "200")
                    << name << " for " << other << " by " << jose::name(a);
            EXPECT_NE(outcome(make_token(claims, hs_key, at)), "200") << name << " for " << other;
        }
    // Its endpoint is asked about the tokens that carry its name, since it has no keys: five times five.
    EXPECT_EQ(endpoint.calls(), 25U) << "another issuer's JWT was sent to the endpoint";
}

TEST_F(issuers, state_the_reason_of_a_denial)
{
    const auto at = header(R"({"typ":"at+jwt"})");
    const auto good_es = claims_of("es", "es-api", es_claims);
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    endpoint.knows("other-audience", R"({"active":true,"aud":"rs-api"})");
    endpoint.knows("other-issuer", R"({"active":true,"aud":"legacy-api","iss":"https://rs.example"})");
    // HMAC with a public key as its secret: the oldest attack on JWTs.
    const auto public_key = json::serialize(key_for(algorithm::rs256).public_jwk());
    const auto confused = jose::signing_key::from_secret(secret(public_key), algorithm::hs256);
    const token_row rows[] = {
        {"an algorithm of its key set that the file does not name",
         make_token(claims_of("rs", "rs-api"), algorithm::es256), "unsupported-algorithm"},
        {"its own audience at its neighbor", make_token(claims_of("rs", "es-api"), algorithm::rs256),
         "wrong-audience"},
        {"a neighbor's key", make_token(claims_of("rs", "rs-api"), other_key_for(algorithm::rs256)),
         "unknown-key"},
        {"HMAC with a public key",
         make_token(claims_of("rs", "rs-api"), confused.with_kid(key_for(algorithm::rs256).kid())),
         "unsupported-algorithm"},
        {"HMAC with the neighbor's secret",
         make_token(claims_of("rs", "rs-api"),
                    jose::signing_key::from_secret(secret(hmac_secret), algorithm::hs256)),
         "unsupported-algorithm"},
        {"an asymmetric key where there is a secret", make_token(claims_of("hs", "hs-api"), algorithm::rs256),
         "unsupported-algorithm"},
        {"a longer hash than the file names",
         make_token(claims_of("hs", "hs-api"),
                    jose::signing_key::from_secret(secret(hmac_secret + hmac_secret), algorithm::hs512)),
         "unsupported-algorithm"},
        {"without token_use", make_token(with(good_es, R"({"token_use":null})"), algorithm::es256),
         "missing-claim"},
        {"an ID token by token_use", make_token(with(good_es, R"({"token_use":"id"})"), algorithm::es256),
         "wrong-claim"},
        {"a number as text", make_token(with(good_es, R"({"ext":{"level":"2"}})"), algorithm::es256),
         "wrong-claim"},
        {"scopes in a claim that is not this issuer's",
         make_token(with(good_es, R"({"permissions":null,"scope":"read:appointments"})"), algorithm::es256),
         "insufficient-scope"},
        {"no skew", make_token(with(good_es, R"({"exp":)" + std::to_string(now - 1) + "}"), algorithm::es256),
         "token-expired"},
        {"within the other's skew",
         make_token(with(claims_of("rs", "rs-api"), R"({"exp":)" + std::to_string(now - 1) + "}"),
                    algorithm::rs256),
         "200"},
        {"an ID token where only access tokens will do",
         make_token(claims_of("at", "at-api", at_claims), algorithm::eddsa), "wrong-token-type"},
        {"typ absent where only access tokens will do",
         make_token(claims_of("at", "at-api", at_claims), algorithm::eddsa, header(R"({"typ":null})")),
         "wrong-token-type"},
        {"an access token without jti",
         make_token(claims_of("at", "at-api", R"({"client_id":"agenda"})"), algorithm::eddsa, at),
         "missing-claim"},
        {"an access token without client_id",
         make_token(claims_of("at", "at-api", R"({"jti":"1"})"), algorithm::eddsa, at), "missing-claim"},
        {"another application's client_id",
         make_token(claims_of("cognito", "", with(std::string(cognito_claims), R"({"client_id":"app-8"})")),
                    algorithm::rs256),
         "wrong-audience"},
        {"aud in place of client_id",
         make_token(claims_of("cognito", "app-7", R"({"token_use":"access"})"), algorithm::rs256),
         "missing-claim"},
        {"a JWT of the issuer that only introspects",
         make_token(claims_of("legacy", "legacy-api"), algorithm::rs256), "token-inactive"},
        {"opaque, for another audience", "other-audience", "wrong-audience"},
        {"opaque, of another issuer", "other-issuer", "unknown-issuer"},
        {"opaque, unknown", "unknown", "token-inactive"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(outcome(row.token), row.outcome) << row.sentence;
}

} // namespace
} // namespace scopegate::test
