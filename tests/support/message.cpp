#include "support/message.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <ostream>

namespace scopegate::test {

namespace {

bool same_name(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool is_token(std::string_view s)
{
    return !s.empty() && std::all_of(s.begin(), s.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
    });
}

std::optional<std::uint64_t> number(std::string_view s, int base)
{
    std::uint64_t n = 0;
    const auto [end, failed] = std::from_chars(s.data(), s.data() + s.size(), n, base);
    if (s.empty() || failed != std::errc{} || end != s.data() + s.size() || s.size() > 15)
        return std::nullopt;
    return n;
}

void print(std::ostream& out, const message& m)
{
    out << printable(m.head) << printable(m.body, 500);
    for (const auto& [name, value] : m.trailers)
        out << "\ntrailer " << name << ": " << value;
}

} // namespace

std::vector<std::string> message::all(std::string_view name) const
{
    std::vector<std::string> found;
    for (const auto& [n, v] : fields)
        if (same_name(n, name))
            found.push_back(v);
    return found;
}

std::string message::value(std::string_view name) const
{
    std::string joined;
    for (const auto& v : all(name))
        joined += (joined.empty() ? "" : " | ") + v;
    return joined;
}

std::ostream& operator<<(std::ostream& out, ending e)
{
    constexpr std::string_view names[] = {"complete", "cut", "reset", "late", "none", "malformed"};
    return out << names[static_cast<std::size_t>(e)];
}

std::ostream& operator<<(std::ostream& out, const request& r)
{
    out << "on connection " << r.connection << ":\n";
    print(out, r);
    return out;
}

std::ostream& operator<<(std::ostream& out, const response& r)
{
    out << "(" << r.end << (r.fault.empty() ? "" : ": ") << r.fault << ")\n";
    print(out, r);
    return out;
}

ending message_reader::malformed(std::string why)
{
    fault_ = std::move(why);
    return ending::malformed;
}

ending message_reader::fill()
{
    char bytes[65536];
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    const auto got = from_.receive(bytes, sizeof bytes, std::max(left, std::chrono::milliseconds(0)));
    switch (got.how) {
    case socket_handle::outcome::data:
        buffer_.append(bytes, got.bytes);
        return ending::complete;
    case socket_handle::outcome::end:
        return ending::cut;
    case socket_handle::outcome::reset:
        return ending::reset;
    case socket_handle::outcome::late:
        break;
    }
    return ending::late;
}

ending message_reader::read_line(std::string& raw)
{
    std::size_t scanned = 0;
    for (;;) {
        const auto lf = buffer_.find('\n', scanned);
        if (lf != std::string::npos) {
            raw = buffer_.substr(0, lf + 1);
            if (raw.size() < 2 || raw[raw.size() - 2] != '\r' || raw.find('\r') != raw.size() - 2)
                return malformed("a line that does not end in exactly CRLF: " + printable(raw, 200));
            buffer_.erase(0, lf + 1);
            return ending::complete;
        }
        scanned = buffer_.size();
        if (const auto more = fill(); more != ending::complete)
            return more;
    }
}

ending message_reader::read_fields(std::vector<std::pair<std::string, std::string>>& into, std::string& raw)
{
    for (;;) {
        std::string line;
        if (const auto read = read_line(line); read != ending::complete)
            return read;
        raw += line;
        if (line == "\r\n")
            return ending::complete;
        const auto colon = line.find(':');
        const auto name = line.substr(0, colon);
        if (colon == std::string::npos || !is_token(name))
            return malformed("a field line without a proper name: " + printable(line, 200));
        auto value = line.substr(colon + 1, line.size() - colon - 3);
        value.erase(0, value.find_first_not_of(" \t"));
        value.erase(value.find_last_not_of(" \t") + 1);
        if (std::any_of(value.begin(), value.end(),
                        [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; }))
            return malformed("a control in a field value: " + printable(line, 200));
        into.emplace_back(name, value);
    }
}

ending message_reader::read_head(message& into)
{
    const bool begun = !buffer_.empty();
    std::string line;
    if (const auto read = read_line(line); read != ending::complete)
        return !begun && buffer_.empty() && (read == ending::cut || read == ending::reset)
                   ? (read == ending::cut ? ending::none : read)
                   : read;
    into.head = line;
    into.start_line = line.substr(0, line.size() - 2);
    return read_fields(into.fields, into.head);
}

ending message_reader::read_sized(message& into, std::uint64_t length)
{
    while (into.raw_body.size() < length) {
        if (buffer_.empty())
            if (const auto more = fill(); more != ending::complete)
                return more;
        const auto take = std::min<std::uint64_t>(length - into.raw_body.size(), buffer_.size());
        into.raw_body.append(buffer_, 0, take);
        buffer_.erase(0, take);
    }
    into.body = into.raw_body;
    return ending::complete;
}

ending message_reader::read_chunked(message& into)
{
    for (;;) {
        std::string line;
        if (const auto read = read_line(line); read != ending::complete)
            return read;
        into.raw_body += line;
        const auto size = number(std::string_view(line).substr(0, line.size() - 2), 16);
        if (!size)
            return malformed("not a chunk size: " + printable(line, 100));
        if (*size == 0)
            return read_fields(into.trailers, into.raw_body);
        while (buffer_.size() < *size + 2) {
            if (const auto more = fill(); more != ending::complete) {
                into.body.append(buffer_, 0, std::min<std::size_t>(*size, buffer_.size()));
                return more;
            }
        }
        if (buffer_.compare(*size, 2, "\r\n") != 0)
            return malformed("no CRLF behind a chunk");
        into.raw_body.append(buffer_, 0, *size + 2);
        into.body.append(buffer_, 0, *size);
        buffer_.erase(0, *size + 2);
    }
}

response message_reader::read_response(std::string_view method, std::chrono::milliseconds wait)
{
    deadline_ = std::chrono::steady_clock::now() + wait;
    response r;
    r.end = read_head(r);
    r.fault = fault_;
    if (r.end != ending::complete) {
        r.head += buffer_;
        return r;
    }
    const auto& line = r.start_line; // HTTP/1.1 200 OK
    const auto status = line.size() >= 13 ? number(line.substr(9, 3), 10) : std::nullopt;
    if (!line.starts_with("HTTP/1.") || line[8] != ' ' || !status || line[12] != ' ') {
        r.end = malformed("not a status line: " + printable(line, 200));
        r.fault = fault_;
        return r;
    }
    r.version = line.substr(0, 8);
    r.status = static_cast<unsigned>(*status);
    r.phrase = line.substr(13);

    const auto codings = r.all("Transfer-Encoding");
    const auto lengths = r.all("Content-Length");
    r.chunked = !codings.empty();
    if (codings.size() + lengths.size() > 1 || (r.chunked && codings.front() != "chunked"))
        r.end = malformed("an answer whose length can be read in two ways");
    else if (method == "HEAD" || r.status < 200 || r.status == 204 || r.status == 304)
        r.end = ending::complete;
    else if (r.chunked)
        r.end = read_chunked(r);
    else if (!lengths.empty()) {
        const auto length = number(lengths.front(), 10);
        r.end = length ? read_sized(r, *length) : malformed("Content-Length: " + lengths.front());
    } else {
        r.end = read_to_end(r.raw_body, wait);
        r.end = r.end == ending::cut ? ending::complete : r.end;
        r.body = r.raw_body;
    }
    r.fault = fault_;
    return r;
}

ending message_reader::read_request_head(request& into)
{
    deadline_ = std::chrono::steady_clock::now() + std::chrono::hours(1); // the reading server ends it
    if (const auto read = read_head(into); read != ending::complete)
        return read;
    const auto& line = into.start_line;
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string::npos || first == last || line.find(' ', first + 1) != last)
        return malformed("not a request line: " + printable(line, 200));
    into.method = line.substr(0, first);
    into.target = line.substr(first + 1, last - first - 1);
    if (!is_token(into.method) || !into.target.starts_with('/') || line.substr(last + 1) != "HTTP/1.1")
        return malformed("not a request line for an origin server: " + printable(line, 200));
    if (into.all("Host").size() != 1)
        return malformed("not exactly one Host");
    const auto codings = into.all("Transfer-Encoding");
    if (codings.size() + into.all("Content-Length").size() > 1)
        return malformed("a request whose length can be read in two ways");
    into.chunked = !codings.empty();
    if (into.chunked && codings.front() != "chunked")
        return malformed("Transfer-Encoding: " + codings.front());
    return ending::complete;
}

