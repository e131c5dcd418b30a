// An answer as the bytes that are sent.
#include "answers/answer_book.hpp"

namespace scopegate::answers {

namespace {

std::string_view phrase(unsigned status) noexcept
{
    switch (status) {
    case 200:
        return "OK";
    case 204:
        return "No Content";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 417:
        return "Expectation Failed";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "";
    }
}

} // namespace

void write(const answer& a, bool head_only, bool keep_alive, std::string_view date, std::string& out)
{
    out.append("HTTP/1.1 ")
        .append(std::to_string(a.status))
        .append(" ")
        .append(phrase(a.status))
        .append("\r\n");
    if (!date.empty())
        out.append("Date: ").append(date).append("\r\n");
    for (const auto& [name, value] : a.fields)
        out.append(name).append(": ").append(value).append("\r\n");
    if (a.close || !keep_alive)
        out.append("Connection: close\r\n");
    if (a.status != 204) // RFC 9110 section 8.6: a 204 has no Content-Length
        out.append("Content-Length: ").append(std::to_string(a.body.size())).append("\r\n");
    out.append("\r\n");
    if (!head_only)
        out.append(a.body);
}

} // namespace scopegate::answers
