#include "admin/server.hpp"

#include "admin/drain.hpp"
#include "admin/health.hpp"
#include "admin/scope_cap.hpp"
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

#include <algorithm>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

namespace scopegate::admin {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr std::size_t max_body = 64UL * 1024;
// Maximum connections per listener. Probes, a scrape and a person need fewer; more are a flood, which must
// not use up the proxy's descriptors.
constexpr std::size_t max_connections = 128;
constexpr auto head_timeout = std::chrono::seconds(2);
constexpr auto exchange_timeout = std::chrono::seconds(10); // for the body and the response

struct room {
    std::string_view path;
    http::verb method; // GET includes HEAD
    pages shown_on;    // health: on every listener
    response (*answer)(const request& asked, control::service& shown);
};

constexpr room rooms[] = {
    {"/livez", http::verb::get, pages::health, liveness_page},
    {"/readyz", http::verb::get, pages::health, readiness_page},
    {"/limit", http::verb::post, pages::all, scope_cap_page},
    {"/drain", http::verb::post, pages::all, drain_page},
};

bool takes(const room& r, http::verb method) noexcept
{
    return method == r.method || (method == http::verb::head && r.method == http::verb::get);
}

response response_to(const request& asked, control::service& shown, pages which)
{
    const auto path = asked.target().substr(0, asked.target().find('?'));
    std::string paths;
    for (const auto& r : rooms) {
        if (which == pages::health && r.shown_on == pages::all)
            continue;
        paths.append(paths.empty() ? "this listener serves " : ", ").append(r.path);
        if (path != boost::core::string_view(r.path.data(), r.path.size()))
            continue;
        if (takes(r, asked.method()))
            return r.answer(asked, shown);
        const auto* allowed = r.method == http::verb::get ? "GET, HEAD" : "POST";
        auto refused = problem(asked, http::status::method_not_allowed,
                               std::string("this resource supports only ") + allowed);
        refused.set(http::field::allow, allowed);
        return refused;
    }
    return problem(asked, http::status::not_found, paths);
}

using socket = asio::generic::stream_protocol::socket;

// Serves one request, then closes. A kept-alive connection would only take a place that the next probe may
// need.
struct connection {
    explicit connection(socket peer) : stream(std::move(peer)) {}

    beast::basic_stream<asio::generic::stream_protocol> stream;
    beast::flat_buffer buffer{16UL * 1024};
    http::request_parser<http::string_body> parser;
    bool is_read = false; // the complete request has been read
};

asio::awaitable<void> serve(std::shared_ptr<connection> c, control::service& shown, pages which)
{
    c->parser.body_limit(max_body);
    c->stream.expires_after(head_timeout);
    auto [failed, head] =
        co_await http::async_read_header(c->stream, c->buffer, c->parser, asio::as_tuple(asio::deferred));
    c->stream.expires_after(exchange_timeout);
    if (!failed && !c->parser.is_done()) {
        const auto [unreadable, read] =
            co_await http::async_read(c->stream, c->buffer, c->parser, asio::as_tuple(asio::deferred));
        failed = unreadable;
    }
    c->is_read = !failed;
    const bool too_large = failed == http::error::body_limit;
    if (failed && !too_large)
        co_return;
    auto sent =
        too_large ? problem(c->parser.get(), http::status::payload_too_large, "the body is limited to 64 KiB")
                  : response_to(c->parser.get(), shown, which);
    sent.keep_alive(false);
    const auto [unsent, written] =
        co_await http::async_write(c->stream, sent, asio::as_tuple(asio::deferred));
    if (unsent)
        co_return;
    beast::error_code ignored;
    c->stream.socket().shutdown(socket::shutdown_send, ignored);
}

} // namespace

struct server::state {
    state(asio::io_context& c, control::service& s, pages p) : control(c), shown(s), which(p) {}

    static void accept(const std::shared_ptr<state>& own, int descriptor, const net::stream_endpoint& remote)
    {
        socket peer(own->control);
        boost::system::error_code failed;
        peer.assign(asio::generic::stream_protocol(remote.data()->sa_family, 0), descriptor, failed);
        if (failed) {
            ::close(descriptor);
            return;
        }
        if (own->open.size() >= max_connections)
            own->make_room();
        const auto accepted = std::make_shared<connection>(std::move(peer));
        own->open.push_back(accepted);
        asio::co_spawn(own->control, serve(accepted, own->shown, own->which),
                       [own, accepted](const std::exception_ptr&) { std::erase(own->open, accepted); });
    }

    // Closes the oldest connection without a complete request, or else the oldest of all. A probe sends its
    // request at once, so clients that merely hold connections lose theirs to it.
    void make_room()
    {
        auto oldest = std::find_if(open.begin(), open.end(), [](const auto& c) { return !c->is_read; });
        if (oldest == open.end())
            oldest = open.begin();
        (*oldest)->stream.close();
        open.erase(oldest);
    }

    asio::io_context& control;
    control::service& shown;
    const pages which;
    std::vector<std::shared_ptr<connection>> open; // oldest first
    std::optional<net::bound_listener> bound;
    std::optional<net::acceptor> acceptor;
};

server::server(asio::io_context& control, control::service& shown, const policy::endpoint& address,
               pages which, const std::string& name, bool take_over)
    : state_(std::make_shared<state>(control, shown, which))
{
    try {
        auto& bound = state_->bound.emplace(control::listening_endpoint(address), 1, take_over,
                                            control::socket_file_of(address));
        state_->acceptor.emplace(control, bound.release(0),
                                 [own = std::weak_ptr(state_)](int fd, const net::stream_endpoint& remote) {
                                     state::accept(own.lock(), fd, remote);
                                 });
        observe::log_event(observe::level::info, "listening",
                           {{"listener", name}, {"address", net::to_text(bound.address())}});
    } catch (const boost::system::system_error& failed) {
        throw control::start_error(control::listening_problem(shown.policy(), name, 0, failed));
    }
    state_->acceptor->start();
}

server::~server()
{
    state_->acceptor.reset();
}

} // namespace scopegate::admin
