// Plays tests/cases/smuggling (see its README) against the running gate. The API gets and the client hears
// exactly what the case says, wherever the bytes are split.
#include "support/calendar.hpp"
#include "support/places.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace scopegate::test {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// Returns a case's lines, each as its first word and the rest.
std::vector<std::pair<std::string, std::string>> expectations(const fs::path& path)
{
    std::vector<std::pair<std::string, std::string>> all;
    std::istringstream lines(read_file(fs::path(path).replace_extension(".expect")));
    for (std::string line; std::getline(lines, line);)
        if (!line.starts_with('#'))
            all.emplace_back(line.substr(0, line.find(':')),
                             line.substr(std::min(line.size(), line.find(':') + 2)));
    return all;
}

// Returns whether the gate sets this field itself. The cases say that a client's own copies are removed.
bool is_ours(const std::string& name)
{
    static const std::set<std::string> ours{
        "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",  "via",
        "x-request-id",    "content-length",    "transfer-encoding", "expect"};
    return ours.contains(name);
}

// Returns whole requests only: the API may have seen the beginning of one whose body is malformed.
std::vector<request> whole_requests(const calendar& c, std::size_t from)
{
    auto all = c.api.requests();
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(from));
    std::erase_if(all, [](const request& r) { return !r.whole; });
    return all;
}

// Plays the case in two segments, the second from byte `cut` on.
void play(const calendar& c, const fs::path& path, std::size_t cut)
{
    SCOPED_TRACE(path.filename().string() + " split at " + std::to_string(cut));
    const auto earlier = c.api.requests().size();
    auto client = c.connect();
    client.send_cut(read_file(path), {cut});
    client.half_close();

    std::size_t passed = 0;
    std::vector<std::string> seen_names;
    for (const auto& [word, what] : expectations(path)) {
        if (word == "passes") {
            const auto answer = client.read_final(what.substr(0, what.find(' ')));
            ASSERT_EQ(answer.status, 200U) << answer;
            const auto forwarded = whole_requests(c, earlier);
            ASSERT_GT(forwarded.size(), passed);
            const auto& r = forwarded[passed++];
            EXPECT_EQ(r.method + " " + r.target + " " + std::to_string(r.body.size()), what) << r;
            seen_names = field_names(r);
        } else if (word == "with" && !is_ours(what) && what != "upgrade") { // tunnels have tests of their own
            EXPECT_THAT(seen_names, testing::Contains(what));
        } else if (word == "without" && !is_ours(what)) {
            EXPECT_THAT(seen_names, testing::Not(testing::Contains(what)));
        } else if (word == "refused") {
            const auto answer = client.read_final();
            EXPECT_EQ(json_member(answer.body, "type"), "urn:scopegate:problem:" + what) << answer;
            EXPECT_GE(answer.status, 400U);
        }
    }
    const auto rest = client.read_to_end();
    EXPECT_EQ(printable(rest.bytes), "");
    EXPECT_EQ(whole_requests(c, earlier).size(), passed);
}

TEST(smuggling, ends_as_each_case_says_over_a_socket)
{
    calendar c({.routes = "routes: {'/': {ANY: public}, '/{all...}': {ANY: public}}"});
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(SCOPEGATE_TEST_CASES "/smuggling"))
        if (entry.path().extension() == ".http") {
            const auto size = fs::file_size(entry.path());
            std::set<std::size_t> cuts{0}; // in one piece
            for (const std::size_t eighths : {1U, 3U, 5U, 7U})
                cuts.insert(size * eighths / 8);
            if (size > 2)
                cuts.insert({size - 1, size - 2});
            // Each split counts where one request ends and the next begins. The tests in tests/unit/http try
            // all splits of heads.
            if (entry.path().filename().string().starts_with("pipeline_"))
                for (std::size_t cut = 1; cut < size; ++cut)
                    cuts.insert(cut);
            for (const auto cut : cuts)
                play(c, entry.path(), cut);
            ++count;
        }
    EXPECT_GT(count, 100U);
}

} // namespace
} // namespace scopegate::test
