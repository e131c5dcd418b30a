#include "support/raw_client.hpp"

#include <thread>

#include <linux/sockios.h>
#include <sys/ioctl.h>

namespace scopegate::test {

raw_client::raw_client(const std::string& address)
    : socket_(std::make_unique<socket_handle>(socket_handle::connect_to(address))),
      reader_(std::make_unique<message_reader>(*socket_))
{
}

bool raw_client::send_cut(std::string_view bytes, std::initializer_list<std::size_t> cuts)
{
    std::size_t at = 0;
    for (const auto cut : cuts) {
        if (!send(bytes.substr(at, cut - at)))
            return false;
        at = cut;
        // Waits until all bytes have left for the peer, and its reader has had a chance to run.
        for (int unsent = 1; unsent > 0;)
            if (std::this_thread::yield(); ::ioctl(socket_->descriptor(), SIOCOUTQNSD, &unsent) != 0)
                break;
    }
    return send(bytes.substr(at));
}

response raw_client::read(std::string_view method, std::chrono::milliseconds wait)
{
    return reader_->read_response(method, wait);
}

response raw_client::read_final(std::string_view method)
{
    auto r = read(method);
    while (r.end == ending::complete && r.status < 200 && r.status != 101)
        r = read(method);
    return r;
}

response raw_client::exchange(std::string_view request)
{
    send(request);
    return read_final(request.substr(0, request.find(' ')));
}

raw_client::rest_of_it raw_client::read_to_end(std::chrono::milliseconds wait)
{
    rest_of_it rest;
    rest.end = reader_->read_to_end(rest.bytes, wait);
    return rest;
}

bool raw_client::is_closed_clean()
{
    const auto rest = read_to_end();
    return rest.end == ending::cut && rest.bytes.empty();
}

std::string request_text(std::string_view method, std::string_view target, std::string_view token,
                         std::string_view extra, std::string_view body)
{
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: calendar.example.com\r\n");
    if (!token.empty())
        text.append("Authorization: Bearer ").append(token).append("\r\n");
    text.append(extra);
    if (!body.empty())
        text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    return text.append("\r\n").append(body);
}

std::string get(std::string_view target, std::string_view token, std::string_view extra)
{
    return request_text("GET", target, token, extra);
}

} // namespace scopegate::test
