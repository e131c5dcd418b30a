#include "support/tls_relay.hpp"

#include "support/pem.hpp"
#include "support/socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

namespace scopegate::test {

namespace {

std::string wire_form(const std::vector<std::string>& protocols)
{
    std::string out;
    for (const auto& p : protocols)
        out.append(1, static_cast<char>(p.size())).append(p);
    return out;
}

int choose_first(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                 unsigned offered_size, void* ours)
{
    const auto& wanted = *static_cast<const std::string*>(ours);
    unsigned char* chosen = nullptr;
    const int how =
        SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(wanted.data()),
                              static_cast<unsigned>(wanted.size()), offered, offered_size);
    *out = chosen;
    return how == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::string serial_of(const X509* certificate)
{
    const ASN1_INTEGER* number = X509_get0_serialNumber(certificate);
    return std::to_string(ASN1_INTEGER_get(number));
}

// Bytes in transit in one direction.
struct half {
    std::array<char, 65536> bytes{};
    std::size_t from = 0, to = 0;
    bool ended = false; // no more bytes come
    bool told = false;  // the other side knows about the end
    [[nodiscard]] bool empty() const noexcept { return from == to; }
};

} // namespace

class tls_relay::server final {
public:
    server(std::string to, tls_relay_settings settings)
        : to_(std::move(to)), settings_(std::move(settings)), protocols_(wire_form(settings_.protocols)),
          context_(SSL_CTX_new(settings_.server ? TLS_server_method() : TLS_client_method())),
          listener_(socket_handle::listen_at())
    {
        std::signal(SIGPIPE, SIG_IGN);
        auto* const c = context_.get();
        use_version(c, settings_.version);
        SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        use_identity(c, settings_.identity);
        if (!settings_.ca.empty()) {
            trust(c, settings_.ca);
            SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        }
        if (!protocols_.empty() && settings_.server)
            SSL_CTX_set_alpn_select_cb(c, choose_first, &protocols_);
        else if (!protocols_.empty())
            require(SSL_CTX_set_alpn_protos(c, reinterpret_cast<const unsigned char*>(protocols_.data()),
                                            static_cast<unsigned>(protocols_.size())) == 0);
        address_ = "127.0.0.1:" + std::to_string(listener_.port());
        acceptor_ = std::thread([this] { accept_all(); });
    }

    ~server()
    {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            for (auto& c : connections_) {
                c.accepted.wake();
                c.onward.wake();
            }
        }
        listener_.wake();
        acceptor_.join();
        for (auto& c : connections_)
            c.thread.join();
    }

    [[nodiscard]] const std::string& address() const noexcept { return address_; }

    std::vector<handshake> wait_for(std::size_t count)
    {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, test_timeout, [&] { return handshakes_.size() >= count; }))
            throw std::runtime_error("only " + std::to_string(handshakes_.size()) + " handshakes came");
        return handshakes_;
    }

