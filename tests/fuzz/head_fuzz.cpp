// Heads: reading byte by byte and reading at once have the same result. A head that was parsed and written
// again reads the same. No accepted head can be read in another way by the next parser.
#include "fuzz/fuzz.hpp"

#include "http/chars.hpp"
#include "http/forward.hpp"
#include "http/framing.hpp"
#include "http/host.hpp"

namespace http = scopegate::http;
using scopegate::fuzz::check;

namespace {

constexpr http::head_limits limits{2048, 32};

void check_fields(std::string_view head, const http::field_list& fields)
{
    std::string kept;
    http::for_each_run(
        fields, [](const http::field&) { return true; }, [&](std::string_view run) { kept += run; });
    check(head.ends_with(kept + "\r\n"));
    http::field_list again;
    check(http::parse_field_lines(kept, 0, again).has_value() && again.size() == fields.size());
    for (const auto& f : fields) {
        check(http::is_token(f.name) && http::classify(f.name).id == f.id);
        check(f.value.find_first_of(std::string_view("\r\n\0\x7f", 4)) == std::string_view::npos);
        check(f.value.empty() || (!http::is_blank(f.value.front()) && !http::is_blank(f.value.back())));
    }
}

void check_same(const http::field_list& a, const http::field_list& b)
{
    check(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i)
        check(a[i].name == b[i].name && a[i].value == b[i].value && a[i].id == b[i].id);
}

std::string lines_of(const http::field_list& fields)
{
    std::string out;
    for (const auto& f : fields)
        out.append(f.name).append(": ").append(f.value).append("\r\n");
    return out + "\r\n";
}

// A response may repeat an equal length.
void check_body(const http::body_framing& body, const http::field_list& fields, bool request)
{
    unsigned lengths = 0, codings = 0;
    for (const auto& f : fields) {
        lengths += f.id == http::field_id::content_length ? 1 : 0;
        codings += f.id == http::field_id::transfer_encoding ? 1 : 0;
    }
    if (body.kind == http::body_kind::length)
        check((request ? lengths == 1 : lengths >= 1) && codings == 0);
    if (body.kind == http::body_kind::chunked)
        check(codings == 1 && lengths == 0);
}

void check_request(std::string_view bytes)
{
    http::request_head head, again;
    if (!http::parse_request_head(bytes, limits, head))
        return;
    check_fields(bytes, head.fields);
    check(http::is_token(head.method) && !head.target.empty());
    std::string anew(head.method);
    anew.append(" ").append(head.target).append(head.minor == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
    anew += lines_of(head.fields);
    check(http::parse_request_head(anew, {0, 0}, again).has_value());
    check(head.method == again.method && head.target == again.target && head.minor == again.minor);
    check_same(head.fields, again.fields);
    const auto framing = http::frame_request(head), framed_again = http::frame_request(again);
    check(framing.has_value() == framed_again.has_value());
    if (!framing)
        return;
    check(framing->host.empty() ? head.minor == 0 : http::is_host(framing->host));
    check(framing->host == framed_again->host && framing->keep_alive == framed_again->keep_alive);
    check(framing->body.kind != http::body_kind::until_close);
    check_body(framing->body, head.fields, true);
}

void check_response(std::string_view bytes, bool of_head)
{
    http::response_head head, again;
    if (!http::parse_response_head(bytes, limits, head))
        return;
    check_fields(bytes, head.fields);
    check(head.status >= 100 && head.status <= 999);
    std::string anew = head.minor == 0 ? "HTTP/1.0 " : "HTTP/1.1 ";
    anew.append(std::to_string(head.status)).append(" ").append(head.phrase).append("\r\n");
    anew += lines_of(head.fields);
    check(http::parse_response_head(anew, {0, 0}, again).has_value());
    check(head.status == again.status && head.phrase == again.phrase && head.minor == again.minor);
    check_same(head.fields, again.fields);
    const auto framing = http::frame_response(head, of_head ? "HEAD" : "GET");
    if (!framing)
        return;
    check_body(framing->body, head.fields, false);
    if (of_head || head.status < 200 || head.status == 204 || head.status == 304)
        check(framing->body.kind == http::body_kind::none);
    check(framing->body.kind != http::body_kind::until_close || !framing->keep_alive);
}

bool is_refused(std::string_view head, bool request)
{
    http::request_head asked;
    http::response_head answered;
    return request ? http::parse_request_head(head, limits, asked).has_error()
                   : http::parse_response_head(head, limits, answered).has_error();
}

// Three ways must agree: reading at once, finding the end and then parsing, and reading as bytes arrive.
template <class Head, class Read, class Parse>
void check_read(std::string_view bytes, Read read, Parse parse)
{
    std::size_t scanned = 0;
    Head head, expected;
    const auto size = read(bytes, scanned, limits, head);
    scanned = 0;
    const auto end = http::find_head_end(bytes, scanned, limits, std::is_same_v<Head, http::request_head>);
    if (!end || *end == 0) {
        check(end ? size.has_value() && *size == 0 && head.fields.empty() : size.error() == end.error());
        return;
    }
    const auto parsed = parse(bytes.substr(0, *end), limits, expected);
    check(parsed ? size.has_value() && *size == *end : size.error() == parsed.error());
    check_same(head.fields, expected.fields);
    if constexpr (std::is_same_v<Head, http::request_head>)
        check(head.method == expected.method && head.target == expected.target &&
              head.minor == expected.minor);
    else
        check(head.status == expected.status && head.phrase == expected.phrase &&
              head.minor == expected.minor);
    if (!parsed)
        return;
    std::size_t have = 0;
    scanned = 0;
    auto in_pieces = read({}, scanned, limits, head);
    while (in_pieces && *in_pieces == 0 && have < *end)
        in_pieces = read(bytes.substr(0, ++have), scanned, limits, head);
    check(in_pieces && *in_pieces == *end);
    check_same(head.fields, expected.fields);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const auto in = scopegate::fuzz::split_settings(bytes, size);
    const bool request = !in.has(0);
    std::size_t scanned = 0, have = 0;
    const auto whole = http::find_head_end(in.bytes, scanned, limits, request);
    scanned = 0;
    auto pieces = http::find_head_end({}, scanned, limits, request);
    while (pieces.has_value() && *pieces == 0 && have < in.bytes.size())
        pieces = http::find_head_end(in.bytes.substr(0, ++have), scanned, limits, request);
    // In pieces, a fault is found before the head is whole. In one piece, the parser finds it.
    check(whole ? !pieces || *whole == *pieces : !pieces);
    if (whole && !pieces)
        check(*whole != 0 && is_refused(in.bytes.substr(0, *whole), request));
    const auto head = whole && *whole != 0 ? in.bytes.substr(0, *whole) : in.bytes;
    if (request) {
        check_request(head);
        check_read<http::request_head>(in.bytes, http::read_request_head, http::parse_request_head);
    } else {
        check_response(head, in.has(1));
        check_read<http::response_head>(in.bytes, http::read_response_head, http::parse_response_head);
    }
    return 0;
}
