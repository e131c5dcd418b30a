// Heads: byte by byte or at once is the same end, and what is forwarded reads as the fields that were kept.
#include "http/forward.hpp"
#include "http/framing.hpp"

#include <cstdlib>

namespace http = scopegate::http;

namespace {

void check(bool holds)
{
    if (!holds)
        std::abort();
}

template <class Head>
void check_head(std::string_view lines, const Head& head)
{
    std::string kept;
    http::for_each_run(
        head.fields, [](const http::field&) { return true; }, [&](std::string_view run) { kept += run; });
    check(lines.ends_with(kept + "\r\n"));
    http::field_list again;
    check(http::parse_field_lines(kept, 0, again).has_value() && again.size() == head.fields.size());
    for (const auto& f : head.fields) {
        check(http::is_token(f.name) &&
              f.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
        check(f.value.empty() || (f.value.front() > ' ' || f.value.front() < 0));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view data(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    const bool request = (bytes[0] & 1U) != 0;
    const http::head_limits limits{512, 8};
    std::size_t scanned = 0, have = 0;
    const auto whole = http::find_head_end(data, scanned, limits, request);
    scanned = 0;
    auto pieces = http::find_head_end({}, scanned, limits, request);
    while (pieces.has_value() && *pieces == 0 && have < data.size())
        pieces = http::find_head_end(data.substr(0, ++have), scanned, limits, request);
    check(whole.has_value() == pieces.has_value() && (!whole || *whole == *pieces));
    const auto head_bytes = whole ? data.substr(0, *whole) : data;
    http::request_head asked;
    if (http::parse_request_head(head_bytes, limits, asked)) {
        check_head(head_bytes, asked);
        if (const auto framing = http::frame_request(asked))
            check(asked.minor == 0 || !framing->host.empty());
        (void)http::collect_forwarded(asked, http::request_rules{},
                                      [](std::string_view run) { check(!run.empty()); });
    }
    http::response_head answered;
    if (http::parse_response_head(head_bytes, limits, answered)) {
        check_head(head_bytes, answered);
        (void)http::frame_response(answered, "GET");
    }
    return 0;
}