private:
    struct connection {
        socket_handle accepted, onward;
        bool ended = false;
        std::thread thread;
    };

    // A thread that has ended keeps its stack until it is joined.
    void let_go_of_ended()
    {
        for (auto c = connections_.begin(); c != connections_.end();) {
            if (c->ended) {
                c->thread.join();
                c = connections_.erase(c);
            } else {
                ++c;
            }
        }
    }

    void accept_all()
    {
        for (;;) {
            socket_handle accepted(::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
            const std::lock_guard lock(mutex_);
            if (!accepted.is_open() || stopping_)
                return;
            let_go_of_ended();
            auto& made = connections_.emplace_back();
            made.accepted = std::move(accepted);
            try {
                made.onward = socket_handle::connect_to(to_);
            } catch (const std::exception&) {
                connections_.back().accepted.reset();
                connections_.pop_back();
                continue;
            }
            made.thread = std::thread([this, &made] { serve(made); });
        }
    }

    void serve(connection& c)
    {
        auto& secured = settings_.server ? c.accepted : c.onward;
        auto& plain = settings_.server ? c.onward : c.accepted;
        const ssl_ptr ssl(SSL_new(context_.get()));
        SSL_set_fd(ssl.get(), secured.descriptor());
        if (!settings_.server)
            SSL_set_tlsext_host_name(ssl.get(), const_cast<char*>(settings_.server_name.c_str()));
        ERR_clear_error();
        const int how = settings_.server ? SSL_accept(ssl.get()) : SSL_connect(ssl.get());
        note(*ssl, how == 1);
        const bool whole = how == 1 && pump(*ssl, secured.descriptor(), plain.descriptor());
        const std::lock_guard lock(mutex_);
        secured.close();
        if (whole)
            plain.close();
        else
            plain.reset();
        c.ended = true;
    }

    void note(SSL& ssl, bool made)
    {
        handshake seen;
        seen.made = made;
        seen.version = SSL_get_version(&ssl);
        if (!made) {
            std::array<char, 256> text{};
            ERR_error_string_n(ERR_peek_error(), text.data(), text.size());
            seen.error = text.data();
        }
        const unsigned char* protocol = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(&ssl, &protocol, &size);
        seen.protocol.assign(reinterpret_cast<const char*>(protocol), size);
        if (const char* name = SSL_get_servername(&ssl, TLSEXT_NAMETYPE_host_name); name != nullptr)
            seen.requested_name = name;
        if (const auto* peer = SSL_get0_peer_certificate(&ssl); peer != nullptr)
            seen.peer_serial = serial_of(peer);
        const std::lock_guard lock(mutex_);
        handshakes_.push_back(std::move(seen));
        changed_.notify_all();
    }

    // Moves bytes until both sides have ended. Returns false if one broke off.
    bool pump(SSL& ssl, int secured, int plain) const
    {
        ::fcntl(secured, F_SETFL, O_NONBLOCK);
        ::fcntl(plain, F_SETFL, O_NONBLOCK);
        half in, out; // from TLS, to TLS
        for (;;) {
            bool moved = false;
            short secured_wants = POLLIN;
            const auto again = [&](int n) {
                const int what = SSL_get_error(&ssl, n);
                if (what == SSL_ERROR_WANT_WRITE)
                    secured_wants |= POLLOUT;
                return what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE;
            };
            ERR_clear_error();
            if (in.empty() && !in.ended) {
                const int n = SSL_read(&ssl, in.bytes.data(), static_cast<int>(in.bytes.size()));
                moved = moved || n > 0;
                if (n > 0) {
                    in.from = 0;
                    in.to = static_cast<std::size_t>(n);
                } else if (SSL_get_error(&ssl, n) == SSL_ERROR_ZERO_RETURN) {
                    in.ended = true;
                } else if (!again(n)) {
                    return false;
                }
            }
            if (!in.empty()) {
                const auto n = ::send(plain, in.bytes.data() + in.from, in.to - in.from, MSG_NOSIGNAL);
                moved = moved || n > 0;
                in.from += static_cast<std::size_t>(std::max<ssize_t>(n, 0));
                if (n < 0 && errno != EAGAIN) { // takes no more, but may have sent a response before
                    in.from = in.to;
                    in.ended = in.told = true;
                }
            }
            if (in.ended && in.empty() && !std::exchange(in.told, true))
                ::shutdown(plain, SHUT_WR);
            if (out.empty() && !out.ended) {
                const auto n = ::recv(plain, out.bytes.data(), out.bytes.size(), 0);
                if (n < 0 && errno != EAGAIN)
                    return false;
                moved = moved || n > 0;
                out.ended = n == 0;
                out.from = 0;
                out.to = static_cast<std::size_t>(std::max<ssize_t>(n, 0));
            }
            ERR_clear_error();
            if (!out.empty()) {
                const int n =
                    SSL_write(&ssl, out.bytes.data() + out.from, static_cast<int>(out.to - out.from));
                if (n <= 0 && !again(n))
                    return false;
                moved = moved || n > 0;
                out.from += static_cast<std::size_t>(std::max(n, 0));
            }
            if (out.ended && out.empty() && !std::exchange(out.told, true)) {
                if (!settings_.sends_close_notify)
                    return true; // closes without close_notify
                SSL_shutdown(&ssl);
                ::shutdown(secured, SHUT_WR);
            }
            if (in.told && out.told)
                return true;
            if (moved)
                continue;
            std::array<pollfd, 2> waited{};
            waited[0] = {secured, in.ended || !in.empty() ? short(secured_wants & POLLOUT) : secured_wants,
                         0};
            waited[1] = {plain, short((in.empty() ? 0 : POLLOUT) | (out.empty() && !out.ended ? POLLIN : 0)),
                         0};
            if (::poll(waited.data(), waited.size(), 20'000) <= 0)
                return false;
        }
    }

    std::string to_;
    tls_relay_settings settings_;
    std::string protocols_;
    context_ptr context_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::list<connection> connections_;
    std::vector<handshake> handshakes_;
    bool stopping_ = false;
    socket_handle listener_;
    std::string address_;
    std::thread acceptor_;
};

tls_relay::tls_relay(std::string to, tls_relay_settings settings)
    : server_(std::make_unique<server>(std::move(to), std::move(settings)))
{
}
tls_relay::~tls_relay() = default;

std::string tls_relay::address() const
{
    return server_->address();
}

std::vector<tls_relay::handshake> tls_relay::handshakes() const
{
    return server_->wait_for(0);
}

std::vector<tls_relay::handshake> tls_relay::wait_for_handshakes(std::size_t count) const
{
    return server_->wait_for(count);
}

} // namespace scopegate::test
