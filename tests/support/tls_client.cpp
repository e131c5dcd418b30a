#include "support/tls_client.hpp"

#include "support/pem.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace scopegate::test {

namespace {

context_ptr make_context(const tls_client_settings& settings)
{
    context_ptr made(SSL_CTX_new(TLS_client_method()));
    auto* const c = made.get();
    use_version(c, settings.version);
    use_identity(c, settings.identity);
    if (!settings.ca.empty()) {
        trust(c, settings.ca);
        SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
    }
    std::string protocols;
    for (const auto& p : settings.protocols)
        protocols.append(1, static_cast<char>(p.size())).append(p);
    require(protocols.empty() ||
            SSL_CTX_set_alpn_protos(c, reinterpret_cast<const unsigned char*>(protocols.data()),
                                    static_cast<unsigned>(protocols.size())) == 0);
    return made;
}

// Returns the number in `Content-Length`, or 0 without one.
std::size_t length_in(const std::string& head)
{
    const std::string_view name = "\r\nContent-Length: ";
    const auto at = head.find(name);
    return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + name.size(), nullptr, 10);
}

} // namespace

void tls_client::release::operator()(ssl_st* s) const noexcept
{
    SSL_free(s);
}

tls_client::tls_client(const std::string& address, const tls_client_settings& settings)
    : socket_(socket_handle::connect_to(address)), ssl_(SSL_new(make_context(settings).get()))
{
    std::signal(SIGPIPE, SIG_IGN);
    const timeval wait{test_timeout.count(), 0};
    ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    SSL_set_fd(ssl_.get(), socket_.descriptor());
    if (!settings.server_name.empty())
        SSL_set_tlsext_host_name(ssl_.get(), const_cast<char*>(settings.server_name.c_str()));
    if (settings.session)
        require(SSL_set_session(ssl_.get(), settings.session.get()) == 1);
    static_cast<void>(socket_.send(settings.before));
    ERR_clear_error();
    if (SSL_connect(ssl_.get()) == 1)
        return;
    const char* const reason = ERR_reason_error_string(ERR_peek_error());
    failure_ = reason != nullptr ? reason : "the connection ended";
}

tls_client::tls_client(tls_client&&) noexcept = default;
tls_client::~tls_client() = default;

std::string tls_client::version() const
{
    return SSL_get_version(ssl_.get());
}

std::string tls_client::protocol() const
{
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &chosen, &size);
    return std::string(reinterpret_cast<const char*>(chosen), size);
}

std::string tls_client::peer_serial() const
{
    const auto* const peer = SSL_get0_peer_certificate(ssl_.get());
    return peer == nullptr ? std::string() : std::to_string(ASN1_INTEGER_get(X509_get0_serialNumber(peer)));
}

bool tls_client::is_resumed() const
{
    return SSL_session_reused(ssl_.get()) == 1;
}

std::shared_ptr<ssl_session_st> tls_client::leave()
{
    std::shared_ptr<ssl_session_st> session(SSL_get1_session(ssl_.get()), SSL_SESSION_free);
    send_close_notify();
    // OpenSSL forgets the session of a connection that ends without close_notify.
    SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    return session && SSL_SESSION_has_ticket(session.get()) == 1 ? session : nullptr;
}

bool tls_client::send(std::string_view bytes)
{
    ERR_clear_error();
    std::size_t sent = 0;
    return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent) == 1;
}

std::string tls_client::read_bytes(std::size_t count)
{
    std::string out(count, '\0');
    std::size_t filled = 0;
    std::size_t got = 0;
    ERR_clear_error();
    while (filled < count && SSL_read_ex(ssl_.get(), out.data() + filled, count - filled, &got) == 1)
        filled += got;
    out.resize(filled);
    return out;
}

std::string tls_client::exchange(std::string_view request)
{
    send(request);
    std::string answer;
    while (!answer.ends_with("\r\n\r\n")) {
        const auto next = read_bytes(1);
        if (next.empty())
            return answer;
        answer += next;
    }
    return answer + read_bytes(length_in(answer));
}

tls_client::ending tls_client::ending_of(int returned) const
{
    switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_ZERO_RETURN:
        return ending::close_notify;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return ending::late;
    case SSL_ERROR_SSL:
        return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? ending::cut
                                                                                      : ending::alert;
    default:
        return errno == ECONNRESET ? ending::reset : ending::cut;
    }
}

tls_client::ending tls_client::read_to_end(std::string* rest)
{
    std::array<char, 16384> bytes{};
    for (;;) {
        ERR_clear_error();
        errno = 0;
        std::size_t got = 0;
        if (const int n = SSL_read_ex(ssl_.get(), bytes.data(), bytes.size(), &got); n != 1)
            return ending_of(n);
        if (rest != nullptr)
            rest->append(bytes.data(), got);
    }
}

void tls_client::send_close_notify()
{
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
}

void tls_client::update_key(bool both)
{
    require(SSL_key_update(ssl_.get(), both ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
}

} // namespace scopegate::test
