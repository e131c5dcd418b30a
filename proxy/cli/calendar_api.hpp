// The upstream of `scopegate demo`: a calendar in memory. Like any API behind Scopegate, it need not
// authenticate its clients. Each response repeats the user in X-Auth-Subject, to show what the proxy
// forwards.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace scopegate::cli {

struct appointment {
    std::string title;
    std::string start; // empty: not given
};

// Holds the appointments (at most 1,000) and handles requests for them. No sockets.
//   GET and POST /appointments; GET, PUT and DELETE /appointments/{id}; GET /healthz
// HEAD works like GET. An appointment is sent as {"title": "...", "start": "..."}; `start` is optional. Any
// other body gets a 400 with a sentence in `error`.
class calendar final {
public:
    using request = boost::beast::http::request<boost::beast::http::string_body>;
    using response = boost::beast::http::response<boost::beast::http::string_body>;

    calendar(); // contains one appointment, so that the first GET shows something
    [[nodiscard]] response answer(const request& asked);

private:
    struct reply;
    [[nodiscard]] reply route(const request& asked);
    [[nodiscard]] reply list() const;
    [[nodiscard]] reply add(const std::string& body);
    [[nodiscard]] reply one(const request& asked, std::string_view id);

    std::map<std::uint64_t, appointment> appointments_;
    std::uint64_t next_id_ = 1;
};

// Serves the calendar on a free port of 127.0.0.1. It runs on the io_context, which must outlive it. A body
// has at most 4 KiB, and a connection may be idle for 70 s.
class calendar_api final {
public:
    explicit calendar_api(boost::asio::io_context& on); // throws boost::system::system_error
    ~calendar_api();
    calendar_api(const calendar_api&) = delete;
    calendar_api& operator=(const calendar_api&) = delete;

    [[nodiscard]] std::uint16_t port() const;

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace scopegate::cli
