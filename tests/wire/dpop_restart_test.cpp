// A DPoP proof counts once, although the process that has seen it is replaced: by a restart, or while both
// processes listen (--takeover). tests/wire/dpop_test.cpp has what one process does.
#include "support/calendar.hpp"
#include "support/proof_maker.hpp"
#include "support/temporary_folder.hpp"
#include "support/token_maker.hpp"

#include <gmock/gmock.h>

#include <ctime>

namespace scopegate::test {
namespace {

constexpr std::string_view appointments = "http://calendar.example.com/appointments";

const proof_maker& owner()
{
    static const proof_maker made(key_for(jose::algorithm::es256));
    return made;
}

const std::string& token()
{
    static const auto made = calendar_token("read:appointments", "," + owner().confirmation());
    return made;
}

std::string with_proof(const std::string& proof)
{
    return get("/appointments", {}, "Authorization: DPoP " + token() + "\r\nDPoP: " + proof + "\r\n");
}

// A request with a proof of its own, whose `iat` is so far from now. `nonce`: empty for none.
std::string request(std::string_view nonce = {}, std::chrono::seconds ahead = std::chrono::seconds(0))
{
    proof_parts parts;
    parts.htu = json_string(appointments);
    parts.token = token();
    parts.iat = seconds_from_now(ahead);
    if (!nonce.empty())
        parts.claims_more = R"(,"nonce":")" + std::string(nonce) + '"';
    return with_proof(owner().proof(parts));
}

std::string problem_of(const response& answer)
{
    return answer.status == 200
               ? ""
               : json_member(answer.body, "type").substr(std::string_view("urn:scopegate:problem:").size());
}

std::string nonce_of(raw_client& client)
{
    const auto asked = client.exchange(request({}, std::chrono::seconds(-50))); // older than the process
    EXPECT_EQ(problem_of(asked), "use-dpop-nonce");
    EXPECT_THAT(asked.value("WWW-Authenticate"), testing::HasSubstr(R"(error="use_dpop_nonce")"));
    return asked.value("DPoP-Nonce");
}

// The first request without a nonce that the process accepts. Its clock may say that it is issued a little
// ahead, so that the process soon knows that nobody before it can have seen it.
std::string accepted_without_nonce(raw_client& client)
{
    const auto until = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < until) {
        auto sent = request({}, std::chrono::seconds(5));
        if (client.exchange(sent).status == 200)
            return sent;
    }
    throw std::runtime_error("no proof without a nonce was accepted");
}

TEST(dpop_restart, a_new_process_asks_for_its_nonce_first)
{
    calendar c;
    auto client = c.connect();
    EXPECT_EQ(problem_of(client.exchange(request({}, std::chrono::seconds(-2)))), "use-dpop-nonce");
    const auto nonce = nonce_of(client);
    struct row {
        const char* sentence;
        int ahead;
        const char* problem;
    };
    const row rows[] = {{"made now", 0, ""},
                        {"a clock that is a minute late", -59, ""},
                        {"a clock that is later than that", -62, "invalid-dpop-proof"},
                        {"a clock that is ahead", 4, ""},
                        {"a clock that is too far ahead", 8, "invalid-dpop-proof"}};
    for (const auto& r : rows)
        EXPECT_EQ(problem_of(client.exchange(request(nonce, std::chrono::seconds(r.ahead)))), r.problem)
            << r.sentence;
    const auto passed = client.exchange(request(nonce));
    EXPECT_EQ(passed.status, 200U);
    EXPECT_EQ(passed.value("DPoP-Nonce"), nonce) << "so that the client never runs out of them";
}

TEST(dpop_restart, a_proof_that_the_process_before_has_seen_is_not_accepted)
{
    recording_upstream api;
    std::optional<gate_process> old(std::in_place,
                                    gate_settings{.upstream = api.url(), .timeouts = "drain_delay: 0s"});
    const auto address = old->address();
    raw_client client(address);
    const auto seen = accepted_without_nonce(client);
    const auto old_nonce = nonce_of(client);
    const auto seen_with_nonce = request(old_nonce, std::chrono::seconds(4));
    EXPECT_EQ(client.exchange(seen_with_nonce).status, 200U);
    old.reset(); // killed: nobody could write down what it had seen

    gate_process next({.upstream = api.url(), .listen = address});
    raw_client again(address);
    EXPECT_EQ(problem_of(again.exchange(seen)), "use-dpop-nonce");
    EXPECT_EQ(problem_of(again.exchange(seen_with_nonce)), "use-dpop-nonce");
    EXPECT_EQ(problem_of(again.exchange(request(old_nonce))), "use-dpop-nonce") << "its nonces end with it";
    EXPECT_EQ(again.exchange(request(nonce_of(again))).status, 200U);
    (void)accepted_without_nonce(again); // soon they are not needed any more
    EXPECT_NE(problem_of(again.exchange(seen)), "") << "but what was issued before stays refused";
}

