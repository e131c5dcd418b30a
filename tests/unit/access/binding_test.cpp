// Tokens that are bound to a key or a certificate, through a whole evaluation: what they need, and that it is
// asked for on every request.
#include "access/evaluation.hpp"

#include "jose/base64url.hpp"
#include "jose/sha256.hpp"
#include "support/fields.hpp"
#include "support/proof_maker.hpp"
#include "support/token_maker.hpp"
#include "tokens/key_store.hpp"
#include "unit/access/evaluate.hpp"
#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <vector>

namespace scopegate::access {
namespace {

using mode = policy::dpop_settings::mode;
using scopegate::test::json_string;
using scopegate::test::proof_parts;

constexpr wall_time noon{std::chrono::seconds(1'800'000'000)};
const std::string secret_text = "0123456789abcdef0123456789abcdef";
const std::string certificate = "these octets stand for a certificate";
// The certificate's SHA-256 as TLS reports it and as a token contains it.
const std::string certificate_thumbprint = jose::sha256_base64url(certificate);
const std::string certificate_digest = *jose::base64url_decode(certificate_thumbprint);

using field_texts = std::vector<std::pair<std::string, std::string>>;

// The texts must outlive the fields.
http::field_list fields_from(const field_texts& texts)
{
    http::field_list fields;
    for (const auto& [name, value] : texts)
        fields.push_back(scopegate::test::field_of(name, value));
    return fields;
}

// The test itself says what the issuer answers.
class unasked_issuer final : public tokens::introspector {
public:
    void ask(std::string_view, std::function<void(tokens::introspection_ptr)>,
             const tokens::client_network&) override
    {
    }
    bool discard(std::string_view, const tokens::introspection_ptr&) override { return false; }
    void stop() override {}
};

// One route, GET and POST /a, of which a token needs nothing but to be valid.
class desk {
public:
    desk()
    {
        file_.route("/a", {{"GET", "authenticated"}, {"POST", "authenticated"}});
        file_.route("/open", {{"GET", "public"}});
        auto recent = policy::test::needs(file_.get().scopes, "authenticated");
        recent.conditions.emplace_back(policy::max_age_condition{std::chrono::minutes(5)});
        file_.route("/recent", policy::test::builder::methods{{"GET", std::move(recent)}});
        file_.issuer_with_secret(secret_text, "api");
        proxy.text = "10.0.0.1";
        proxy.is_ip = true;
        proxy.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 1};
        renew_validator();
    }

    void renew_validator()
    {
        const std::shared_ptr<const policy::policy> shared(std::shared_ptr<void>(), &p());
        validator_ = std::make_unique<tokens::validator>(shared, tokens::key_store::offline(shared), 1 << 20,
                                                         std::make_shared<unasked_issuer>());
    }
    [[nodiscard]] policy::policy& p() { return file_.get(); }
    void trust_proxy() { p().server.trusted_proxies.push_back({proxy.address, 128}); }

    [[nodiscard]] token_authority authority(bool slot_free)
    {
        return {validator_.get(), {}, has_memory ? &memory : nullptr, slot_free};
    }
    test::evaluated ask(const field_texts& texts, std::string_view method = "GET",
                        std::string_view target = "/a")
    {
        fields_ = fields_from(texts);
        const question request{method, target, host, &fields_, false, caller};
        const tokens::validator::awaited came(true, answer);
        return test::evaluate(p(), request, authority(true), now, scratch_, nullptr, &came);
    }
    // Asks at noon, and goes on when the verification slot that it needs is free.
    reason why_after(std::chrono::seconds wait, const field_texts& texts, std::string_view target)
    {
        fields_ = fields_from(texts);
        const responses::response_book book(p());
        evaluation machine(p(), book, scratch_);
        auto result = machine.start({"GET", target, host, &fields_, false, caller}, authority(false), noon);
        EXPECT_TRUE(std::holds_alternative<need>(result));
        result = machine.resume(false, noon + wait);
        return test::evaluated{std::move(result), {}}.why();
    }
    reason why(const field_texts& texts, std::string_view method = "GET", std::string_view target = "/a")
    {
        const auto v = ask(texts, method, target);
        EXPECT_EQ(v.found.token != nullptr, v.why() == reason::allowed) << "only a proven token is one";
        return v.why();
    }

    std::string host = "api.example.com";
    client_connection caller{nullptr, true, {}};
    net::peer proxy;
    wall_time now = noon;
    bool has_memory = true;
    tokens::proof_memory memory{};
    tokens::introspection_ptr answer; // the issuer's result, if it was asked

private:
    policy::test::builder file_;
    std::unique_ptr<tokens::validator> validator_;
    http::field_list fields_;
    access_scratch scratch_;
};

std::string token_with(const std::string& more)
{
    const auto key = jose::signing_key::from_secret(secret(secret_text), jose::algorithm::hs256);
    return scopegate::test::make_token(R"({"iss":"https://id.example.com/","aud":"api","exp":1800003600)" +
                                           (more.empty() ? "" : "," + more) + "}",
                                       key);
}

const scopegate::test::proof_maker& owner()
{
    static const scopegate::test::proof_maker made(scopegate::test::key_for(jose::algorithm::es256));
    return made;
}

const std::string& key_bound()
{
    static const auto text = token_with(owner().confirmation());
    return text;
}

proof_parts right(const std::string& token = key_bound())
{
    proof_parts parts;
    parts.htu = json_string("https://api.example.com/a");
    parts.iat = "1800000000";
    parts.token = token;
    return parts;
}

field_texts under_dpop(const std::string& token, const std::string& proof)
{
    return {{"Authorization", "DPoP " + token}, {"DPoP", proof}};
}

field_texts as_bearer(const std::string& token)
{
    return {{"Authorization", "Bearer " + token}};
}

TEST(binding, accepts_a_token_with_each_proof_once)
{
    desk api;
    const auto first = owner().proof(right());
    EXPECT_EQ(name(api.why(under_dpop(key_bound(), first))), name(reason::allowed));
    EXPECT_EQ(name(api.why(under_dpop(key_bound(), first))), name(reason::invalid_proof));
    EXPECT_EQ(name(api.why(under_dpop(key_bound(), owner().proof(right())))), name(reason::allowed));
    auto posting = right();
    posting.htm = json_string("POST");
    EXPECT_EQ(name(api.why(under_dpop(key_bound(), owner().proof(posting)), "POST")), name(reason::allowed));
    EXPECT_EQ(api.memory.used.size(), 3U);
}

// The token is in the cache from the first line on. The gate must check its binding nevertheless.
TEST(binding, is_checked_for_a_cached_token_too)
{
    desk api;
    ASSERT_EQ(api.why(under_dpop(key_bound(), owner().proof(right()))), reason::allowed);
    EXPECT_EQ(name(api.why(as_bearer(key_bound()))), name(reason::unbound_token));
    EXPECT_EQ(name(api.why({{"Authorization", "DPoP " + key_bound()}})), name(reason::invalid_proof));
    const auto stranger =
        scopegate::test::proof_maker(scopegate::test::other_key_for(jose::algorithm::es256)).proof(right());
    EXPECT_EQ(name(api.why(under_dpop(key_bound(), stranger))), name(reason::invalid_proof));
    EXPECT_EQ(api.why(under_dpop(key_bound(), owner().proof(right()))), reason::allowed);
}

// The wait for a verification slot or an issuer may take seconds.
TEST(wait, ends_before_times_are_checked)
{
    using std::chrono::seconds;
    const auto recent = token_with("\"auth_time\":1799999800");
    const struct {
        const char* sentence;
        seconds wait;
        field_texts texts;
        const char* target;
        reason why;
    } rows[] = {
        {"a token that is still valid", seconds(3629), as_bearer(token_with("")), "/a", reason::allowed},
        {"a token that expires meanwhile", seconds(3631), as_bearer(token_with("")), "/a",
         reason::token_expired},
        {"a login that is still recent", seconds(99), as_bearer(recent), "/recent", reason::allowed},
        {"a login that grows too old", seconds(101), as_bearer(recent), "/recent", reason::login_too_old},
        {"a proof that is still fresh", seconds(60), under_dpop(key_bound(), owner().proof(right())), "/a",
         reason::allowed},
        {"a proof that grows too old", seconds(61), under_dpop(key_bound(), owner().proof(right())), "/a",
         reason::invalid_proof},
    };
    for (const auto& row : rows)
        EXPECT_EQ(name(desk().why_after(row.wait, row.texts, row.target)), name(row.why)) << row.sentence;
}

struct row {
    const char* sentence;
    proof_parts parts;
};

TEST(binding, refuses_a_proof_of_another_request_without_using_it_up)
{
    std::vector<row> rows;
    const auto add = [&](const char* sentence, auto change) {
        auto parts = right();
        parts.jti = json_string("the same");
        change(parts);
        rows.push_back({sentence, parts});
    };
    using parts = proof_parts&;
    add("of another method", [](parts p) { p.htm = json_string("POST"); });
    add("of the method in lower case", [](parts p) { p.htm = json_string("get"); });
    add("of another path", [](parts p) { p.htu = json_string("https://api.example.com/open"); });
    add("of another host", [](parts p) { p.htu = json_string("https://evil.example.com/a"); });
    add("of another scheme", [](parts p) { p.htu = json_string("http://api.example.com/a"); });
    add("of another port", [](parts p) { p.htu = json_string("https://api.example.com:8443/a"); });
    add("of 61 s ago", [](parts p) { p.iat = "1799999939"; });
    add("of in 6 s", [](parts p) { p.iat = "1800000006"; });
    add("of ages ago", [](parts p) { p.iat = "-1e300"; });
    add("of another token", [](parts p) { p.token = "another"; });
    add("with the hash of nothing", [](parts p) { p.token = {}; });
    add("with another ath", [](parts p) { p.ath = json_string("x"); });
    add("of an access token's type", [](parts p) { p.typ = json_string("at+jwt"); });
    desk api;
    for (const auto& r : rows)
        EXPECT_EQ(name(api.why(under_dpop(key_bound(), owner().proof(r.parts)))), name(reason::invalid_proof))
            << r.sentence;
    EXPECT_EQ(api.memory.used.size(), 0U);
    add("the right one", [](parts) {});
    EXPECT_EQ(name(api.why(under_dpop(key_bound(), owner().proof(rows.back().parts)))),
              name(reason::allowed));
}

TEST(binding, accepts_proofs_at_the_edges_of_the_window)
{
    desk api;
    for (const auto* iat : {"1799999940", "1800000005", "1799999999.25"}) {
        auto parts = right();
        parts.iat = iat;
        EXPECT_EQ(name(api.why(under_dpop(key_bound(), owner().proof(parts)))), name(reason::allowed)) << iat;
    }
}

TEST(binding, needs_exactly_one_proof)
{
    desk api;
    const auto first = owner().proof(right()), second = owner().proof(right());
    const auto credentials = "DPoP " + key_bound();
    const field_texts rows[] = {
        {{"Authorization", credentials}},
        {{"Authorization", credentials}, {"DPoP", first}, {"DPoP", second}},
        {{"Authorization", credentials}, {"DPoP", first}, {"dpop", first}},
        {{"Authorization", credentials}, {"DPoP", first + ", " + second}},
        {{"Authorization", credentials}, {"DPoP", ""}},
        {{"Authorization", credentials}, {"DPoP", key_bound()}},
    };
    for (const auto& r : rows)
        EXPECT_EQ(name(api.why(r)), name(reason::invalid_proof)) << r.size();
    EXPECT_EQ(api.memory.used.size(), 0U);
}

TEST(binding, names_the_cause_if_there_is_not_one_proof)
{
    desk api;
    const auto proof = owner().proof(right());
    const struct {
        field_texts proofs;
        cause why;
    } rows[] = {
        {{}, cause::proof_missing},
        {{{"DPoP", proof}, {"DPoP", proof}}, cause::several_proofs},
        {{{"DPoP", ""}, {"dpop", proof}}, cause::several_proofs},
    };
    for (const auto& r : rows) {
        auto fields = r.proofs;
        fields.emplace_back("Authorization", "DPoP " + key_bound());
        EXPECT_EQ(name(api.ask(fields).denial().why.detail), name(r.why));
    }
}

TEST(binding, requires_the_scheme_that_fits_the_token)
{
    desk api;
    const auto unbound = token_with({});
    EXPECT_EQ(name(api.why(as_bearer(unbound))), name(reason::allowed));
    EXPECT_EQ(name(api.why(as_bearer(key_bound()))), name(reason::unbound_token));
    auto with_proof = as_bearer(key_bound());
    with_proof.emplace_back("DPoP", owner().proof(right()));
    EXPECT_EQ(name(api.why(with_proof)), name(reason::unbound_token))
        << "a proof does not replace the scheme DPoP";
    EXPECT_EQ(name(api.why(under_dpop(unbound, owner().proof(right(unbound))))), name(reason::unbound_token));

    api.p().tokens.dpop.how = mode::require;
    EXPECT_EQ(name(api.why(as_bearer(unbound))), name(reason::unbound_token));
    EXPECT_EQ(name(api.why(under_dpop(unbound, owner().proof(right(unbound))))), name(reason::unbound_token));
    EXPECT_EQ(name(api.why(under_dpop(key_bound(), owner().proof(right())))), name(reason::allowed));

    api.p().tokens.dpop.how = mode::off;
    EXPECT_EQ(name(api.why(as_bearer(unbound))), name(reason::allowed));
    EXPECT_EQ(name(api.why(as_bearer(key_bound()))), name(reason::unbound_token));
    EXPECT_EQ(name(api.why(under_dpop(key_bound(), owner().proof(right())))), name(reason::no_token));
}

TEST(binding, reports_when_the_denial_concerns_dpop)
{
    desk api;
    const auto dpop = [&](const field_texts& texts) {
        return std::get<policy::denial>(api.ask(texts).result).dpop;
    };
    EXPECT_TRUE(dpop(under_dpop(key_bound(), "x")));
    EXPECT_TRUE(dpop(as_bearer(key_bound())));
    EXPECT_TRUE(dpop({{"Authorization", "DPoP x.y.z"}}));
    EXPECT_FALSE(dpop(as_bearer("x.y.z")));
    EXPECT_FALSE(dpop({}));
    api.p().tokens.dpop.how = mode::off;
    EXPECT_FALSE(dpop(as_bearer(key_bound())));
}

TEST(binding, refuses_tokens_with_an_unknown_confirmation)
{
    desk api;
    for (const auto* cnf : {R"("cnf":{"kid":"x"})", R"("cnf":{"jwk":{}})", R"("cnf":{})", R"("cnf":null)",
                            R"("cnf":{"jkt":"x"})"}) {
        const auto token = token_with(cnf);
        EXPECT_EQ(name(api.why(as_bearer(token))), name(reason::unbound_token)) << cnf;
        EXPECT_EQ(name(api.why(under_dpop(token, owner().proof(right(token))))), name(reason::unbound_token))
            << cnf;
    }
}

TEST(binding, takes_the_url_from_the_file_the_connection_or_a_trusted_proxy)
{
    desk api;
    const auto with = [&](const char* htu, const field_texts& more = {}) {
        auto parts = right();
        parts.htu = json_string(htu);
        auto texts = under_dpop(key_bound(), owner().proof(parts));
        texts.insert(texts.end(), more.begin(), more.end());
        return name(api.why(texts));
    };
    const auto yes = name(reason::allowed), no = name(reason::invalid_proof);
    EXPECT_EQ(with("https://API.example.com:443/%61?q#f"), yes);
    const field_texts claimed{{"X-Forwarded-Proto", "http"}, {"X-Forwarded-Host", "front.example.com"}};
    EXPECT_EQ(with("http://front.example.com/a", claimed), no) << "any client can set these fields";
    EXPECT_EQ(with("https://api.example.com/a", claimed), yes);
    api.caller.tls = false;
    EXPECT_EQ(with("https://api.example.com/a"), no);
    EXPECT_EQ(with("http://api.example.com/a"), yes);

    api.caller.peer = &api.proxy;
    EXPECT_EQ(with("https://api.example.com/a", {{"X-Forwarded-Proto", "https"}}), no)
        << "the proxy is not trusted yet";
    api.trust_proxy();
    EXPECT_EQ(with("http://api.example.com/a"), yes) << "the connection decides when the proxy says nothing";
    EXPECT_EQ(with("https://api.example.com/a", {{"X-Forwarded-Proto", "https"}}), yes);
    EXPECT_EQ(with("http://front.example.com:8080/a", {{"X-Forwarded-Host", "front.example.com:8080"}}), yes);
    EXPECT_EQ(with("http://api.example.com/a", {{"X-Forwarded-Host", "front.example.com"}}), no);
    EXPECT_EQ(with("https://a/a",
                   {{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "a"}, {"X_Forwarded_Host", "b"}}),
              no);
    EXPECT_EQ(with("https://a/a", {{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "a, b"}}), no);
    EXPECT_EQ(with("https://api.example.com/a", {{"X-Forwarded-Proto", "https, http"}}), no);
    EXPECT_EQ(with("https://api.example.com/a", {{"X-Forwarded-Proto", "wss"}}), no);

    api.p().server.authorities = {{"example.com", true, "/calendar"}};
    EXPECT_EQ(with("https://example.com/calendar/a", claimed), yes) << "the URL in the file takes precedence";
    EXPECT_EQ(with("https://example.com/a"), no);
    EXPECT_EQ(with("http://api.example.com/a"), no);

    api.p().server.authorities = {{"one.example", {}, {}}, {"two.example:8443", true, {}}};
    EXPECT_EQ(with("http://one.example/a"), yes)
        << "a host without a scheme is valid under the request's scheme";
    EXPECT_EQ(with("https://one.example/a"), no);
    EXPECT_EQ(with("https://one.example/a", {{"X-Forwarded-Proto", "https"}}), yes);
    EXPECT_EQ(with("https://two.example:8443/a"), yes);
    EXPECT_EQ(with("https://two.example/a"), no);
    EXPECT_EQ(with("http://front.example.com/a", {{"X-Forwarded-Host", "front.example.com"}}), no)
        << "the host is not listed";

    api.p().server.authorities.clear();
    api.host.clear();
    api.caller.peer = nullptr;
    EXPECT_EQ(with("http:///a"), no) << "an HTTP/1.0 request has no Host";
}

TEST(binding, asks_for_a_nonce_only_if_the_proof_is_valid_otherwise)
{
    desk api;
    api.p().tokens.dpop.nonce = true;
    auto parts = right();
    parts.jti = json_string("one");
    EXPECT_EQ(name(api.why(under_dpop(key_bound(), owner().proof(parts)))), name(reason::proof_nonce));
    parts.claims_more = R"(,"nonce":"guessed")";
    EXPECT_EQ(name(api.why(under_dpop(key_bound(), owner().proof(parts)))), name(reason::proof_nonce));
    EXPECT_EQ(api.memory.used.size(), 0U);
    parts.claims_more = R"(,"nonce":")" + api.memory.nonces.current(noon) + "\"";
    EXPECT_EQ(name(api.why(under_dpop(key_bound(), owner().proof(parts)))), name(reason::allowed));
    EXPECT_EQ(name(api.why(under_dpop(key_bound(), owner().proof(parts)))), name(reason::invalid_proof));
    parts.jti = json_string("two");
    parts.htm = json_string("POST");
    EXPECT_EQ(name(api.why(under_dpop(key_bound(), owner().proof(parts)))), name(reason::invalid_proof));
}

TEST(binding, asks_for_a_nonce_if_another_process_may_have_seen_the_proof)
{
    desk api;
    const tokens::proof_nonces another;
    const auto with = [&](std::string_view nonce) {
        auto parts = right();
        if (!nonce.empty())
            parts.claims_more = R"(,"nonce":")" + std::string(nonce) + "\"";
        const auto v = api.ask(under_dpop(key_bound(), owner().proof(parts)));
        const auto* refused = std::get_if<policy::denial>(&v.result);
        return std::string(name(refused != nullptr ? reason(refused->why) : reason::allowed)) +
               (v.found.nonce ? ", a new one" : "");
    };
    const auto ours = api.memory.nonces.current(noon);
    EXPECT_EQ(with({}), "allowed");
    EXPECT_EQ(with("the-apis"), "allowed") << "the gate must ignore nonces of the API";
    EXPECT_EQ(with(ours), "allowed, a new one");
    EXPECT_EQ(with(api.memory.nonces.current(noon - std::chrono::hours(1))), "use-dpop-nonce, a new one")
        << "the nonce is too old";
    EXPECT_EQ(with(another.current(noon)), "use-dpop-nonce, a new one")
        << "the other process may have accepted the proof too";
    api.memory.window.open(noon);
    EXPECT_EQ(with({}), "use-dpop-nonce, a new one");
    EXPECT_EQ(with("the-apis"), "use-dpop-nonce, a new one");
    EXPECT_EQ(with(another.current(noon)), "use-dpop-nonce, a new one");
    EXPECT_EQ(with(ours), "allowed, a new one");
}

TEST(binding, accepts_no_proof_without_a_memory_of_used_ones)
{
    desk api;
    api.has_memory = false;
    EXPECT_EQ(name(api.why(under_dpop(key_bound(), owner().proof(right())))),
              name(reason::proof_memory_full));
}

TEST(binding, needs_the_clients_certificate_for_a_token_bound_to_it)
{
    const auto token = token_with(R"("cnf":{"x5t#S256":")" + certificate_thumbprint + "\"}");
    desk api;
    EXPECT_EQ(name(api.why(as_bearer(token))), name(reason::unbound_token));
    const auto other = *jose::base64url_decode(jose::sha256_base64url("another"));
    api.caller.certificate = other;
    EXPECT_EQ(name(api.why(as_bearer(token))), name(reason::unbound_token));
    api.caller.certificate = certificate_digest;
    EXPECT_EQ(name(api.why(as_bearer(token))), name(reason::allowed));
    EXPECT_EQ(name(api.why(under_dpop(token, owner().proof(right(token))))), name(reason::unbound_token));
    api.p().tokens.dpop.how = mode::off;
    EXPECT_EQ(name(api.why(as_bearer(token))), name(reason::allowed))
        << "certificate binding does not depend on DPoP";
    api.p().tokens.dpop.how = mode::require;
    EXPECT_EQ(name(api.why(as_bearer(token))), name(reason::unbound_token))
        << "mode require does not accept the scheme Bearer";
}

TEST(binding, takes_the_certificate_that_a_trusted_proxy_states)
{
    const auto token = token_with(R"("cnf":{"x5t#S256":")" + certificate_thumbprint + "\"}");
    const std::pair<std::string, std::string> forwarded{"Client-Cert",
                                                        ":dGhlc2Ugb2N0ZXRzIHN0YW5kIGZvciBhIGNlcnRpZmljYXRl:"};
    desk api;
    auto texts = as_bearer(token);
    texts.push_back(forwarded);
    EXPECT_EQ(name(api.why(texts)), name(reason::unbound_token)) << "any client can set this field";
    api.caller.peer = &api.proxy;
    EXPECT_EQ(name(api.why(texts)), name(reason::unbound_token));
    api.trust_proxy();
    EXPECT_EQ(name(api.why(texts)), name(reason::allowed));
    EXPECT_EQ(name(api.why(as_bearer(token))), name(reason::unbound_token));
    api.caller.certificate = certificate_digest; // the proxy's own certificate: it speaks for other clients
    EXPECT_EQ(name(api.why(as_bearer(token))), name(reason::unbound_token));
    texts.push_back(forwarded);
    EXPECT_EQ(name(api.why(texts)), name(reason::unbound_token));
}

TEST(binding, names_the_fault_of_a_certificate)
{
    const auto token = token_with(R"("cnf":{"x5t#S256":")" + certificate_thumbprint + "\"}");
    desk api;
    api.caller.peer = &api.proxy;
    api.trust_proxy();
    api.p().server.client_cert = {"X-Cert", policy::client_cert_header::form::base64, true};
    const std::string octets = "dGhlc2Ugb2N0ZXRzIHN0YW5kIGZvciBhIGNlcnRpZmljYXRl";
    const struct {
        field_texts fields;
        cause why;
        const char* note;
    } rows[] = {
        {{{"X-Cert", octets}}, cause::none, "the header of the file"},
        {{}, cause::certificate_missing, "no header"},
        {{{"Client-Cert", ":" + octets + ":"}},
         cause::certificate_missing,
         "the default header does not count"},
        {{{"X-Cert", "YWJj"}}, cause::certificate_differs, "another certificate"},
        {{{"X-Cert", octets}, {"X-Cert", octets}}, cause::certificate_header_unreadable, "twice"},
        {{{"X-Cert", ":" + octets + ":"}}, cause::certificate_header_unreadable, "another form"},
    };
    for (const auto& row : rows) {
        auto texts = as_bearer(token);
        texts.insert(texts.end(), row.fields.begin(), row.fields.end());
        const auto v = api.ask(texts);
        const auto* const denied = std::get_if<policy::denial>(&v.result);
        EXPECT_EQ(name(denied != nullptr ? denied->why.detail : cause::none), name(row.why)) << row.note;
    }
}

TEST(binding, needs_key_and_certificate_for_a_token_bound_to_both)
{
    const auto token = token_with(R"("cnf":{"jkt":")" + owner().thumbprint() + R"(","x5t#S256":")" +
                                  certificate_thumbprint + "\"}");
    desk api;
    EXPECT_EQ(name(api.why(under_dpop(token, owner().proof(right(token))))), name(reason::unbound_token));
    EXPECT_EQ(api.memory.used.size(), 0U);
    api.caller.certificate = certificate_digest;
    EXPECT_EQ(name(api.why(under_dpop(token, owner().proof(right(token))))), name(reason::allowed));
    EXPECT_EQ(name(api.why(as_bearer(token))), name(reason::unbound_token));
    EXPECT_EQ(name(api.why({{"Authorization", "DPoP " + token}})), name(reason::invalid_proof));
}

// The claims in an introspection result bind the token as a JWT's own claims would (RFC 9449 section 6.2).
// The same holds for cached results.
TEST(binding, applies_to_an_opaque_token_by_its_introspection_result)
{
    desk api;
    auto& issuer = api.p().issuers.emplace_back();
    issuer.issuer = "https://opaque.example.com/";
    issuer.keys.where = policy::key_location::kind::none;
    issuer.introspection.emplace();
    api.renew_validator();
    const std::string opaque = "opaque-token";
    const auto say = [&](const std::string& cnf) {
        tokens::introspection_result answer;
        answer.claims = tokens::read_introspection(R"({"active":true,"sub":"ann",)" + cnf + "}");
        answer.until = noon + std::chrono::seconds(30);
        api.answer = std::make_shared<const tokens::introspection_result>(std::move(answer));
    };
    say(R"("cnf":{"kid":"x"})");
    EXPECT_EQ(name(api.why(as_bearer(opaque))), name(reason::unbound_token));
    say(owner().confirmation());
    const auto proof = owner().proof(right(opaque));
    EXPECT_EQ(name(api.why(as_bearer(opaque))), name(reason::unbound_token));
    EXPECT_EQ(name(api.why(under_dpop(opaque, proof))), name(reason::allowed));
    api.answer = nullptr; // from here on, only the cached result is available
    EXPECT_EQ(name(api.why(as_bearer(opaque))), name(reason::unbound_token));
    EXPECT_EQ(name(api.why(under_dpop(opaque, proof))), name(reason::invalid_proof));
    EXPECT_EQ(name(api.why(under_dpop(opaque, owner().proof(right(opaque))))), name(reason::allowed));
}

// The evaluation waits for a verification slot, then for the issuer. Its proof counts once, and only at the
// end: a client that left while it waited can send the same proof again.
TEST(binding, uses_a_proof_once_after_every_wait_and_not_at_all_if_the_client_leaves)
{
    desk api;
    auto& issuer = api.p().issuers.emplace_back();
    issuer.issuer = "https://opaque.example.com/";
    issuer.keys.where = policy::key_location::kind::none;
    issuer.introspection.emplace();
    api.renew_validator();
    const std::string token = "opaque-token";
    const auto texts = under_dpop(token, owner().proof(right(token)));
    const auto fields = fields_from(texts);
    tokens::introspection_result active;
    active.claims =
        tokens::read_introspection(R"({"active":true,"sub":"ann",)" + owner().confirmation() + "}");
    active.until = noon + std::chrono::seconds(30);
    const tokens::validator::awaited came(true, std::make_shared<const tokens::introspection_result>(active));
    const question asked{"GET", "/a", api.host, &fields, false, api.caller};
    const auto authority = api.authority(false);
    const responses::response_book book(api.p());
    access_scratch scratch;

    for (const bool stays : {false, true}) {
        policy::steps steps;
        evaluation machine(api.p(), book, scratch, &steps);
        const auto first = machine.start(asked, authority, noon);
        ASSERT_TRUE(std::holds_alternative<need>(first));
        EXPECT_EQ(std::get<need>(first).of, need::kind::verification_slot);
        const auto second = machine.resume(false, noon);
        ASSERT_TRUE(std::holds_alternative<need>(second));
        EXPECT_EQ(std::get<need>(second).of, need::kind::issuer);
        EXPECT_EQ(std::get<need>(second).issuer, 1U);
        EXPECT_EQ(api.memory.used.size(), 0U);
        EXPECT_EQ(steps.size(), 1U) << "the target";
        if (!stays)
            continue;
        EXPECT_TRUE(std::holds_alternative<policy::permit>(machine.resume(came, noon)));
        EXPECT_EQ(api.memory.used.size(), 1U);
        EXPECT_EQ(std::count_if(steps.begin(), steps.end(),
                                [](const auto& s) { return s.what.starts_with("the path is"); }),
                  1);
    }
}

// A reload changes the policy of later requests. An evaluation that waits keeps the one that it began with.
TEST(binding, is_decided_under_the_policy_that_the_evaluation_began_with)
{
    desk before, after;
    after.p().tokens.dpop.how = mode::off;
    const auto texts = under_dpop(key_bound(), owner().proof(right()));
    const auto fields = fields_from(texts);
    const question asked{"GET", "/a", before.host, &fields, false, before.caller};
    const responses::response_book book(before.p());
    access_scratch scratch;
    evaluation machine(before.p(), book, scratch);
    ASSERT_TRUE(std::holds_alternative<need>(machine.start(asked, before.authority(false), noon)));
    EXPECT_NE(after.why(texts), reason::allowed);
    EXPECT_TRUE(std::holds_alternative<policy::permit>(machine.resume(false, noon)));
}

TEST(binding, ignores_proofs_on_a_public_route)
{
    desk api;
    const auto proof = owner().proof(right());
    const auto v = api.ask(under_dpop(key_bound(), proof), "GET", "/open");
    EXPECT_TRUE(std::holds_alternative<policy::permit>(v.result));
    EXPECT_EQ(api.memory.used.size(), 0U);
}

} // namespace
} // namespace scopegate::access
