#include "cli/calendar_api.hpp"

#include "base/json.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

namespace scopegate::cli {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr std::size_t max_appointments = 1'000;
constexpr std::uint64_t longest_body = 4UL * 1024;
constexpr auto timeout = std::chrono::seconds(70); // longer than the proxy keeps an idle connection

constexpr std::string_view all_path = "/appointments";
constexpr std::string_view one_path = "/appointments/";

json::value text(std::string_view s)
{
    return json::value(std::string(s));
}

std::string id_text(std::uint64_t id)
{
    return std::to_string(id);
}

// Accepts one spelling per id, so that an appointment has exactly one path.
std::optional<std::uint64_t> parse_id(std::string_view digits)
{
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    const bool whole = error == std::errc() && end == digits.data() + digits.size();
    return whole && digits == id_text(id) ? std::optional(id) : std::nullopt;
}

// Returns the appointment in the body. If there is an error, returns nothing and sets `why`.
std::optional<appointment> read_appointment(const std::string& body, std::string_view& why)
{
    const auto sent = json::parse(body);
    const auto* title = sent ? sent->find("title") : nullptr;
    const auto* start = sent ? sent->find("start") : nullptr;
    if (!sent || sent->if_object() == nullptr)
        why = "the body must be a JSON object";
    else if (title == nullptr || title->if_string() == nullptr || title->if_string()->empty())
        why = "an appointment needs a title";
    else if (start != nullptr && start->if_string() == nullptr)
        why = "start must be a string";
    else
        return appointment{*title->if_string(), start != nullptr ? *start->if_string() : std::string()};
    return std::nullopt;
}

json::value as_json(std::uint64_t id, const appointment& a)
{
    json::object members;
    members.emplace_back("id", json::value::number(id_text(id)));
    members.emplace_back("title", text(a.title));
    if (!a.start.empty())
        members.emplace_back("start", text(a.start));
    return json::value(std::move(members));
}

calendar::response too_large()
{
    calendar::response answer(http::status::payload_too_large, 11);
    answer.keep_alive(false);
    answer.prepare_payload();
    return answer;
}

bool reads(const calendar::request& asked)
{
    return asked.method() == http::verb::get || asked.method() == http::verb::head;
}

} // namespace

struct calendar::reply {
    http::status status = http::status::ok;
    json::object members;
    std::string location; // of the created appointment
    std::string allow;    // with 405

    static reply of(std::string_view name, json::value value)
    {
        reply r;
        r.members.emplace_back(name, std::move(value));
        return r;
    }
    static reply error(http::status status, std::string_view sentence)
    {
        auto r = of("error", text(sentence));
        r.status = status;
        return r;
    }
    static reply not_allowed(std::string methods)
    {
        auto r = error(http::status::method_not_allowed, "this method is not supported here");
        r.allow = std::move(methods);
        return r;
    }
};

calendar::calendar()
{
    appointments_[next_id_++] = appointment{"See how Scopegate responds", "2026-01-05T09:00"};
}

calendar::response calendar::answer(const request& asked)
{
    auto result = route(asked);
    const auto user = asked["X-Auth-Subject"];
    result.members.emplace(result.members.begin(), "user",
                           user.empty() ? json::value() : text({user.data(), user.size()}));
    response out(result.status, asked.version());
    out.set(http::field::content_type, "application/json");
    if (!result.location.empty())
        out.set(http::field::location, result.location);
    if (!result.allow.empty())
        out.set(http::field::allow, result.allow);
    out.keep_alive(asked.keep_alive());
    out.body() = json::serialize(json::value(std::move(result.members))) + "\n";
    out.prepare_payload();
    if (asked.method() == http::verb::head)
        out.body().clear();
    return out;
}

calendar::reply calendar::route(const request& asked)
{
    auto path = std::string_view(asked.target().data(), asked.target().size());
    path = path.substr(0, path.find('?'));
    if (path == "/healthz")
        return reads(asked) ? reply::of("status", text("ok")) : reply::not_allowed("GET, HEAD");
    if (path == all_path && reads(asked))
        return list();
    if (path == all_path)
        return asked.method() == http::verb::post ? add(asked.body()) : reply::not_allowed("GET, HEAD, POST");
    if (path.starts_with(one_path))
        return one(asked, path.substr(one_path.size()));
    return reply::error(http::status::not_found, "the resource was not found");
}

