// A whole message as our parser and as Beast's reads it, in one form for comparison. Messages that both
// accept, both must read alike. For programs that stop at http/; include it in one source of a program only.
#pragma once

#include "base/text.hpp"
#include "http/framing.hpp"

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

// Beast's non-template parts that the parser needs. net/ has them all, but this program stops at http/.
#include <boost/beast/core/detail/impl/temporary_buffer.ipp>
#include <boost/beast/core/impl/error.ipp>
#include <boost/beast/core/impl/string.ipp>
#include <boost/beast/http/detail/basic_parser.ipp>
#include <boost/beast/http/detail/rfc7230.ipp>
#include <boost/beast/http/impl/basic_parser.ipp>
#include <boost/beast/http/impl/error.ipp>
#include <boost/beast/http/impl/field.ipp>
#include <boost/beast/http/impl/fields.ipp>
#include <boost/beast/http/impl/rfc7230.ipp>
#include <boost/beast/http/impl/status.ipp>
#include <boost/beast/http/impl/verb.ipp>

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::test {

namespace beast = boost::beast;

// A parser's reading of a message.
struct reading {
    std::string head;   // method and target, or status
    std::string fields; // `name:value;` each
    std::string length; // none, chunked, a number or until-close
    bool keep_alive = false;
    std::optional<std::string> body; // decoded; nothing if it is incomplete
    friend bool operator==(const reading&, const reading&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const reading& r)
{
    return out << r.head << " | " << r.fields << " | " << r.length
               << (r.keep_alive ? " | keep | " : " | close | ") << r.body.value_or("(incomplete)");
}

// Beast keeps fields of one name together. Both sides are therefore sorted by name, and keep the order within
// a name.
inline std::string format_fields(std::vector<std::pair<std::string, std::string>> fields)
{
    const auto lower = [](std::string s) {
        std::transform(s.begin(), s.end(), s.begin(), ascii_lower);
        return s;
    };
    std::stable_sort(fields.begin(), fields.end(),
                     [&](const auto& a, const auto& b) { return lower(a.first) < lower(b.first); });
    std::string out;
    for (const auto& [name, value] : fields)
        out += name + ':' + value + ';';
    return out;
}
inline std::string format_fields(const http::field_list& fields)
{
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const auto& f : fields)
        pairs.emplace_back(f.name, f.value);
    return format_fields(std::move(pairs));
}
inline std::string format_fields(const beast::http::fields& fields)
{
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const auto& f : fields)
        pairs.emplace_back(f.name_string(), f.value());
    return format_fields(std::move(pairs));
}

inline void read_body(reading& r, const http::body_framing& body, std::string_view rest, bool& refused)
{
    if (body.kind == http::body_kind::none) {
        r.length = "none";
        r.body = "";
    } else if (body.kind == http::body_kind::until_close) {
        r.length = "until-close";
        r.body = rest;
    } else if (body.kind == http::body_kind::length) {
        r.length = std::to_string(body.length);
        if (rest.size() >= body.length)
            r.body = rest.substr(0, body.length);
    } else {
        r.length = "chunked";
        http::chunked_decoder decoder;
        std::string data;
        for (;;) {
            const auto step = decoder.next(rest);
            if (step.has_error()) {
                refused = true;
                return;
            }
            data += step->data;
            rest.remove_prefix(step->consumed);
            if (step->complete)
                r.body = data;
            if (step->complete || step->consumed == 0)
                return;
        }
    }
}

inline std::optional<reading> read_ours(std::string_view message, bool request, std::string_view asked)
{
    std::size_t scanned = 0;
    const auto size = http::find_head_end(message, scanned, {}, request);
    if (size.has_error() || *size == 0)
        return std::nullopt;
    const auto head_bytes = message.substr(0, *size);
    const auto rest = message.substr(*size);
    reading r;
    bool refused = false;
    if (request) {
        http::request_head head;
        if (!http::parse_request_head(head_bytes, {}, head))
            return std::nullopt;
        const auto framing = http::frame_request(head);
        if (!framing)
            return std::nullopt;
        r.head = std::string(head.method) + ' ' + std::string(head.target);
        r.fields = format_fields(head.fields);
        r.keep_alive = framing->keep_alive;
        read_body(r, framing->body, rest, refused);
    } else {
        http::response_head head;
        if (!http::parse_response_head(head_bytes, {}, head))
            return std::nullopt;
        const auto framing = http::frame_response(head, asked);
        if (!framing)
            return std::nullopt;
        r.head = std::to_string(head.status);
        r.fields = format_fields(head.fields);
        r.keep_alive = framing->keep_alive;
        read_body(r, framing->body, rest, refused);
    }
    return refused ? std::nullopt : std::optional(r);
}

inline std::string format_head(const beast::http::request_header<>& head)
{
    return std::string(head.method_string()) + ' ' + std::string(head.target());
}
inline std::string format_head(const beast::http::response_header<>& head)
{
    return std::to_string(head.result_int());
}

template <bool Request>
std::optional<reading> read_theirs(std::string_view message, std::string_view asked)
{
    beast::http::parser<Request, beast::http::buffer_body> parser;
    parser.body_limit(boost::none);
    if (!Request && asked == "HEAD")
        parser.skip(true);
    beast::error_code ec;
    auto used = parser.put(boost::asio::buffer(message), ec);
    if ((ec && ec != beast::http::error::need_buffer) || !parser.is_header_done())
        return std::nullopt;
    reading r;
    const auto& head = parser.get().base();
    r.head = format_head(head);
    r.fields = format_fields(head);
    r.keep_alive = parser.keep_alive();
    if (parser.chunked())
        r.length = "chunked";
    else if (const auto length = parser.content_length())
        r.length = std::to_string(*length);
    else
        r.length = Request ? "none" : "until-close";
    std::string body;
    std::array<char, 64> room{};
    message.remove_prefix(used);
    while (!parser.is_done() && !message.empty()) {
        auto& sink = parser.get().body();
        sink.data = room.data();
        sink.size = room.size();
        used = parser.put(boost::asio::buffer(message), ec);
        body.append(room.data(), room.size() - sink.size);
        message.remove_prefix(used);
        if (ec == beast::http::error::need_buffer)
            continue;
        if (ec == beast::http::error::need_more)
            break;
        if (ec)
            return std::nullopt;
    }
    if (parser.is_done() || r.length == "until-close")
        r.body = body;
    return r;
}

// Removes the allowed differences. If both `close` and `keep-alive` are named, `close` wins with us, whereas
// the order decides in Beast: we may close where Beast would not, never the reverse. For a response without a
// body, Beast still reports the length of the fields.
inline void forgive(reading& ours, reading& theirs)
{
    if (ours.length == "none" && theirs.head.find(' ') == std::string::npos)
        ours.length = theirs.length, ours.keep_alive = theirs.keep_alive, theirs.body = ours.body;
    theirs.keep_alive = theirs.keep_alive && ours.keep_alive;
}

} // namespace scopegate::test