TEST(dpop_restart, while_two_processes_share_a_port_each_takes_its_own_nonces_only)
{
    recording_upstream api;
    gate_process old({.upstream = api.url(), .timeouts = "drain_delay: 0s", .server = "workers: 2"});
    raw_client to_old(old.address());
    const auto seen_by_old = accepted_without_nonce(to_old);

    // A listener of its own shows which of the two answers.
    gate_process next(
        {.upstream = api.url(), .listen = "[\"127.0.0.1:0\", \"" + old.address() + "\"]", .take_over = true});
    (void)next.wait_for_event("takeover_began", [](const log_line& line) { return line["sockets"] == "2"; });
    raw_client to_next(next.address());
    EXPECT_EQ(problem_of(to_next.exchange(seen_by_old)), "use-dpop-nonce");
    EXPECT_EQ(problem_of(to_next.exchange(request({}, std::chrono::seconds(5)))), "use-dpop-nonce");
    const auto next_nonce = nonce_of(to_next);

    const auto seen_by_next = request(next_nonce);
    EXPECT_EQ(to_next.exchange(seen_by_next).status, 200U);
    EXPECT_EQ(problem_of(to_old.exchange(seen_by_next)), "use-dpop-nonce");
    const auto for_next = request(next_nonce);
    const auto refused = to_old.exchange(for_next);
    EXPECT_EQ(problem_of(refused), "use-dpop-nonce");
    EXPECT_EQ(to_next.exchange(for_next).status, 200U) << "a refused proof is not used up";

    const auto seen_with_old_nonce = request(refused.value("DPoP-Nonce"));
    EXPECT_EQ(to_old.exchange(seen_with_old_nonce).status, 200U) << "the old one serves its clients still";
    EXPECT_EQ(problem_of(to_next.exchange(seen_with_old_nonce)), "use-dpop-nonce");

    EXPECT_EQ(old.stop(), 0);
    (void)next.wait_for_event("takeover_ended");
    EXPECT_EQ(problem_of(to_next.exchange(request({}, std::chrono::seconds(5)))), "use-dpop-nonce");
    EXPECT_EQ(problem_of(to_next.exchange(seen_with_old_nonce)), "use-dpop-nonce");
    EXPECT_EQ(to_next.exchange(request(next_nonce)).status, 200U);
}

TEST(dpop_restart, a_unix_socket_is_shared_until_the_old_one_closes_it)
{
    recording_upstream api;
    const temporary_folder folder;
    const auto listen = "\"unix:" + folder.path() + "/gate.sock\"";
    gate_process old({.upstream = api.url(), .timeouts = "drain_delay: 0s", .listen = listen});
    gate_process next({.upstream = api.url(), .listen = listen, .take_over = true});
    (void)next.wait_for_event("takeover_began", [](const log_line& line) { return line["sockets"] == "1"; });
    gate_process third({.upstream = api.url(), .listen = listen, .take_over = true});
    (void)third.wait_for_event("takeover_began", [](const log_line& line) { return line["sockets"] == "2"; });
    EXPECT_EQ(old.stop(), 0);
    (void)next.wait_for_event("takeover_ended");
    EXPECT_EQ(next.stop(), 0);
    (void)third.wait_for_event("takeover_ended");
}

TEST(dpop_restart, a_nonce_of_the_api_is_the_apis_matter)
{
    calendar c;
    c.api.answer("/appointments", ok("x", "DPoP-Nonce: the-apis\r\n"));
    auto client = c.connect();
    (void)accepted_without_nonce(client);
    const auto answer = client.exchange(request("the-apis", std::chrono::seconds(5)));
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.value("DPoP-Nonce"), "the-apis");
    const auto ours = client.exchange(request(nonce_of(client)));
    EXPECT_EQ(ours.status, 200U);
    EXPECT_EQ(ours.value("DPoP-Nonce"), "the-apis") << "or the client would never satisfy the API";
}

} // namespace
} // namespace scopegate::test