calendar::reply calendar::list() const
{
    json::array all;
    for (const auto& [id, kept] : appointments_)
        all.push_back(as_json(id, kept));
    return reply::of("appointments", json::value(std::move(all)));
}

calendar::reply calendar::add(const std::string& body)
{
    std::string_view why;
    auto sent = read_appointment(body, why);
    if (!sent)
        return reply::error(http::status::bad_request, why);
    if (appointments_.size() >= max_appointments)
        return reply::error(http::status::insufficient_storage, "the calendar is full");
    const auto id = next_id_++;
    const auto& kept = appointments_[id] = *std::move(sent);
    auto result = reply::of("appointment", as_json(id, kept));
    result.status = http::status::created;
    result.location = std::string(one_path) + id_text(id);
    return result;
}

calendar::reply calendar::one(const request& asked, std::string_view id)
{
    const auto number = parse_id(id);
    const auto found = number ? appointments_.find(*number) : appointments_.end();
    if (found == appointments_.end())
        return reply::error(http::status::not_found, "there is no such appointment");
    if (asked.method() == http::verb::put) {
        std::string_view why;
        auto sent = read_appointment(asked.body(), why);
        if (!sent)
            return reply::error(http::status::bad_request, why);
        found->second = *std::move(sent);
    } else if (asked.method() == http::verb::delete_) {
        auto gone = reply::of("deleted", as_json(*number, found->second));
        appointments_.erase(found);
        return gone;
    } else if (!reads(asked)) {
        return reply::not_allowed("GET, HEAD, PUT, DELETE");
    }
    return reply::of("appointment", as_json(*number, found->second));
}

struct calendar_api::state {
    explicit state(asio::io_context& on) : acceptor(on, {asio::ip::address_v4::loopback(), 0}) {}

    static asio::awaitable<void> accept_all(std::shared_ptr<state> own);
    static asio::awaitable<void> serve(tcp::socket peer, std::shared_ptr<state> own);

    tcp::acceptor acceptor;
    calendar appointments;
};

asio::awaitable<void> calendar_api::state::accept_all(std::shared_ptr<state> own)
{
    while (own->acceptor.is_open()) {
        auto [failed, peer] = co_await own->acceptor.async_accept(asio::as_tuple(asio::deferred));
        // Out of descriptors, unless the acceptor is closing: an immediate retry would only burn CPU.
        if (failed) {
            asio::steady_timer pause(own->acceptor.get_executor(), std::chrono::milliseconds(50));
            co_await pause.async_wait(asio::as_tuple(asio::deferred));
        } else {
            asio::co_spawn(own->acceptor.get_executor(), serve(std::move(peer), own), asio::detached);
        }
    }
}

asio::awaitable<void> calendar_api::state::serve(tcp::socket peer, std::shared_ptr<state> own)
{
    beast::tcp_stream stream(std::move(peer));
    beast::flat_buffer buffer(16UL * 1024);
    for (bool keep = true; keep;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(longest_body);
        stream.expires_after(timeout);
        const auto [failed, read] =
            co_await http::async_read(stream, buffer, parser, asio::as_tuple(asio::deferred));
        if (failed && failed != http::error::body_limit)
            co_return;
        const auto answer = failed ? too_large() : own->appointments.answer(parser.get());
        keep = answer.keep_alive();
        const auto [unsent, written] =
            co_await http::async_write(stream, answer, asio::as_tuple(asio::deferred));
        if (unsent)
            co_return;
    }
    beast::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

calendar_api::calendar_api(asio::io_context& on) : state_(std::make_shared<state>(on))
{
    asio::co_spawn(on, state::accept_all(state_), asio::detached);
}

calendar_api::~calendar_api()
{
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
}

std::uint16_t calendar_api::port() const
{
    return state_->acceptor.local_endpoint().port();
}

} // namespace scopegate::cli
