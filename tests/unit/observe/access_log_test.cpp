#include "observe/access_log.hpp"

#include "support/allocations.hpp"
#include "unit/observe/captured_log.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

namespace scopegate::observe {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

// Holds the facts that a gate finds only for a line.
struct known_details final : request_details {
    [[nodiscard]] std::string_view forwarded_for(std::array<char, longest_address>&) const override
    {
        return forwarded;
    }
    [[nodiscard]] std::string unverified() const override { return said; }

    std::string_view forwarded;
    std::string said;
};

struct sample {
    sample()
    {
        for (const auto* name : {"read:a", "write:a"})
            p.scopes.add(name, "");
        route.text = "/a/{id}";
        auto& needs = route.methods.emplace_back("PUT", policy::requirement{}).second;
        needs.needs = policy::requirement::kind::scopes;
        for (policy::scope_id id : {policy::scope_id{0}, policy::scope_id{1}}) {
            auto& a = needs.alternatives.emplace_back();
            a.in_order = {id};
            a.scopes.insert(id);
        }
        match.found = policy::route_match::outcome::route;
        match.matched = &route;
        match.needs = &needs;

        p.log.which = policy::log_settings::requests::all;
        record.decided = decision::permit;
        record.request_id = "7f";
        record.client = "192.0.2.7";
        record.method = "PUT";
        record.match = &match;
        record.status = 200;
        record.began = std::chrono::steady_clock::now();
        record.details = &details;
    }
    sample(const sample&) = delete;
    sample& operator=(const sample&) = delete;
    [[nodiscard]] std::string line() const
    {
        std::string out;
        append_request_line(p, record, {wall_time(784111777250ms), 1250us}, out);
        return out;
    }

