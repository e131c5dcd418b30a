#include "support/fake_issuer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fcntl.h>

namespace scopegate::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
using answer = http::response<http::string_body>;

answer make_answer(http::status status, std::string body)
{
    answer a(status, 11);
    a.set(http::field::content_type, "application/json");
    a.keep_alive(false);
    a.body() = std::move(body);
    a.prepare_payload();
    return a;
}

} // namespace

class fake_issuer::server final {
public:
    server(bool listening, const std::string& path, const tls_identity* identity)
        : acceptor_(io_), mood_changed_(io_, asio::steady_timer::time_point::max())
    {
        if (identity != nullptr)
            use(*identity);
        // A socket that is bound but does not listen keeps the port and refuses connections.
        acceptor_.open(tcp::v4());
        acceptor_.set_option(tcp::acceptor::reuse_address(true));
        acceptor_.bind({asio::ip::address_v4::loopback(), 0});
        keep_from_children(acceptor_.native_handle());
        address_ = acceptor_.local_endpoint();
        // While the issuer is down, nobody else may take the port, not even for an outgoing connection.
        reserved_.open(tcp::v4());
        reserved_.set_option(tcp::socket::reuse_address(true));
        reserved_.bind(address_);
        keep_from_children(reserved_.native_handle());
        const auto port = std::to_string(address_.port());
        origin_ = tls_ ? "https://localhost:" + port : "http://127.0.0.1:" + port;
        name_ = origin_ + path;
        if (listening)
            listen();
        thread_ = std::thread([this] {
            const auto stay = asio::make_work_guard(io_); // at first there may be no work
            io_.run();
        });
    }

    ~server()
    {
        io_.stop();
        thread_.join();
    }

    void listen()
    {
        if (!acceptor_.is_open()) { // listens again at the old address
            acceptor_.open(tcp::v4());
            acceptor_.set_option(tcp::acceptor::reuse_address(true));
            acceptor_.bind(address_);
            keep_from_children(acceptor_.native_handle());
        }
        acceptor_.listen();
        asio::co_spawn(
            io_, [this] { return accept_all(); }, asio::detached);
    }

    void be(mood m)
    {
        const std::lock_guard lock(mutex_);
        mood_ = m;
        asio::post(io_, [this] { mood_changed_.cancel(); });
    }

