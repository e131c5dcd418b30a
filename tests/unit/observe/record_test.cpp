// How a request ended is a rule about what was decided and why it ended, and each record reaches every
// reader.
#include "observe/record.hpp"

#include "unit/observe/captured_log.hpp"

#include <gtest/gtest.h>

namespace scopegate::observe {
namespace {

TEST(request_end, follows_from_the_decision_and_the_reason)
{
    struct row {
        const char* sentence;
        decision decided;
        failure why;
        request_end expected;
    };
    const row rows[] = {
        {"a permitted request", decision::permit, reason::allowed, request_end::allowed},
        {"observe mode has nothing to object to", decision::observed_permit, reason::allowed,
         request_end::allowed},
        {"the metadata document", decision::own_response, reason::allowed, request_end::own_response},
        {"another method than GET for it", decision::own_response, reason::wrong_method,
         request_end::refused},
        {"no token", decision::denial, reason::no_token, request_end::refused},
        {"no token, in observe mode", decision::observed_permit, reason::no_token, request_end::observed},
        {"a head that is no HTTP", decision::none, reason::malformed_request, request_end::refused},
        {"a body beyond its limit",
         decision::permit,
         {reason::body_too_large, cause::limits_body},
         request_end::refused},
        {"the same in observe mode, which enforces it", decision::observed_permit, reason::body_too_large,
         request_end::refused},
        {"no memory", decision::none, reason::memory_limit, request_end::refused},
        {"a tunnel's token expires", decision::permit, reason::token_expired, request_end::permit_ended},
        {"a reload takes the route away", decision::permit, reason::no_route, request_end::permit_ended},
        {"the upstream is down", decision::permit, reason::upstream_unreachable,
         request_end::upstream_failed},
        {"the same in observe mode", decision::observed_permit, reason::upstream_timeout,
         request_end::upstream_failed},
        {"the client leaves", decision::permit, reason::client_gone, request_end::client_left},
        {"the client leaves within its head",
         decision::none,
         {reason::client_gone, cause::cut_head},
         request_end::client_left},
        {"too many connections",
         decision::none,
         {reason::connection_limit, cause::limits_connections},
         request_end::connection_limit},
        {"a handshake fails",
         decision::none,
         {reason::tls_failed, cause::failed_handshake},
         request_end::tls_failed},
        {"plain HTTP where TLS is spoken",
         decision::none,
         {reason::malformed_request, cause::plain_http_on_tls_port},
         request_end::tls_failed},
        {"a broken PROXY header",
         decision::none,
         {reason::malformed_request, cause::bad_proxy_header},
         request_end::proxy_header_failed},
        {"no PROXY header",
         decision::none,
         {reason::malformed_request, cause::missing_proxy_header},
         request_end::proxy_header_failed},
        {"a PROXY header that is cut",
         decision::none,
         {reason::client_gone, cause::bad_proxy_header},
         request_end::proxy_header_failed},
        {"an exception", decision::none, reason::internal_error, request_end::internal_error},
    };
    for (const auto& r : rows)
        EXPECT_EQ(end_of(r.decided, r.why), r.expected) << r.sentence;
}

// A denial never counts as a success, whatever reasons there will be.
TEST(request_end, of_a_denial_is_no_success)
{
    for (std::size_t i = 0; i < reason_count; ++i) {
        const auto why = static_cast<reason>(i);
        if (why == reason::allowed)
            continue;
        const auto how = end_of(decision::denial, why);
        EXPECT_NE(how, request_end::allowed) << name(why);
        EXPECT_NE(how, request_end::own_response) << name(why);
        EXPECT_NE(how, request_end::observed) << name(why);
        EXPECT_NE(how, request_end::permit_ended) << name(why);
    }
}

int read_by_another = 0;

TEST(end_request, hands_each_record_to_every_reader_whatever_is_logged)
{
    using requests = policy::log_settings::requests;
    const captured_log log;
    also_read_records([](const policy::policy&, const request_record&) { ++read_by_another; });
    policy::policy p;
    const auto r = unserved("192.0.2.7", reason::connection_limit, {}, {});
    for (const auto which : {requests::off, requests::denied, requests::all}) {
        p.log.which = which;
        end_request(p, r);
    }
    also_read_records(nullptr);
    end_request(p, r);
    EXPECT_EQ(read_by_another, 3);
    const auto text = log.flushed();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;
}

} // namespace
} // namespace scopegate::observe