    policy::policy p;
    policy::route route;
    policy::route_match match;
    policy::denial refusal;
    known_details details;
    request_record record;
};

TEST(access_log, describes_a_permitted_request)
{
    sample s;
    policy::scope_set effective;
    effective.insert(1);
    s.record.effective = &effective;
    s.record.subject = "auth0|7";
    s.record.client_id = "app";
    s.record.issuer = "https://id.example.com/";
    s.record.upstream = 900us;
    s.record.decision_wait = 50us;
    s.record.bytes_in = 7;
    s.record.bytes_out = 12345;
    EXPECT_EQ(
        s.line(),
        R"({"time":"1994-11-06T08:49:37.250Z","level":"info","event":"request","request_id":"7f",)"
        R"("client":"192.0.2.7","method":"PUT","route":"/a/{id}","status":200,"reason":"allowed","required":["write:a"],)"
        R"("scopes":["write:a"],"sub":"auth0|7","client_id":"app","issuer":"https://id.example.com/",)"
        R"("bytes_in":7,"bytes_out":12345,"duration_ms":1.250,"decision_ms":0.050,"upstream_ms":0.900})");
}

TEST(access_log, shows_the_address_from_trusted_proxies_and_the_clients_request_id)
{
    sample s;
    s.details.forwarded = "2001:db8::1";
    s.record.client_request_id = "mine-1";
    EXPECT_THAT(s.line(), HasSubstr(R"("request_id":"7f","client_request_id":"mine-1",)"
                                    R"("client":"192.0.2.7","forwarded_for":"2001:db8::1","method")"));
}

TEST(access_log, states_what_a_denied_request_lacked)
{
    sample s;
    s.refusal.why = reason::insufficient_scope;
    s.refusal.missing.insert(0);
    s.record.refusal = &s.refusal;
    s.record.why = reason::insufficient_scope;
    s.record.status = 403;
    EXPECT_THAT(s.line(), HasSubstr(R"("status":403,"reason":"insufficient-scope","required":["read:a"],)"
                                    R"("missing":["read:a"],"bytes_in")"));
    const policy::scope_set none; // a valid token whose scopes the scope cap removed
    s.record.effective = &none;
    EXPECT_THAT(s.line(), HasSubstr(R"("missing":["read:a"],"scopes":[],"bytes_in")"));
}

TEST(access_log, marks_what_observe_mode_let_through)
{
    sample s;
    s.record.why = reason::no_token;
    s.record.decided = decision::observed_permit;
    EXPECT_THAT(s.line(), HasSubstr(R"("status":200,"reason":"no-token","observe":true,)"));
}

TEST(access_log, prints_the_cause_beside_the_reason)
{
    sample s;
    s.record.why = reason::malformed_request;
    s.record.why.detail = cause::folded_header;
    EXPECT_THAT(s.line(), HasSubstr(R"("reason":"malformed-request","cause":"folded-header",)"));
}

TEST(access_log, names_the_template_nearest_to_a_path_without_a_route)
{
    sample s;
    s.p.routes.push_back(s.route);
    s.record.path = "/b/hunter2";
    EXPECT_THAT(s.line(), Not(HasSubstr("near")));
    s.record.match = nullptr;
    s.record.why = reason::no_route;
    EXPECT_THAT(s.line(), HasSubstr(R"("route":"-","near":"/a/{id}","status")"));
    EXPECT_THAT(s.line(), Not(HasSubstr("hunter2"))) << "a path may contain mistyped secrets";
}

TEST(access_log, prints_the_path_only_when_configured)
{
    using which = policy::log_settings::path_lines;
    sample s;
    s.record.path = "/a/\"7";
    for (const bool matched : {true, false}) {
        s.record.match = matched ? &s.match : nullptr;
        for (const auto paths : {which::none, which::unmatched, which::all}) {
            s.p.log.paths = paths;
            const bool shown = paths == which::all || (paths == which::unmatched && !matched);
            EXPECT_EQ(s.line().find(R"("path":"/a/\"7")") != std::string::npos, shown) << s.line();
        }
    }
    const std::string long_path = "/" + std::string(1000, 'x');
    s.record.path = long_path;
    EXPECT_THAT(s.line(), HasSubstr("\"path\":\"" + long_path.substr(0, 256) + "\","));
}

TEST(access_log, prints_a_dash_without_a_route)
{
    sample s;
    s.record.match = nullptr;
    EXPECT_THAT(s.line(), HasSubstr(R"("route":"-")"));
}

TEST(access_log, leaves_out_what_no_request_had)
{
    sample s;
    s.record = unserved("192.0.2.7", {reason::tls_failed, cause::failed_handshake}, {}, {});
    EXPECT_EQ(s.line(), R"({"time":"1994-11-06T08:49:37.250Z","level":"info","event":"request",)"
                        R"("client":"192.0.2.7","route":"-","status":0,"reason":"tls-failed",)"
                        R"("cause":"failed-handshake","bytes_in":0,"bytes_out":0,"duration_ms":1.250})");
}

TEST(access_log, states_a_severity)
{
    sample s;
    s.record.status = 504;
    s.record.why = reason::upstream_timeout;
    EXPECT_THAT(s.line(), HasSubstr(R"("level":"warn")"));
    s.record.status = 500;
    s.record.why = reason::internal_error;
    EXPECT_THAT(s.line(), HasSubstr(R"("level":"error")"));
    s.record.why = reason::allowed; // the API's own status
    EXPECT_THAT(s.line(), HasSubstr(R"("level":"info")"));
}

TEST(access_log, shows_the_cause_and_the_claims_of_a_refused_token)
{
    sample s;
    s.record.why = reason::wrong_audience;
    s.record.status = 401;
    EXPECT_THAT(s.line(), testing::Not(HasSubstr("cause")));
    EXPECT_THAT(s.line(), testing::Not(HasSubstr("unverified")));
    s.record.why.detail = cause::aud_not_string;
    s.details.said = R"({"aud":"[1]"})";
    EXPECT_THAT(
        s.line(),
        HasSubstr(R"("reason":"wrong-audience","cause":"aud-not-string","unverified":{"aud":"[1]"},)"));
    EXPECT_TRUE(json::parse(s.line()));
}

// Anybody can invent a key's name, so it must not raise an alert on warnings.
TEST(access_log, distinguishes_an_unknown_key_from_an_unreachable_issuer)
{
    sample s;
    s.record.status = 503;
    s.record.why = reason::key_pending;
    EXPECT_THAT(s.line(), HasSubstr(R"("level":"info")"));
    s.record.why = reason::keys_unavailable;
    EXPECT_THAT(s.line(), HasSubstr(R"("level":"warn")"));
    s.record.status = 200;
    s.record.decided = decision::observed_permit;
    EXPECT_THAT(s.line(), HasSubstr(R"("level":"info")"));
}

TEST(access_log, cannot_be_flooded_or_forged_by_values_of_a_client)
{
    sample s;
    const std::string method(30'000, 'A');
    const std::string subject = "\"},\n{\"event\":\"forged\"" + std::string(30'000, 'x');
    s.record.method = method;
    s.record.subject = subject;
    s.record.client = subject; // never so long in reality
    const auto line = s.line();
    EXPECT_LT(line.size(), 800U);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_TRUE(json::parse(line)) << line;
}

TEST(access_log, writes_the_requests_that_are_configured)
{
    using requests = policy::log_settings::requests;
    EXPECT_TRUE(is_logged(requests::all, reason::allowed));
    EXPECT_FALSE(is_logged(requests::denied, reason::allowed));
    EXPECT_TRUE(is_logged(requests::denied, reason::no_token));
    EXPECT_FALSE(is_logged(requests::off, reason::no_token));
}

TEST(access_log, is_written_to_the_log_as_a_line)
{
    const captured_log log;
    const sample s;
    log_request(s.p, s.record);
    // The times are those of the writing.
    const auto text = log.flushed();
    const auto shown = [](std::string_view line) {
        const auto begin = line.find(R"("level")");
        return line.substr(begin, line.find(R"("duration_ms")") - begin);
    };
    EXPECT_EQ(shown(text), shown(s.line()));
    EXPECT_EQ(text.back(), '\n');
}

TEST(access_log, counts_denials_beyond_the_burst_in_one_line)
{
    const captured_log log;
    sample s;
    s.p.log.burst = 10;
    s.route.text = "/flooded";
    s.record.why = reason::no_token;
    s.record.status = 401;
    for (int i = 0; i < 25; ++i) {
        s.details.forwarded = i % 5 == 0 ? "203.0.113.9" : "";
        log_request(s.p, s.record);
    }
    write_counts(false);
    const auto text = log.flushed();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 11);
    EXPECT_THAT(text,
                HasSubstr(R"("event":"request_burst","route":"/flooded","reason":"no-token","count":15,)"
                          R"("busiest":[{"client":"192.0.2.7","count":12},)"
                          R"({"client":"203.0.113.9","count":3}]})"));
}

TEST(access_log, does_not_count_requests_that_passed)
{
    const captured_log log;
    sample s;
    s.p.log.burst = 10;
    s.route.text = "/passed";
    for (int i = 0; i < 25; ++i)
        log_request(s.p, s.record); // permitted
    s.record.why = reason::no_token;
    s.record.decided = decision::observed_permit; // as with mode: observe
    for (int i = 0; i < 25; ++i)
        log_request(s.p, s.record);
    write_counts(false);
    const auto text = log.flushed();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 50);
}

// The allocation budget of the hot path: no allocation once the buffers of the thread and the log are warm.
TEST(access_log, allocates_nothing_once_warm)
{
    const captured_log log;
    sample s;
    s.record.subject = "auth0|7";
    s.refusal.missing.insert(0);
    s.record.refusal = &s.refusal;
    for (int i = 0; i < 100; ++i)
        log_request(s.p, s.record);
    (void)log.flushed();
    for (int i = 0; i < 100; ++i)
        log_request(s.p, s.record);
    (void)log.flushed();
    const test::allocation_scope heap;
    for (int i = 0; i < 50; ++i)
        log_request(s.p, s.record);
    EXPECT_EQ(heap.count(), 0U);
}

} // namespace
} // namespace scopegate::observe