ending message_reader::read_request_body(request& into)
{
    if (into.chunked)
        return read_chunked(into);
    if (!into.has("Content-Length"))
        return ending::complete;
    const auto length = number(into.value("Content-Length"), 10);
    return length ? read_sized(into, *length) : malformed("Content-Length: " + into.value("Content-Length"));
}

std::size_t message_reader::skip(std::size_t bytes)
{
    std::size_t skipped = 0;
    for (;;) {
        const auto now = std::min(bytes - skipped, buffer_.size());
        buffer_.erase(0, now);
        skipped += now;
        if (skipped == bytes || fill() != ending::complete)
            return skipped;
    }
}

std::string message_reader::read_bytes(std::size_t bytes, std::chrono::milliseconds wait)
{
    deadline_ = std::chrono::steady_clock::now() + wait;
    while (buffer_.size() < bytes && fill() == ending::complete) {
    }
    const auto taken = buffer_.substr(0, bytes);
    buffer_.erase(0, taken.size());
    return taken;
}

ending message_reader::read_to_end(std::string& into, std::chrono::milliseconds wait)
{
    for (;;) {
        into += buffer_;
        buffer_.clear();
        deadline_ = std::chrono::steady_clock::now() + wait;
        if (const auto more = fill(); more != ending::complete)
            return more;
    }
}

} // namespace scopegate::test
