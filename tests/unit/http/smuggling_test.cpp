// Plays tests/cases/smuggling (see its README) against the components of a session, without sockets.
#include "base/text.hpp"
#include "http/forward.hpp"
#include "http/framing.hpp"
#include "http/target.hpp"
#include "support/places.hpp"
#include "unit/http/outcome.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <vector>

namespace scopegate::http {
namespace {

std::string read_file(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// Decodes and removes the body at the start of `in` and returns its size, or nothing if it is incomplete.
result<std::optional<std::size_t>> take_body(std::string_view& in, const body_framing& framing)
{
    if (framing.kind != body_kind::chunked) {
        if (in.size() < framing.length)
            return std::optional<std::size_t>{};
        in.remove_prefix(framing.length);
        return std::optional<std::size_t>(framing.length);
    }
    chunked_decoder decoder(chunk_rules{.trailer_bytes = head_limits{}.bytes});
    std::size_t size = 0;
    for (;;) {
        const auto step = decoder.next(in);
        if (step.has_error())
            return step.error();
        size += step->data.size();
        in.remove_prefix(step->consumed);
        if (step->complete)
            return std::optional(size);
        if (step->consumed == 0)
            return std::optional<std::size_t>{};
    }
}

std::string lower(std::string_view s)
{
    std::string out(s);
    std::transform(out.begin(), out.end(), out.begin(), ascii_lower);
    return out;
}

struct played {
    std::string event;                // `passes: ...`, `refused: ...` or `waits`
    std::multiset<std::string> names; // of the forwarded fields
    bool last = true;
};

played play_one(std::string_view& in)
{
    static const std::vector<std::string> identity{"X-Auth-Subject", "X-Auth-Client", "X-Auth-Scopes"};
    const auto refused = [](reason r) { return played{"refused: " + std::string(name(r)), {}, true}; };
    std::size_t scanned = 0;
    const head_limits limits;
    const auto size = find_head_end(in, scanned, limits, true);
    if (size.has_error())
        return refused(size.error());
    if (*size == 0)
        return {"waits", {}, true};
    request_head head;
    if (const auto ok = parse_request_head(in.substr(0, *size), limits, head); ok.has_error())
        return refused(ok.error());
    in.remove_prefix(*size);
    const auto framing = frame_request(head);
    if (framing.has_error())
        return refused(framing.error());
    std::string scratch, forwarded;
    const auto target = normalize_target(head.target, head.method, {}, scratch);
    if (target.has_error())
        return refused(target.error());
    const request_rules rules{false, framing->upgrade_websocket, identity, {}, {}};
    const auto collected = collect_forwarded(head, rules, [&](std::string_view run) { forwarded += run; });
    if (collected.has_error())
        return refused(collected.error());
    const auto body = take_body(in, framing->body);
    if (body.has_error())
        return refused(body.error());
    if (!*body)
        return {"waits", {}, true};
    std::ostringstream event;
    event << "passes: " << head.method << ' ' << target->path << target->query << ' ' << **body;
    played out{event.str(), {}, !framing->keep_alive};
    field_list fields;
    EXPECT_TRUE(parse_field_lines(forwarded, 0, fields)) << "the forwarded bytes must be a field section";
    for (const auto& f : fields)
        out.names.insert(lower(f.name));
    return out;
}

void play(const std::filesystem::path& path)
{
    const auto bytes = read_file(path);
    std::istringstream expect(read_file(std::filesystem::path(path).replace_extension(".expect")));
    std::string line;
    std::getline(expect, line);
    ASSERT_TRUE(line.starts_with("# ")) << "a case must begin with a sentence that states its purpose";
    SCOPED_TRACE(path.filename().string() + ": " + line.substr(2));

    std::string_view in = bytes;
    played now;
    now.last = false;
    while (std::getline(expect, line)) {
        if (line.starts_with("with: ")) {
            EXPECT_TRUE(now.names.contains(line.substr(6))) << line;
        } else if (line.starts_with("without: ")) {
            EXPECT_FALSE(now.names.contains(line.substr(9))) << line;
        } else {
            ASSERT_FALSE(now.last) << "expected " << line << " behind " << now.event;
            now = play_one(in);
            EXPECT_EQ(now.event, line);
        }
    }
    EXPECT_TRUE(now.last || in.empty()) << "left over: " << in;
}

TEST(smuggling, ends_as_each_case_expects)
{
    std::size_t cases = 0;
    for (const auto& entry : std::filesystem::directory_iterator(SCOPEGATE_TEST_CASES "/smuggling")) {
        if (entry.path().extension() != ".http")
            continue;
        ++cases;
        play(entry.path());
    }
    EXPECT_GE(cases, 60U);
}

// Returns the result for a head in two pieces: its size (0 if incomplete), or `refused`, whether it was
// refused early or when it was parsed. The reason of a refusal may differ: `HTTP/0` is another version,
// whereas `HTTP/01.1` is not a version.
std::string head_end(std::string_view bytes, std::size_t cut)
{
    std::size_t scanned = 0;
    const head_limits limits;
    request_head head;
    auto size = read_request_head(bytes.substr(0, cut), scanned, limits, head);
    if (size && *size == 0)
        size = read_request_head(bytes, scanned, limits, head);
    return size ? std::to_string(*size) : "refused";
}

TEST(smuggling, does_not_depend_on_where_a_head_is_split)
{
    for (const auto& entry : std::filesystem::directory_iterator(SCOPEGATE_TEST_CASES "/smuggling")) {
        if (entry.path().extension() != ".http")
            continue;
        SCOPED_TRACE(entry.path().filename().string());
        const auto bytes = read_file(entry.path());
        std::string_view in = bytes;
        for (bool last = false; !last && !in.empty();) {
            const auto whole = head_end(in, in.size());
            for (std::size_t cut = 0; cut < in.size(); ++cut)
                EXPECT_EQ(head_end(in, cut), whole) << "split at " << cut;
            last = play_one(in).last;
        }
    }
}

} // namespace
} // namespace scopegate::http
