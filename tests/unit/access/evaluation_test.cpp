#include "access/evaluation.hpp"

#include "support/allocations.hpp"
#include "support/fields.hpp"
#include "support/token_maker.hpp"
#include "tokens/key_store.hpp"
#include "unit/access/evaluate.hpp"
#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>

#include <memory>

namespace scopegate::access {
namespace {

using scopegate::test::field_of;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr wall_time noon{std::chrono::seconds(1'800'000'000)};
const std::string secret_text = "0123456789abcdef0123456789abcdef";

// A calendar whose tokens are signed with a shared secret, so that no key has to be fetched.
class calendar {
public:
    calendar()
    {
        file_.scopes({"read:a", "write:a"});
        file_.route("/appointments", {{"GET", "read:a"}, {"POST", "write:a"}});
        file_.route("/appointments/{id}", {{"GET", "read:a"}});
        file_.route("/appointments/export", {{"GET", "write:a"}});
        file_.route("/healthz", {{"GET", "public"}});
        file_.issuer_with_secret(secret_text);
    }

    [[nodiscard]] policy::policy& p() { return file_.get(); }

    [[nodiscard]] tokens::token_ptr token_with(std::string scopes)
    {
        return tokens::interpret_claims(
            p(), 0, policy::test::claims({{"scope", policy::test::text(std::move(scopes))}}));
    }

    test::evaluated ask(std::string_view method, std::string_view target, tokens::token_ptr given = {})
    {
        token_authority authority;
        authority.given = std::move(given);
        trace.clear();
        return test::evaluate(p(), {method, target}, authority, noon, scratch_, &trace);
    }
    test::evaluated ask(std::string_view method, std::string_view target, const http::field_list& fields,
                        tokens::validator* validator = nullptr, std::string_view host = {})
    {
        token_authority authority;
        authority.validator = validator;
        return test::evaluate(p(), {method, target, host, &fields}, authority, noon, scratch_);
    }

    // Returns a validator for the policy, which this object keeps.
    [[nodiscard]] std::unique_ptr<tokens::validator> validator()
    {
        const std::shared_ptr<const policy::policy> shared(std::shared_ptr<void>(), &p());
        return std::make_unique<tokens::validator>(shared, tokens::key_store::offline(shared), 1 << 20);
    }

    policy::steps trace;

private:
    policy::test::builder file_;
    access_scratch scratch_;
};

reason why(const test::evaluated& e)
{
    return e.why();
}

std::string token_text(std::string_view claims)
{
    const auto key = jose::signing_key::from_secret(secret(secret_text), jose::algorithm::hs256);
    return scopegate::test::make_token(claims, key);
}

const std::string good_claims =
    R"({"iss":"https://id.example.com/","aud":"https://calendar.example.com","exp":1800000060,"scope":"read:a"})";

struct decision_row {
    const char* sentence;
    const char* method;
    const char* target;
    const char* scopes; // null without a token
    reason why;
};

TEST(evaluation, decides_in_the_order_of_the_steps)
{
    const decision_row rows[] = {
        {"a token with the scope", "GET", "/appointments", "read:a", reason::allowed},
        {"HEAD follows GET", "HEAD", "/appointments/7?x=1", "read:a", reason::allowed},
        {"public needs none", "GET", "/healthz", nullptr, reason::allowed},
        {"no token", "GET", "/appointments", nullptr, reason::no_token},
        {"another scope", "POST", "/appointments", "read:a", reason::insufficient_scope},
        {"a longer name is another scope", "GET", "/appointments", "read:ab", reason::insufficient_scope},
        {"no route is known before any token", "GET", "/other", "read:a", reason::no_route},
        {"so is a wrong method", "DELETE", "/appointments", "read:a", reason::wrong_method},
        {"a lower-case method is another method", "get", "/appointments", "read:a", reason::wrong_method},
        {"CONNECT is never forwarded", "CONNECT", "/appointments", "read:a", reason::wrong_method},
        {"what is spelled in two ways is matched in one", "GET", "/%61ppointments", "read:a",
         reason::allowed},
        {"a dot segment", "GET", "/healthz/../appointments", "read:a", reason::ambiguous_path},
        {"an encoded slash", "GET", "/healthz%2F..%2Fappointments", "read:a", reason::ambiguous_path},
        {"a broken triplet", "GET", "/appointments/%zz", "read:a", reason::malformed_target},
        {"a careless upstream would export", "GET", "/appointments/EXPORT", "read:a", reason::lookalike_path},
        {"whoever may export may spell it so", "GET", "/appointments/export", "write:a", reason::allowed},
        {"a lookalike that is refused anyway is refused as what it is", "PUT", "/appointments/EXPORT",
         "read:a", reason::wrong_method},
        {"not a path", "GET", "appointments", "read:a", reason::malformed_target},
    };
    calendar file;
    for (const auto& row : rows) {
        const auto v = file.ask(row.method, row.target, row.scopes ? file.token_with(row.scopes) : nullptr);
        EXPECT_EQ(name(why(v)), name(row.why)) << row.sentence << ": " << row.method << ' ' << row.target;
    }
}

TEST(evaluation, returns_the_normalized_target_and_the_match)
{
    calendar file;
    const auto v = file.ask("GET", "/appointments/%7eann?a=%7e", file.token_with("read:a"));
    EXPECT_EQ(v.found.target.path, "/appointments/~ann");
    EXPECT_EQ(v.found.target.query, "?a=%7e");
    ASSERT_NE(v.found.match.matched, nullptr);
    EXPECT_EQ(v.found.match.matched->text, "/appointments/{id}");
    ASSERT_TRUE(v.found.token);
}

TEST(evaluation, adds_the_routes_requirement_to_the_denial_of_a_token)
{
    calendar file;
    const http::field_list fields{field_of("Authorization", "Bearer a b")};
    const auto validator = file.validator();
    const auto v = file.ask("GET", "/appointments", fields, validator.get());
    const auto& refused = v.denial();
    EXPECT_EQ(refused.why, reason::malformed_credentials);
    EXPECT_EQ(refused.needs, v.found.match.needs);
    EXPECT_EQ(refused.matched, v.found.match.matched);
}

TEST(evaluation, validates_the_token_that_it_uses)
{
    calendar file;
    const auto validator = file.validator();
    const auto credentials = "Bearer " + token_text(good_claims);
    const auto v =
        file.ask("GET", "/appointments", {field_of("authorization", credentials)}, validator.get());
    EXPECT_EQ(why(v), reason::allowed);
    ASSERT_TRUE(v.found.token);

    const auto late =
        "Bearer " + token_text(R"({"iss":"https://id.example.com/","aud":"https://calendar.example.com",)"
                               R"("exp":1799999000,"scope":"read:a"})");
    EXPECT_EQ(why(file.ask("GET", "/appointments", {field_of("authorization", late)}, validator.get())),
              reason::token_expired);
}

TEST(evaluation, ignores_tokens_where_none_is_needed)
{
    calendar file;
    const http::field_list fields{field_of("Authorization", "Bearer a b"),
                                  field_of("Authorization", "Bearer c")};
    EXPECT_EQ(why(file.ask("GET", "/healthz", fields)), reason::allowed);
    EXPECT_EQ(why(file.ask("GET", "/nowhere", fields)), reason::no_route);
}

TEST(evaluation, never_accepts_a_token_that_cannot_be_checked)
{
    calendar file;
    const auto credentials = "Bearer " + token_text(good_claims);
    const auto v = file.ask("GET", "/appointments", {field_of("authorization", credentials)});
    EXPECT_EQ(why(v), reason::keys_unavailable);
}

// A key store that has no keys yet, but may get them.
class fetching_keys final : public tokens::key_store {
public:
    explicit fetching_keys(std::shared_ptr<const jose::jwk_set> keys) : keys_(std::move(keys)) {}
    [[nodiscard]] std::uint64_t epoch() const noexcept override { return 1; }
    [[nodiscard]] std::shared_ptr<const jose::jwk_set> keys(std::size_t) const override { return keys_; }
    [[nodiscard]] bool may_refresh(std::size_t) const override { return true; }
    [[nodiscard]] bool up_to_date(std::size_t) const override { return true; }
    void await_refresh(std::size_t, std::function<void()> done) override { done(); }
    [[nodiscard]] bool has_failed(std::size_t) const override { return false; }
    void request_refresh(std::size_t) override {}
    void note_absent(std::size_t, std::string_view) override {}
    [[nodiscard]] bool is_absent(std::size_t, std::string_view, wall_time) const override { return false; }
    [[nodiscard]] std::vector<std::string> without_keys() const override { return {}; }
    void stop() override {}

private:
    std::shared_ptr<const jose::jwk_set> keys_;
};

TEST(evaluation, asks_for_keys_first_and_denies_after_waiting_for_them)
{
    calendar file;
    auto& issuer = file.p().issuers.front();
    issuer.keys.where = policy::key_location::kind::discover;
    issuer.algorithms = jose::asymmetric_algorithms();
    const std::shared_ptr<const policy::policy> shared(std::shared_ptr<void>(), &file.p());
    tokens::validator validator(
        shared, std::make_shared<fetching_keys>(scopegate::test::keys_for({jose::algorithm::rs256})), 0);
    const auto& stranger = scopegate::test::other_key_for(jose::algorithm::rs256);
    const auto credentials = "Bearer " + scopegate::test::make_token(good_claims, stranger);
    const http::field_list fields{field_of("authorization", credentials)};
    access_scratch scratch;
    const responses::response_book book(file.p());
    evaluation machine(file.p(), book, scratch);
    token_authority authority;
    authority.validator = &validator;
    const auto first = machine.start({"GET", "/appointments", {}, &fields}, authority, noon);
    ASSERT_TRUE(std::holds_alternative<need>(first)) << "never allowed meanwhile";
    EXPECT_EQ(std::get<need>(first).of, need::kind::issuer);
    EXPECT_EQ(std::get<need>(first).issuer, 0U);
    EXPECT_EQ(std::get<need>(first).unmet, reason::key_pending);
    const auto second = machine.resume(true, noon);
    ASSERT_TRUE(std::holds_alternative<policy::denial>(second));
    EXPECT_EQ(std::get<policy::denial>(second).why, reason::unknown_key);

    evaluation impatient(file.p(), book, scratch);
    (void)impatient.start({"GET", "/appointments", {}, &fields}, authority, noon);
    const auto given_up = impatient.give_up(noon);
    ASSERT_TRUE(std::holds_alternative<policy::denial>(given_up));
    EXPECT_EQ(std::get<policy::denial>(given_up).why, reason::key_pending);
}

struct override_row {
    const char* sentence;
    const char* name;
    const char* value;
    reason why;
};

// A framework that honors an override would serve another method than the one that was decided on.
TEST(evaluation, refuses_a_method_override_that_names_another_method)
{
    const override_row rows[] = {
        {"another method", "X-HTTP-Method-Override", "DELETE", reason::method_override},
        {"in another letter case", "x-http-method", "delete", reason::method_override},
        {"as CGI would read it", "X_Method_Override", "DELETE", reason::method_override},
        {"the request's own", "X-HTTP-Method-Override", "GET", reason::allowed},
        {"the request's own in lower case", "X-Method-Override", "get", reason::allowed},
        {"no method at all", "X-Method-Override", "", reason::allowed},
        {"two of them", "X-Method-Override", "GET, DELETE", reason::method_override},
        {"another field", "X-Method", "DELETE", reason::allowed},
    };
    calendar file;
    for (const auto& row : rows)
        EXPECT_EQ(name(why(file.ask("GET", "/healthz", {field_of(row.name, row.value)}))), name(row.why))
            << row.sentence;
}

std::vector<std::string> words(const policy::steps& trace)
{
    std::vector<std::string> out;
    for (const auto& s : trace)
        out.push_back((s.holds ? "ok " : "NO ") + s.what);
    return out;
}

TEST(evaluation, reports_every_step)
{
    calendar file;
    (void)file.ask("POST", "/appointments", file.token_with("read:a"));
    const auto all = words(file.trace);
    ASSERT_FALSE(all.empty());
    EXPECT_EQ(all.front(), "ok the path is /appointments");
    EXPECT_THAT(all, Contains(HasSubstr("NO the token lacks write:a")));

    (void)file.ask("GET", "/a//b");
    EXPECT_EQ(words(file.trace).size(), 1U);
    EXPECT_THAT(words(file.trace).front(), HasSubstr("NO the path contains dot segments"));

    (void)file.ask("GET", "/appointments/EXPORT", file.token_with("read:a"));
    EXPECT_THAT(words(file.trace).back(), HasSubstr("could be read as the path of another route"));
}

// The budget of the way that every request goes: a token that was seen before and a path that is normal
// already.
TEST(evaluation, allocates_nothing_where_the_token_is_known)
{
    calendar file;
    const auto validator = file.validator();
    const auto credentials = "Bearer " + token_text(good_claims);
    const http::field_list fields{field_of("authorization", credentials)};
    ASSERT_EQ(why(file.ask("GET", "/appointments/7", fields, validator.get())), reason::allowed);

    token_authority authority;
    authority.validator = validator.get();
    access_scratch scratch;
    const responses::response_book book(file.p());
    const question asked{"GET", "/appointments/7", {}, &fields};
    (void)evaluation(file.p(), book, scratch).start(asked, authority, noon);
    const scopegate::test::allocation_scope heap;
    const auto decided = evaluation(file.p(), book, scratch).start(asked, authority, noon);
    EXPECT_EQ(heap.count(), 0U);
    EXPECT_TRUE(std::holds_alternative<policy::permit>(decided));
}

TEST(evaluation, refuses_requests_for_another_host_when_hosts_are_listed)
{
    calendar file;
    const auto outcome = [&](std::string_view method, std::string_view target, std::string_view host) {
        return name(why(file.ask(method, target, http::field_list{}, nullptr, host)));
    };
    EXPECT_EQ(outcome("GET", "/healthz", "evil.example"), name(reason::allowed));
    file.p().server.authorities = {{"one.example", {}, {}}, {"two.example:8443", true, {}}};
    EXPECT_EQ(outcome("GET", "/healthz", "evil.example"), name(reason::allowed))
        << "known names do not count as listed hosts";
    file.p().server.hosts = {"one.example"};
    const auto misdirected = name(reason::misdirected_request);
    EXPECT_EQ(outcome("GET", "/healthz", "one.example"), name(reason::allowed));
    EXPECT_EQ(outcome("GET", "/healthz", "ONE.example:443"), name(reason::allowed));
    EXPECT_EQ(outcome("GET", "/healthz", "two.example:8443"), name(reason::allowed));
    EXPECT_EQ(outcome("GET", "/healthz", "two.example"), misdirected);
    EXPECT_EQ(outcome("GET", "/healthz", "evil.example"), misdirected);
    EXPECT_EQ(outcome("GET", "/nowhere", "evil.example"), misdirected);
    EXPECT_EQ(outcome("GET", "/healthz", {}), name(reason::allowed))
        << "HTTP/1.0 and explain may name no host";
}

} // namespace
} // namespace scopegate::access
