// A DPoP proof counts once, even if the process that has seen it is replaced: by a restart, or while both
// processes listen (--takeover). tests/wire/dpop_test.cpp covers a single process.
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

// Returns a request with a fresh proof whose `iat` is `ahead` of now. An empty `nonce` leaves the claim out.
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

// Returns the first request without a nonce that the process accepts. The proof's `iat` may lie a little in
// the future, so that the process soon knows that no earlier process can have seen the proof.
std::string accepted_without_nonce(raw_client& client)
{
    const auto until = std::chrono::steady_clock::now() + test_timeout;
    while (std::chrono::steady_clock::now() < until) {
        auto sent = request({}, std::chrono::seconds(5));
        if (client.exchange(sent).status == 200)
            return sent;
    }
    throw std::runtime_error("no proof without a nonce was accepted");
}

TEST(dpop_restart, makes_the_new_process_ask_for_its_nonce_first)
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
    EXPECT_EQ(passed.value("DPoP-Nonce"), nonce) << "each response supplies the next nonce";
}

TEST(dpop_restart, rejects_a_proof_that_the_previous_process_has_seen)
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
    old.reset(); // SIGKILL: the process could not save which proofs it had seen

    gate_process next({.upstream = api.url(), .listen = address});
    raw_client again(address);
    EXPECT_EQ(problem_of(again.exchange(seen)), "use-dpop-nonce");
    EXPECT_EQ(problem_of(again.exchange(seen_with_nonce)), "use-dpop-nonce");
    EXPECT_EQ(problem_of(again.exchange(request(old_nonce))), "use-dpop-nonce")
        << "the nonces end with the process";
    EXPECT_EQ(again.exchange(request(nonce_of(again))).status, 200U);
    (void)accepted_without_nonce(again); // after a while nonces are no longer required
    EXPECT_NE(problem_of(again.exchange(seen)), "") << "proofs issued before the start stay refused";
}

TEST(dpop_restart, makes_each_of_two_processes_on_a_port_accept_only_its_own_nonces)
{
    recording_upstream api;
    gate_process old({.upstream = api.url(), .timeouts = "drain_delay: 0s", .server = "workers: 2"});
    raw_client to_old(old.address());
    const auto seen_by_old = accepted_without_nonce(to_old);

    // A second listener shows which of the two processes responds.
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
    EXPECT_EQ(to_next.exchange(for_next).status, 200U) << "a refused proof does not count as used";

    const auto seen_with_old_nonce = request(refused.value("DPoP-Nonce"));
    EXPECT_EQ(to_old.exchange(seen_with_old_nonce).status, 200U)
        << "the old process still serves its clients";
    EXPECT_EQ(problem_of(to_next.exchange(seen_with_old_nonce)), "use-dpop-nonce");

    EXPECT_EQ(old.stop(), 0);
    (void)next.wait_for_event("takeover_ended");
    EXPECT_EQ(problem_of(to_next.exchange(request({}, std::chrono::seconds(5)))), "use-dpop-nonce");
    EXPECT_EQ(problem_of(to_next.exchange(seen_with_old_nonce)), "use-dpop-nonce");
    EXPECT_EQ(to_next.exchange(request(next_nonce)).status, 200U);
}

TEST(dpop_restart, shares_a_unix_socket_until_the_old_process_closes_it)
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

TEST(dpop_restart, leaves_the_apis_own_nonces_to_the_api)
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
    EXPECT_EQ(ours.value("DPoP-Nonce"), "the-apis") << "without it the client could never satisfy the API";
}

} // namespace
} // namespace scopegate::test
