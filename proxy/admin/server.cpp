#include "admin/server.hpp"

#include "admin/health.hpp"
#include "admin/limit.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "observe/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <exception>
#include <optional>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace scopegate::admin {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr std::size_t max_body = 64UL * 1024;
// Probes, a scrape, a person: more at a time are a flood, which must not take the proxy's descriptors.
constexpr std::size_t most_callers = 256;

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

using caller = asio::generic::stream_protocol::socket;

asio::awaitable<void> serve(caller peer, control::service& shown, pages which)
{
    beast::basic_stream<asio::generic::stream_protocol> stream(std::move(peer));
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
    stream.socket().shutdown(caller::shutdown_send, ignored);
}

} // namespace

struct server::state {
    state(asio::io_context& c, control::service& s, pages p) : control(c), shown(s), which(p) {}

    static void accept(const std::shared_ptr<state>& own, int descriptor, const net::stream_endpoint& remote)
    {
        if (own->callers >= most_callers) {
            ::close(descriptor);
            return;
        }
        caller peer(own->control);
        boost::system::error_code failed;
        peer.assign(asio::generic::stream_protocol(remote.data()->sa_family, 0), descriptor, failed);
        if (failed) {
            ::close(descriptor);
            return;
        }
        ++own->callers;
        asio::co_spawn(own->control, serve(std::move(peer), own->shown, own->which),
                       [own](const std::exception_ptr&) { --own->callers; });
    }

    asio::io_context& control;
    control::service& shown;
    const pages which;
    std::size_t callers = 0;
    std::optional<net::bound_listener> bound;
    std::optional<net::acceptor> acceptor;
};

server::server(asio::io_context& control, control::service& shown, const policy::endpoint& address,
               pages which, const std::string& name, bool take_over)
    : state_(std::make_shared<state>(control, shown, which))
{
    try {
        auto& bound = state_->bound.emplace(control::listening_endpoint(address), 1, take_over);
        state_->acceptor.emplace(control, bound.release(0),
                                 [own = std::weak_ptr(state_)](int fd, const net::stream_endpoint& remote) {
                                     state::accept(own.lock(), fd, remote);
                                 });
        observe::log_event(observe::level::info, "listening",
                           {{"listener", name}, {"address", net::to_text(bound.address())}});
    } catch (const boost::system::system_error& failed) {
        throw control::start_error(failed.what());
    }
    state_->acceptor->start();
}

server::~server()
{
    state_->acceptor.reset();
}

} // namespace scopegate::admin
