// Both ends of a TLS connection in one thread: a tls_channel, and a peer made of OpenSSL's own calls at the
// other end of a socket pair. No call blocks.
#pragma once

#include "net/tls.hpp"
#include "support/certificate_maker.hpp"
#include "support/pem.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace scopegate::net {

using outcome = tls_channel::outcome;

// One authority, and files with certificates that it signed.
struct tls_files {
    test::certificate_authority ca{"ours"};
    test::temporary_folder folder;
    std::string ca_file = folder.write("ca.pem", ca.pem());

    [[nodiscard]] tls_server_files server(const test::certificate_wish& wish = {"DNS:localhost"}) const
    {
        const auto made = ca.issue(wish);
        return {folder.write("server.pem", made.certificate), folder.write("server.key", made.key), {}};
    }
    [[nodiscard]] tls_client_files client() const { return {ca_file, {}, {}}; }
};

class tls_peer final {
public:
    explicit tls_peer(bool server) : context_(SSL_CTX_new(TLS_method())), server_(server)
    {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_.data()), 0);
        SSL_CTX_set_mode(context_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        // The peer's own security level would hide what our side refuses.
        SSL_CTX_set_security_level(context_.get(), 0);
    }
    ~tls_peer()
    {
        for (const int end : ends_)
            if (end >= 0)
                ::close(end);
    }
    tls_peer(const tls_peer&) = delete;
    tls_peer& operator=(const tls_peer&) = delete;

    [[nodiscard]] SSL_CTX* context() noexcept { return context_.get(); } // call before ssl()
    [[nodiscard]] SSL* ssl()
    {
        if (!ssl_) {
            ssl_.reset(SSL_new(context_.get()));
            SSL_set_fd(ssl_.get(), ends_[1]);
            server_ ? SSL_set_accept_state(ssl_.get()) : SSL_set_connect_state(ssl_.get());
        }
        return ssl_.get();
    }
    [[nodiscard]] int far_socket() const noexcept { return ends_[0]; } // the channel's end
    [[nodiscard]] int socket() const noexcept { return ends_[1]; }

    void use(const test::tls_identity& identity) { test::use_identity(context(), identity); }
    void only(int version) { test::use_version(context(), version); }
    void offer(std::string_view protocols)
    {
        EXPECT_EQ(SSL_CTX_set_alpn_protos(context(), reinterpret_cast<const unsigned char*>(protocols.data()),
                                          static_cast<unsigned>(protocols.size())),
                  0);
    }

    // Continues both handshakes until the channel's has succeeded or failed.
    outcome shake_hands(tls_channel& channel)
    {
        for (int i = 0; i < 100; ++i) {
            ERR_clear_error();
            SSL_do_handshake(ssl());
            const auto how = channel.handshake();
            if (how == outcome::done) {
                ERR_clear_error();
                SSL_do_handshake(ssl());
            }
            if (how == outcome::done || how == outcome::failed)
                return how;
        }
        return outcome::wants_read;
    }
    void send(std::string_view bytes)
    {
        std::size_t sent = 0;
        ASSERT_EQ(SSL_write_ex(ssl(), bytes.data(), bytes.size(), &sent), 1);
        ASSERT_EQ(sent, bytes.size());
    }
    void send_raw(std::string_view bytes)
    {
        ASSERT_EQ(::send(socket(), bytes.data(), bytes.size(), MSG_NOSIGNAL), ssize_t(bytes.size()));
    }
    // Returns all bytes that have arrived.
    std::string receive()
    {
        std::string all;
        std::array<char, 16384> bytes{};
        std::size_t got = 0;
        ERR_clear_error();
        while (SSL_read_ex(ssl(), bytes.data(), bytes.size(), &got) == 1)
            all.append(bytes.data(), got);
        return all;
    }
    // Returns the error of the last call, which returned 0 or less.
    [[nodiscard]] int error() { return SSL_get_error(ssl(), 0); }
    void close() { ::close(std::exchange(ends_[1], -1)); }

private:
    test::context_ptr context_;
    test::ssl_ptr ssl_;
    std::array<int, 2> ends_{-1, -1};
    bool server_;
};

} // namespace scopegate::net
