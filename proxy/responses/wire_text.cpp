// Writes a response as the bytes to send.
#include "responses/response_book.hpp"

namespace scopegate::responses {

namespace {

std::string_view status_line(unsigned status) noexcept
{
    switch (status) {
    case 200:
        return "HTTP/1.1 200 OK\r\n";
    case 204:
        return "HTTP/1.1 204 No Content\r\n";
    case 400:
        return "HTTP/1.1 400 Bad Request\r\n";
    case 401:
        return "HTTP/1.1 401 Unauthorized\r\n";
    case 403:
        return "HTTP/1.1 403 Forbidden\r\n";
    case 404:
        return "HTTP/1.1 404 Not Found\r\n";
    case 405:
        return "HTTP/1.1 405 Method Not Allowed\r\n";
    case 408:
        return "HTTP/1.1 408 Request Timeout\r\n";
    case 413:
        return "HTTP/1.1 413 Content Too Large\r\n";
    case 414:
        return "HTTP/1.1 414 URI Too Long\r\n";
    case 417:
        return "HTTP/1.1 417 Expectation Failed\r\n";
    case 421:
        return "HTTP/1.1 421 Misdirected Request\r\n";
    case 431:
        return "HTTP/1.1 431 Request Header Fields Too Large\r\n";
    case 502:
        return "HTTP/1.1 502 Bad Gateway\r\n";
    case 503:
        return "HTTP/1.1 503 Service Unavailable\r\n";
    case 504:
        return "HTTP/1.1 504 Gateway Timeout\r\n";
    case 505:
        return "HTTP/1.1 505 HTTP Version Not Supported\r\n";
    default: // we never send another status
        return "HTTP/1.1 500 Internal Server Error\r\n";
    }
}

} // namespace

std::vector<std::pair<std::string_view, std::string_view>> fields_of(const response& a)
{
    constexpr std::string_view colon = ": ", end = "\r\n";
    std::vector<std::pair<std::string_view, std::string_view>> out;
    for (std::string_view rest = a.fields; !rest.empty();) {
        const auto line = rest.substr(0, rest.find(end));
        const auto name = line.substr(0, line.find(colon));
        out.emplace_back(name, line.substr(name.size() + colon.size()));
        rest.remove_prefix(line.size() + end.size());
    }
    return out;
}

void write(const response& a, bool head_only, bool keep_alive, std::string_view date, std::string& out)
{
    out.append(status_line(a.status));
    if (!date.empty())
        out.append("Date: ").append(date).append("\r\n");
    out.append(a.fields);
    if (a.close || !keep_alive)
        out.append("Connection: close\r\n");
    if (a.status != 204) // a 204 has no Content-Length (RFC 9110 section 8.6)
        out.append("Content-Length: ").append(std::to_string(a.body.size())).append("\r\n");
    out.append("\r\n");
    if (!head_only)
        out.append(a.body);
}

} // namespace scopegate::responses
