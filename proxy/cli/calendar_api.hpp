// The API of `scopegate demo`: a calendar in memory that asks nobody who they are, as an API behind Scopegate
// may. Each of its answers says which user X-Auth-Subject named, so that a person sees what the proxy told
// it.
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
    std::string start; // empty: not said
};

// The appointments, and what each request does to them. No sockets; at most 1,000 appointments.
//   GET and POST /appointments; GET, PUT and DELETE /appointments/{id}; GET /healthz
// HEAD follows GET. An appointment is sent as {"title": "...", "start": "..."}; start may be left out.
// Anything else is answered with 400 and a sentence in `error`.
class calendar final {
public:
    using request = boost::beast::http::request<boost::beast::http::string_body>;
    using response = boost::beast::http::response<boost::beast::http::string_body>;

    calendar(); // with one appointment in it, so that the first GET has something to show
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

// The calendar on a free port of 127.0.0.1, served on the io_context, which must outlive it. A body has at
// most 4 KiB; a connection may idle for 70 s.
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
