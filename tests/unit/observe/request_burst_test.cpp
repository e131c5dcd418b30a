#include "observe/request_burst.hpp"

#include "base/json.hpp"
#include "observe/busiest_clients.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace scopegate::observe {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr wall_time noon{1'800'000'000'000ms};

// Returns how many of `refusals` denials get a line of their own.
int admitted(int refusals, std::size_t burst, const refused_request& r, wall_time now)
{
    int lines = 0;
    for (int i = 0; i < refusals; ++i)
        lines += admit_refusal(burst, r, now) ? 1 : 0;
    return lines;
}

TEST(request_burst, logs_the_first_denials_of_a_second_and_counts_the_others)
{
    const refused_request r{"/a/{id}", reason::no_token, "192.0.2.7"};
    EXPECT_EQ(admitted(25, 10, r, noon), 10);
    EXPECT_EQ(admitted(25, 10, r, noon + 999ms), 0);
    EXPECT_THAT(take_burst_lines(noon),
                ElementsAre(R"({"time":"2027-01-15T08:00:00.000Z","level":"warn","event":"request_burst",)"
                            R"("route":"/a/{id}","reason":"no-token","count":40,)"
                            R"("busiest":[{"client":"192.0.2.7","count":40}]})"));
    EXPECT_THAT(take_burst_lines(noon), IsEmpty());
    EXPECT_EQ(admitted(25, 10, r, noon + 1s), 10);
    EXPECT_THAT(take_burst_lines(noon), ElementsAre(HasSubstr(R"("count":15,)")));
}

TEST(request_burst, counts_each_route_and_reason_separately)
{
    const auto later = noon + 10s;
    EXPECT_EQ(admitted(6, 5, {"/a", reason::no_token, "192.0.2.7"}, later), 5);
    EXPECT_EQ(admitted(6, 5, {"/b", reason::no_token, "192.0.2.7"}, later), 5);
    EXPECT_EQ(admitted(7, 5, {"/a", reason::token_expired, "192.0.2.7"}, later), 5);
    EXPECT_THAT(take_burst_lines(later),
                ElementsAre(HasSubstr(R"("route":"/a","reason":"no-token","count":1,)"),
                            HasSubstr(R"("route":"/a","reason":"token-expired","count":2,)"),
                            HasSubstr(R"("route":"/b","reason":"no-token","count":1,)")));
}

TEST(request_burst, has_no_limit_by_default)
{
    EXPECT_EQ(admitted(5000, 0, {"/c", reason::no_token, "192.0.2.7"}, noon), 5000);
    EXPECT_THAT(take_burst_lines(noon), IsEmpty());
}

TEST(request_burst, names_the_three_busiest_clients)
{
    const auto later = noon + 20s;
    for (int i = 0; i < 40; ++i)
        for (int client = 0; client <= i / 10; ++client) {
            const auto address = "192.0.2." + std::to_string(client);
            EXPECT_EQ(admit_refusal(1, {"/d", reason::no_token, address}, later), i == 0 && client == 0);
        }
    EXPECT_THAT(
        take_burst_lines(later),
        ElementsAre(HasSubstr(R"("count":99,"busiest":[{"client":"192.0.2.0","count":39},)"
                              R"({"client":"192.0.2.1","count":30},{"client":"192.0.2.2","count":20}]})")));
}

TEST(request_burst, sums_the_counts_of_all_threads)
{
    const auto later = noon + 30s;
    std::vector<std::thread> threads;
    std::atomic<int> lines = 0;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            lines += admitted(1000, 100, {"/e", reason::no_token, "192.0.2.7"}, later);
        });
    std::vector<std::string> told;
    for (int i = 0; i < 100; ++i)
        for (auto& line : take_burst_lines(later))
            told.push_back(std::move(line));
    for (auto& t : threads)
        t.join();
    for (auto& line : take_burst_lines(later))
        told.push_back(std::move(line));
    EXPECT_EQ(lines, 100);
    int counted = 0;
    for (const auto& line : told) {
        const auto parsed = json::parse(line);
        ASSERT_TRUE(parsed) << line;
        counted += std::stoi(std::string(parsed->find("count")->scalar_text().value()));
    }
    EXPECT_EQ(counted, 3900);
}

TEST(request_burst, is_bounded_in_routes_and_lets_no_text_forge_a_line)
{
    const auto later = noon + 40s;
    int lines = 0;
    for (int i = 0; i < 2000; ++i) {
        const auto route = "/f/\"\n" + std::to_string(i);
        lines += admitted(10, 1, {route, reason::no_token, "\"\n"}, later);
    }
    const auto told = take_burst_lines(later);
    EXPECT_EQ(told.size(), 257U);
    int counted = 0;
    for (const auto& line : told) {
        const auto parsed = json::parse(line);
        ASSERT_TRUE(parsed && line.find('\n') == std::string::npos) << line;
        counted += std::stoi(std::string(parsed->find("count")->scalar_text().value()));
    }
    EXPECT_EQ(counted + lines, 20'000);
}

TEST(busiest_clients, finds_a_busy_client_among_very_many_and_claims_no_more_than_it_knows)
{
    busiest_clients all;
    for (int i = 0; i < 100'000; ++i)
        all.add(i % 5 == 0 ? std::string("192.0.2.7")
                           : "10.0." + std::to_string(i / 256 % 256) + "." + std::to_string(i % 256));
    EXPECT_EQ(all.entries().size(), busiest_clients::most);
    std::uint64_t known = 0;
    for (const auto& e : all.entries()) {
        if (e.client == "192.0.2.7")
            known = e.at_least();
        else
            EXPECT_LE(e.at_least(), 400U) << e.client;
    }
    EXPECT_GE(known, 10'000U);
    EXPECT_LE(known, 20'000U);
}

} // namespace
} // namespace scopegate::observe
