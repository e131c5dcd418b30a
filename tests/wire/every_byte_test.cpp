// Connections end at every byte of a response and of a request, by an orderly close and by a reset. A
// truncated message never looks whole to the other side, and the gate keeps nothing of it.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace scopegate::test {
namespace {

std::string letters(std::size_t count)
{
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += static_cast<char>('a' + i % 26);
    return text;
}

const std::string body = letters(150);
const std::string fields = "Content-Type: text/plain\r\nX-One: 1\r\nETag: \"abc\"\r\n";

struct answer_form {
    std::string sentence, bytes;
    bool ends_with_the_connection = false;
};
const answer_form answer_forms[] = {
    {"a length", ok(body, fields)},
    {"chunks", "HTTP/1.1 200 OK\r\n" + fields + "Transfer-Encoding: chunked\r\n\r\n" +
                   chunks(body, 40, "X-Last: 1\r\n")},
    {"interim answers before it",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok(body, fields)},
    {"until the connection closes", "HTTP/1.1 200 OK\r\n" + fields + "\r\n" + body, true},
};

// Expects that within `test_timeout` the gate holds at most `descriptors`, besides our own connection and one
// to the API.
void expect_at_most(const calendar& c, std::size_t descriptors)
{
    auto last = c.connect();
    for (const auto end = std::chrono::steady_clock::now() + test_timeout;
         c.gate.open_descriptors() > descriptors + 2 && std::chrono::steady_clock::now() < end;)
        ASSERT_EQ(last.exchange(get("/public")).status, 200U);
    EXPECT_LE(c.gate.open_descriptors(), descriptors + 2)
        << "a connection to a client or to the API is still open";
}

// Checks that the client saw the truth about a response that ended after `sent` bytes.
testing::AssertionResult is_honest(const answer_form& form, std::size_t sent, bool resets, const response& r)
{
    const auto whole = sent == form.bytes.size();
    if (r.end != ending::complete) {
        if (whole && !resets)
            return testing::AssertionFailure() << "the response was whole, but the client got " << r;
        return testing::AssertionSuccess();
    }
    if (r.status == 502)
        return whole && !resets ? testing::AssertionFailure() << "refused although it was whole"
                                : testing::AssertionSuccess();
    // If only the close delimits the body, an orderly close makes it whole at any of its bytes.
    const auto head = form.bytes.find("\r\n\r\n") + 4;
    const auto may_be_short = form.ends_with_the_connection && !resets && sent >= head;
    const auto expected = may_be_short ? body.substr(0, sent - head) : body;
    if (r.status == 200 && r.body == expected && (whole || may_be_short))
        return testing::AssertionSuccess();
    return testing::AssertionFailure() << "a truncated response looks whole: " << r;
}

void cut_answers(std::string_view request)
{
    calendar c;
    for (const auto& form : answer_forms)
        for (const bool resets : {false, true})
            for (std::size_t n = 0; n <= form.bytes.size(); ++n) {
                const auto part = form.bytes.substr(0, n);
                c.api.on("/public/cut", resets ? sends_then_resets(part) : sends_then_closes(part));
                auto client = c.connect();
                client.send(request);
                ASSERT_TRUE(is_honest(form, n, resets, client.read_final()))
                    << form.sentence << (resets ? ", reset" : ", closed") << " after byte " << n;
            }
}

TEST(every_byte, may_end_a_response_to_an_http_1_1_client)
{
    cut_answers(get("/public/cut"));
}

TEST(every_byte, may_end_a_response_to_an_http_1_0_client)
{
    cut_answers("GET /public/cut HTTP/1.0\r\nHost: a\r\n\r\n");
}

#ifdef SCOPEGATE_SANITIZED // all others take several times as long
constexpr const char* silent_api_timeouts = "upstream_response: 3s, body: 3s";
#else
constexpr const char* silent_api_timeouts = "upstream_response: 500ms, body: 500ms";
#endif

// Runs all cases at once, so that the timeouts overlap.
TEST(every_byte, may_be_the_last_before_the_api_falls_silent)
{
    calendar c({.timeouts = silent_api_timeouts});
    const auto descriptors = c.gate.open_descriptors();
    for (const auto& form : answer_forms) {
        std::vector<raw_client> callers;
        for (std::size_t n = 0; n < form.bytes.size(); ++n) {
            const auto path = "/public/silent/" + std::to_string(n);
            c.api.on(path, [part = form.bytes.substr(0, n)](upstream_exchange& x) {
                x.send(part);
                x.wait_for_close();
            });
            callers.push_back(c.connect());
            callers.back().send(get(path));
        }
        for (std::size_t n = 0; n < callers.size(); ++n) {
            const auto answer = callers[n].read_final();
            const bool refused = answer.end == ending::complete && answer.status == 504;
            ASSERT_TRUE(refused || answer.end == ending::cut || answer.end == ending::reset)
                << form.sentence << " after byte " << n << answer;
        }
    }
    expect_at_most(c, descriptors);
}

const std::pair<std::string, std::string> request_forms[] = {
    {"a length", request_text("POST", "/public/sink", {}, fields, body)},
    {"chunks", request_text("POST", "/public/sink", {}, fields + "Transfer-Encoding: chunked\r\n") +
                   chunks(body, 40, "X-Last: 1\r\n")},
};

TEST(every_byte, may_be_the_last_before_the_client_falls_silent)
{
    calendar c({.timeouts = "headers: 500ms, idle: 500ms, body: 500ms"});
    const auto descriptors = c.gate.open_descriptors();
    for (const auto& [sentence, bytes] : request_forms) {
        std::vector<raw_client> callers;
        for (std::size_t n = 0; n < bytes.size(); ++n) {
            callers.push_back(c.connect());
            callers.back().send(std::string_view(bytes).substr(0, n));
        }
        for (std::size_t n = 0; n < callers.size(); ++n) {
            const auto answer = callers[n].read_final("POST");
            ASSERT_TRUE(n == 0 ? answer.end == ending::none
                               : answer.end == ending::complete && answer.status == 408)
                << sentence << " after byte " << n << answer;
            ASSERT_TRUE(callers[n].is_closed_clean()) << sentence << " after byte " << n;
        }
    }
    expect_at_most(c, descriptors);
    for (const auto& r : c.api.requests())
        EXPECT_FALSE(r.whole && r.target == "/public/sink") << r;
}

TEST(every_byte, may_end_a_request)
{
    const auto& forms = request_forms;
    calendar c;
    {
        auto client = c.connect();
        for (const auto& [sentence, bytes] : forms) // these requests are whole
            EXPECT_EQ(client.exchange(bytes).status, 200U) << sentence;
    }
    const auto whole = c.api.requests().size();
    const auto descriptors = c.gate.open_descriptors();
    enum class leaving { closes, resets, only_ends };
    for (const auto& [sentence, bytes] : forms)
        for (const auto how : {leaving::closes, leaving::resets, leaving::only_ends})
            for (std::size_t n = 0; n < bytes.size(); ++n) {
                auto client = c.connect();
                client.send(std::string_view(bytes).substr(0, n));
                if (how == leaving::resets)
                    client.reset();
                if (how != leaving::only_ends)
                    continue;
                client.half_close();
                const auto rest = client.read_to_end();
                ASSERT_NE(rest.end, ending::late) << sentence << " after byte " << n;
                ASSERT_EQ(rest.bytes.find(" 200 "), std::string::npos)
                    << sentence << " after byte " << n << rest.bytes;
            }

    expect_at_most(c, descriptors);
    const auto seen = c.api.requests();
    EXPECT_EQ(std::count_if(seen.begin(), seen.end(),
                            [](const request& r) { return r.whole && r.target == "/public/sink"; }),
              static_cast<std::ptrdiff_t>(whole));
}

} // namespace
} // namespace scopegate::test
