#include "admin/server.hpp"

#include "base/json.hpp"
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

#include <utility>

namespace scopegate::admin {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

response page(const request& asked, http::status status, std::string body, std::string_view type)
{
    response answer(status, asked.version());
    answer.set(http::field::content_type, boost::core::string_view(type.data(), type.size()));
    answer.set(http::field::cache_control, "no-store");
    answer.keep_alive(asked.keep_alive());
    answer.body() = std::move(body);
    answer.prepare_payload();
    if (asked.method() == http::verb::head)
        answer.body().clear();
    return answer;
}

// {"ready":false,"draining":false,"issuers_without_keys":["https://..."]}
response readiness_page(const request& asked, control::service& shown)
{
    const auto now = shown.ready();
    std::string body = std::string("{\"ready\":") + (now.ready ? "true" : "false") +
                       ",\"draining\":" + (now.draining ? "true" : "false") + ",\"issuers_without_keys\":[";
    for (std::size_t i = 0; i < now.without_keys.size(); ++i) {
        if (i > 0)
            body += ',';
        json::append_quoted(body, now.without_keys[i]);
    }
    body += "]}\n";
    return page(asked, now.ready ? http::status::ok : http::status::service_unavailable, std::move(body),
                "application/json");
}

response answer_to(const request& asked, control::service& shown)
{
    if (asked.method() != http::verb::get && asked.method() != http::verb::head) {
        auto refused = page(asked, http::status::method_not_allowed, "only GET and HEAD\n", "text/plain");
        refused.set(http::field::allow, "GET, HEAD");
        return refused;
    }
    const auto path = asked.target().substr(0, asked.target().find('?'));
    if (path == "/livez")
        return page(asked, http::status::ok, "{\"live\":true}\n", "application/json");
    if (path == "/readyz")
        return readiness_page(asked, shown);
    return page(asked, http::status::not_found, "there are /livez and /readyz\n", "text/plain");
}

asio::awaitable<void> serve(tcp::socket peer, control::service& shown)
{
    beast::tcp_stream stream(std::move(peer));
    beast::flat_buffer buffer(16UL * 1024);
    for (bool keep = true; keep;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(64UL * 1024);
        stream.expires_after(std::chrono::seconds(30));
        const auto [unreadable, read] =
            co_await http::async_read(stream, buffer, parser, asio::as_tuple(asio::deferred));
        if (unreadable)
            co_return;
        const auto answer = answer_to(parser.get(), shown);
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
    state(asio::io_context& control, control::service& s) : acceptor(control), shown(s) {}

    static asio::awaitable<void> accept_all(std::shared_ptr<state> own)
    {
        while (own->acceptor.is_open()) {
            auto [failed, peer] = co_await own->acceptor.async_accept(asio::as_tuple(asio::deferred));
            if (!failed)
                asio::co_spawn(own->acceptor.get_executor(), serve(std::move(peer), own->shown),
                               asio::detached);
        }
    }

    tcp::acceptor acceptor;
    control::service& shown;
};

server::server(asio::io_context& control, control::service& shown, const policy::endpoint& address, pages,
               const std::string& name)
    : state_(std::make_shared<state>(control, shown))
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
