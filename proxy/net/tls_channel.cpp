#include "net/tls_channel.hpp"

#include "net/tls_fault.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace scopegate::net {

namespace {

// OpenSSL's own socket BIO raises SIGPIPE when it writes. It also treats a connection's end as an error after
// which nothing can be written. This BIO does neither.
int wire_read(BIO* bio, char* into, int size)
{
    auto& wire = *static_cast<tls_channel::wire*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    // A read that returned less than requested has emptied the socket, so the next call is skipped.
    if (std::exchange(wire.drained, false) || wire.reads_left == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    --wire.reads_left;
    ssize_t n = 0;
    do
        n = ::recv(wire.socket, into, static_cast<std::size_t>(size), MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        wire.received = true;
        wire.drained = n < size;
    } else if (n == 0)
        wire.ended = true;
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
        BIO_set_retry_read(bio);
    return static_cast<int>(n);
}

int wire_write(BIO* bio, const char* bytes, int size)
{
    const auto& wire = *static_cast<tls_channel::wire*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    ssize_t n = 0;
    do
        n = ::send(wire.socket, bytes, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        BIO_set_retry_write(bio);
    return static_cast<int>(n);
}

long wire_control(BIO*, int what, long, void*)
{
    return what == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* wire_method()
{
    static const BIO_METHOD* const methods = [] {
        auto* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "scopegate wire");
        if (method != nullptr) {
            BIO_meth_set_read(method, wire_read);
            BIO_meth_set_write(method, wire_write);
            BIO_meth_set_ctrl(method, wire_control);
        }
        return method;
    }();
    return methods;
}

// Returns an empty text if the digest can't be computed.
std::string digest_of(const X509& certificate)
{
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    const bool hashed = X509_digest(&certificate, EVP_sha256(),
                                    reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1;
    return hashed ? digest : std::string();
}

constexpr std::size_t record_size = SSL3_RT_MAX_PLAIN_LENGTH;

// Records without content (key updates, empty records, renegotiation requests) may arrive as fast as they are
// read. A peer that sends nothing else must not occupy the thread, so the rest is read after the next poll of
// the socket.
constexpr unsigned reads_without_content = 4;

} // namespace

void tls_channel::release::operator()(ssl_st* s) const noexcept
{
    SSL_free(s);
}

tls_channel::tls_channel(ssl_ctx_st& context, int socket, bool server) : ssl_(SSL_new(&context))
{
    wire_.socket = socket;
    const auto* const method = wire_method();
    BIO* const bio = ssl_ && method != nullptr ? BIO_new(method) : nullptr;
    if (bio == nullptr)
        throw std::bad_alloc();
    BIO_set_data(bio, &wire_);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    if (server)
        SSL_set_accept_state(ssl_.get());
    else
        SSL_set_connect_state(ssl_.get());
}

tls_channel::~tls_channel() = default;

bool tls_channel::expect_server(const std::string& name)
{
    // OpenSSL takes an empty name for any host, and a leading dot for all subdomains.
    if (name.empty() || name.front() == '.')
        return false;
    ERR_clear_error();
    auto* const wanted = SSL_get0_param(ssl_.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1)
        return true;
    // Ignore the certificate's subject: it is not a list of host names, even in old certificates (RFC 9525
    // section 2).
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                                X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size()) == 1 &&
           SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(name.c_str())) == 1;
}

void tls_channel::begin(std::size_t wanted) noexcept
{
    ERR_clear_error();
    wire_.reads_left = reads_without_content + static_cast<unsigned>(wanted / record_size);
}

tls_channel::outcome tls_channel::handshake() noexcept
{
    begin(0);
    const int n = SSL_do_handshake(ssl_.get());
    if (n == 1) {
        established_ = true;
        return take_peer_certificate() ? outcome::done : outcome::failed;
    }
    const auto how = outcome_of(n);
    if (failure_.empty() && (how == outcome::failed || how == outcome::ended))
        describe_failure();
    return how;
}

// Returns false if out of memory: a peer that showed a certificate must not pass for one without.
bool tls_channel::take_peer_certificate() noexcept
{
    const X509* const shown = SSL_get0_peer_certificate(ssl_.get());
    try {
        if (shown != nullptr)
            peer_certificate_ = digest_of(*shown);
    } catch (const std::bad_alloc&) {
    }
    broken_ = shown != nullptr && peer_certificate_.empty();
    return !broken_;
}

void tls_channel::describe_failure() noexcept
{
    const auto verified = SSL_get_verify_result(ssl_.get());
    const auto code = ERR_peek_error();
    const char* const reason = ERR_reason_error_string(code);
    fault_ = tls_fault(*ssl_, code);
    met_plain_http_ = fault_ == cause::plain_http_on_tls_port;
    try {
        if (verified != X509_V_OK)
            failure_ = X509_verify_cert_error_string(verified);
        else if (reason != nullptr)
            failure_ = reason;
        else
            failure_ = wire_.ended ? "the peer closed the connection" : "the connection failed";
    } catch (const std::bad_alloc&) { // the failure then has no description
    }
}

tls_channel::transfer tls_channel::read(std::span<char> into) noexcept
{
    if (broken_)
        return {0, outcome::failed};
    begin(into.size());
    std::size_t filled = 0;
    while (filled < into.size()) {
        std::size_t got = 0;
        const int n = SSL_read_ex(ssl_.get(), into.data() + filled, into.size() - filled, &got);
        if (n != 1)
            return {filled, outcome_of(n)};
        filled += got;
    }
    return {filled, outcome::done};
}

tls_channel::transfer tls_channel::write(std::span<const iovec> pieces) noexcept
{
    static thread_local std::array<char, record_size> record;
    const auto* bytes = static_cast<const char*>(pieces.front().iov_base);
    auto size = pieces.front().iov_len;
    if (pieces.size() > 1 && size < record.size()) {
        size = 0;
        for (const auto& piece : pieces) {
            const auto fits = std::min(piece.iov_len, record.size() - size);
            std::memcpy(record.data() + size, piece.iov_base, fits);
            size += fits;
        }
        bytes = record.data();
    }
    if (broken_)
        return {0, outcome::failed};
    if (size == 0)
        return {0, outcome::done};
    begin(0);
    std::size_t sent = 0;
    const int n = SSL_write_ex(ssl_.get(), bytes, size, &sent);
    return n == 1 ? transfer{sent, outcome::done} : transfer{0, outcome_of(n)};
}

tls_channel::outcome tls_channel::peek() noexcept
{
    if (broken_)
        return outcome::failed;
    begin(0);
    char one = 0;
    std::size_t got = 0;
    const int n = SSL_peek_ex(ssl_.get(), &one, 1, &got);
    return n == 1 ? outcome::done : outcome_of(n);
}

bool tls_channel::holds_input() const noexcept
{
    return SSL_has_pending(ssl_.get()) == 1;
}

tls_channel::outcome tls_channel::send_close_notify() noexcept
{
    if (!established_ || broken_ || sent_close_notify_)
        return outcome::done;
    begin(0);
    const int n = SSL_shutdown(ssl_.get());
    if (n < 0 && SSL_get_error(ssl_.get(), n) == SSL_ERROR_WANT_WRITE)
        return outcome::wants_write;
    sent_close_notify_ = true;
    return outcome::done;
}

tls_channel::outcome tls_channel::outcome_of(int returned) noexcept
{
    switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
        return outcome::wants_read;
    case SSL_ERROR_WANT_WRITE:
        return outcome::wants_write;
    case SSL_ERROR_ZERO_RETURN:
        return outcome::ended;
    case SSL_ERROR_SYSCALL: // a failure of the connection in one direction; the other may still work
        return outcome::failed;
    default:
        broken_ = true;
        describe_failure();
        return outcome::failed;
    }
}

} // namespace scopegate::net
