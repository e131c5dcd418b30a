#include "admin/server.hpp"

#include "admin/health.hpp"
#include "admin/limit.hpp"
#include "net/address.hpp"
#include "observe/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <string_view>
#include <utility>

namespace scopegate::admin {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

constexpr std::size_t max_body = 64UL * 1024;

struct room {
    std::string_view path;
    http::verb method; // get means HEAD too
    pages shown_on;    // health: on every listener
    response (*answer)(const request& asked, control::service& shown);
};

constexpr room rooms[] = {
    {"/livez", http::verb::get, pages::health, liveness_page},
    {"/readyz", http::verb::get, pages::health, readiness_page},
    {"/limit", http::verb::post, pages::all, limit_page},
};

bool takes(const room& r, http::verb method) noexcept
{
    return method == r.method || (method == http::verb::head && r.method == http::verb::get);
}

response answer_to(const request& asked, control::service& shown, pages which)
{
    const auto path = asked.target().substr(0, asked.target().find('?'));
    std::string paths;
    for (const auto& r : rooms) {
        if (which == pages::health && r.shown_on == pages::all)
            continue;
        paths.append(paths.empty() ? "there are " : ", ").append(r.path);
        if (path != boost::core::string_view(r.path.data(), r.path.size()))
            continue;
        if (takes(r, asked.method()))
            return r.answer(asked, shown);
        const auto* allowed = r.method == http::verb::get ? "GET, HEAD" : "POST";
        auto refused = problem(asked, http::status::method_not_allowed, std::string("only ") + allowed);
        refused.set(http::field::allow, allowed);
        return refused;
    }
    return problem(asked, http::status::not_found, paths);
}

asio::awaitable<void> serve(tcp::socket peer, control::service& shown, pages which)
{
    beast::tcp_stream stream(std::move(peer));
    beast::flat_buffer buffer(16UL * 1024);
    for (bool keep = true; keep;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(max_body);
        stream.expires_after(std::chrono::seconds(30));
        const auto [unreadable, read] =
            co_await http::async_read(stream, buffer, parser, asio::as_tuple(asio::deferred));
        const bool too_large = unreadable == http::error::body_limit;
        if (unreadable && !too_large)
            co_return;
        auto answer = too_large ? problem(parser.get(), http::status::payload_too_large,
                                          "the body is limited to 64 KiB")
                                : answer_to(parser.get(), shown, which);
        if (too_large)
            answer.keep_alive(false);
        keep = answer.keep_alive();
        const auto [unsent, written] =
            co_await http::async_write(stream, answer, asio::as_tuple(asio::deferred));
        if (unsent)
            co_return;
    }
    beast::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

} // namespace

struct server::state {
    state(asio::io_context& control, control::service& s, pages p) : acceptor(control), shown(s), which(p) {}

    static asio::awaitable<void> accept_all(std::shared_ptr<state> own)
    {
        while (own->acceptor.is_open()) {
            auto [failed, peer] = co_await own->acceptor.async_accept(asio::as_tuple(asio::deferred));
            if (!failed)
                asio::co_spawn(own->acceptor.get_executor(), serve(std::move(peer), own->shown, own->which),
                               asio::detached);
        }
    }

    tcp::acceptor acceptor;
    control::service& shown;
    const pages which;
};

server::server(asio::io_context& control, control::service& shown, const policy::endpoint& address,
               pages which, const std::string& name)
    : state_(std::make_shared<state>(control, shown, which))
{
    const auto where = address.host + ":" + std::to_string(address.port);
    try {
        auto& acceptor = state_->acceptor;
        const auto endpoint =
            tcp::resolver(control).resolve(address.host, std::to_string(address.port)).begin()->endpoint();
        acceptor.open(endpoint.protocol());
        acceptor.set_option(tcp::acceptor::reuse_address(true));
        acceptor.bind(endpoint);
        acceptor.listen();
        observe::log_event(
            observe::level::info, "listening",
            {{"listener", name}, {"address", net::to_text(net::stream_endpoint(acceptor.local_endpoint()))}});
    } catch (const boost::system::system_error& failed) {
        throw control::start_error("can't listen on " + where + ": " + failed.code().message());
    }
    asio::co_spawn(control, state::accept_all(state_), asio::detached);
}

server::~server()
{
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
}

} // namespace scopegate::admin