    asio::io_context io_;
    tcp::acceptor acceptor_;
    tcp::socket reserved_{io_};
    tcp::endpoint address_;
    asio::steady_timer mood_changed_;
    std::optional<asio::ssl::context> tls_;
    std::string origin_, name_;
    mutable std::mutex mutex_; // guards everything below
    mood mood_ = mood::serving;
    std::string keys_ = R"({"keys":[]})";
    std::string cache_control_, jwks_uri_, wanted_authorization_;
    std::vector<std::string> authorizations_;
    std::size_t key_requests_ = 0;
    std::size_t discovery_requests_ = 0;

private:
    // Otherwise a program that is started later would keep listening on the port.
    static void keep_from_children(int descriptor) { ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

    void use(const tls_identity& identity)
    {
        tls_.emplace(asio::ssl::context::tls_server);
        tls_->use_certificate_chain(asio::buffer(identity.certificate));
        tls_->use_private_key(asio::buffer(identity.key), asio::ssl::context::pem);
    }

    asio::awaitable<void> accept_all()
    {
        for (;;) {
            auto [error, socket] = co_await acceptor_.async_accept(no_throw);
            if (error)
                co_return;
            auto stream = std::make_shared<beast::tcp_stream>(std::move(socket));
            asio::co_spawn(
                io_, [this, stream] { return tls_ ? serve_tls(stream) : serve(*stream, stream); },
                asio::detached);
        }
    }

    asio::awaitable<void> serve_tls(std::shared_ptr<beast::tcp_stream> plain)
    {
        auto stream = std::make_shared<beast::ssl_stream<beast::tcp_stream>>(std::move(*plain), *tls_);
        const auto [error] = co_await stream->async_handshake(asio::ssl::stream_base::server, no_throw);
        if (!error)
            co_await serve(*stream, stream);
    }

    template <class Stream>
    asio::awaitable<void> serve(Stream& stream, std::shared_ptr<void>)
    {
        beast::flat_buffer buffer;
        http::request<http::string_body> request;
        const auto [error, read] = co_await http::async_read(stream, buffer, request, no_throw);
        if (error)
            co_return;
        const std::string target(request.target());
        count(target, std::string(request[http::field::authorization]));
        while (mood_now() == mood::hanging)
            co_await mood_changed_.async_wait(no_throw);
        const auto reply = answer_to(target, std::string(request[http::field::authorization]));
        if (mood_now() == mood::hinting) {
            constexpr std::string_view hint = "HTTP/1.1 103 Early Hints\r\nLink: </keys>\r\n\r\n";
            co_await asio::async_write(stream, asio::buffer(hint), no_throw);
        }
        co_await http::async_write(stream, reply, no_throw);
        if (mood_now() == mood::endless && target == "/keys")
            co_await write_without_end(stream);
        beast::get_lowest_layer(stream).close();
    }

    template <class Stream>
    asio::awaitable<void> write_without_end(Stream& stream)
    {
        const std::string piece(64 * 1024, ' ');
        for (;;) {
            const auto [error, written] = co_await asio::async_write(stream, asio::buffer(piece), no_throw);
            if (error)
                co_return;
        }
    }

    mood mood_now() const
    {
        const std::lock_guard lock(mutex_);
        return mood_;
    }

    void count(const std::string& target, std::string authorization)
    {
        const std::lock_guard lock(mutex_);
        authorizations_.push_back(std::move(authorization));
        ++(target == "/keys" ? key_requests_ : discovery_requests_);
    }

    answer answer_to(const std::string& target, const std::string& authorization) const
    {
        const std::lock_guard lock(mutex_);
        if (!wanted_authorization_.empty() && authorization != wanted_authorization_)
            return make_answer(http::status::unauthorized, R"({"kind":"Status","code":401})");
        if (mood_ == mood::failing)
            return make_answer(http::status::internal_server_error, "{}");
        if (mood_ == mood::garbage)
            return make_answer(http::status::ok, "<html>log in</html>");
        const auto path = name_.substr(origin_.size());
        const bool openid = target == path + "/.well-known/openid-configuration";
        const bool rfc8414 = target == "/.well-known/oauth-authorization-server" + path;
        if ((openid && mood_ != mood::only_rfc8414) || rfc8414) {
            const auto name = mood_ == mood::wrong_issuer ? "https://elsewhere.example" : name_;
            const auto keys = jwks_uri_.empty() ? origin_ + "/keys" : jwks_uri_;
            return make_answer(http::status::ok,
                               R"({"issuer":")" + name + R"(","jwks_uri":")" + keys + R"("})");
        }
        return target == "/keys" || target == "/moved" ? key_answer(target)
                                                       : make_answer(http::status::not_found, "{}");
    }

    answer key_answer(const std::string& target) const
    {
        if (mood_ == mood::redirecting && target == "/keys") {
            auto a = make_answer(http::status::found, "");
            a.set(http::field::location, origin_ + "/moved");
            return a;
        }
        auto a = make_answer(http::status::ok, mood_ == mood::no_keys ? R"({"keys":[]})" : keys_);
        if (!cache_control_.empty())
            a.set(http::field::cache_control, cache_control_);
        if (mood_ == mood::endless)
            a.erase(http::field::content_length);
        return a;
    }

    std::thread thread_;
};

fake_issuer::fake_issuer(bool listening, const std::string& path, const tls_identity* identity)
    : server_(std::make_unique<server>(listening, path, identity))
{
}

fake_issuer::~fake_issuer() = default;

void fake_issuer::listen()
{
    std::promise<void> done;
    asio::post(server_->io_, [&] {
        server_->listen();
        done.set_value();
    });
    done.get_future().wait();
}

void fake_issuer::stop_listening()
{
    std::promise<void> done;
    asio::post(server_->io_, [&] {
        server_->acceptor_.close();
        done.set_value();
    });
    done.get_future().wait();
}

void fake_issuer::be(mood m)
{
    server_->be(m);
}

void fake_issuer::publish(std::string jwk_set)
{
    const std::lock_guard lock(server_->mutex_);
    server_->keys_ = std::move(jwk_set);
}

void fake_issuer::cache_control(std::string value)
{
    const std::lock_guard lock(server_->mutex_);
    server_->cache_control_ = std::move(value);
}

void fake_issuer::jwks_uri(std::string value)
{
    const std::lock_guard lock(server_->mutex_);
    server_->jwks_uri_ = std::move(value);
}

void fake_issuer::require_authorization(std::string value)
{
    const std::lock_guard lock(server_->mutex_);
    server_->wanted_authorization_ = std::move(value);
}

std::vector<std::string> fake_issuer::authorizations() const
{
    const std::lock_guard lock(server_->mutex_);
    return server_->authorizations_;
}

const std::string& fake_issuer::name() const noexcept
{
    return server_->name_;
}

std::string fake_issuer::origin() const
{
    return server_->origin_;
}

std::string fake_issuer::keys_url() const
{
    return server_->origin_ + "/keys";
}

std::size_t fake_issuer::key_requests() const
{
    const std::lock_guard lock(server_->mutex_);
    return server_->key_requests_;
}

std::size_t fake_issuer::discovery_requests() const
{
    const std::lock_guard lock(server_->mutex_);
    return server_->discovery_requests_;
}

} // namespace scopegate::test
