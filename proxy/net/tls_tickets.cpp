#include "net/tls_tickets.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace scopegate::net {

namespace {

using shared_keys = std::shared_ptr<const ticket_keys>;

constexpr std::size_t tickets_per_handshake = 2;

void release_keys(void*, void* keys, CRYPTO_EX_DATA*, int, long, void*)
{
    delete static_cast<shared_keys*>(keys);
}

// Returns where a context has its keys. They live as long as the context, which its connections keep alive.
int index_of_keys()
{
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, release_keys);
    return index;
}

// Prepares the ciphers for one ticket.
bool apply(const ticket_key& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
           bool encrypt)
{
    const auto* const aes = key.used == ticket_key::key_size ? EVP_aes_256_cbc() : EVP_aes_128_cbc();
    std::array digest{'S', 'H', 'A', '2', '5', '6', '\0'};
    const std::array params{OSSL_PARAM_construct_octet_string(
                                OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key.mac.data()), key.used),
                            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                            OSSL_PARAM_construct_end()};
    return EVP_CipherInit_ex(cipher, aes, nullptr, key.cipher.data(), iv, encrypt ? 1 : 0) == 1 &&
           EVP_MAC_CTX_set_params(mac, params.data()) == 1;
}

// OpenSSL's callback. On encryption it fills in the name and the IV. Returns a negative number for an error
// that ends the handshake, 0 for "no ticket" or "ignore this ticket", 1 for success, and 2 for success with a
// ticket that the client should replace.
int choose_key(SSL* connection, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
               EVP_MAC_CTX* mac, int encrypt)
{
    const auto* const keys =
        static_cast<shared_keys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), index_of_keys()));
    if (keys == nullptr)
        return 0;
    if (encrypt != 0) {
        const auto key = (*keys)->first();
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1)
            return -1;
        std::copy(key.name.begin(), key.name.end(), name);
        return apply(key, iv, cipher, mac, true) ? 1 : -1;
    }
    const auto found =
        (*keys)->find(std::span<const unsigned char, ticket_key::name_size>(name, ticket_key::name_size));
    if (!found)
        return 0;
    if (!apply(found->key, iv, cipher, mac, false))
        return -1;
    // A ticket of TLS 1.3 should be used once (RFC 8446 appendix C.4), so each resumption gives a new one.
    return found->first && SSL_version(connection) != TLS1_3_VERSION ? 1 : 2;
}

using first_time = std::int64_t; // of the first handshake of a chain of tickets, in seconds since 1970

// Returns the time that a ticket holds. Returns nothing if it holds none.
std::optional<first_time> first_handshake_of(SSL_SESSION* session)
{
    void* found = nullptr;
    std::size_t size = 0;
    first_time time = 0;
    if (SSL_SESSION_get0_ticket_appdata(session, &found, &size) != 1 || size != sizeof time)
        return std::nullopt;
    std::memcpy(&time, found, sizeof time);
    return time;
}

// OpenSSL's callback before a ticket is made. A resumed session has the time of its first handshake already.
// OpenSSL gives each ticket of TLS 1.3 a new time, so a chain of them would never end.
int note_first_handshake(SSL* connection, void*)
{
    auto* const session = SSL_get_session(connection);
    if (session == nullptr || first_handshake_of(session))
        return 1;
    const first_time time = SSL_SESSION_get_time(session);
    return SSL_SESSION_set1_ticket_appdata(session, &time, sizeof time);
}

bool has_expired(SSL* connection, SSL_SESSION* session)
{
    const auto first = first_handshake_of(session);
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    return !first || now - *first > SSL_CTX_get_timeout(SSL_get_SSL_CTX(connection));
}

// OpenSSL's callback for a decrypted ticket. The authority of the client's certificate is part of the
// identity, so only its dates can have changed.
SSL_TICKET_RETURN judge_ticket(SSL* connection, SSL_SESSION* session, const unsigned char*, std::size_t,
                               SSL_TICKET_STATUS status, void*)
{
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    if (has_expired(connection, session))
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    const X509* const client = SSL_SESSION_get0_peer(session);
    if (client != nullptr && X509_cmp_current_time(X509_get0_notAfter(client)) <= 0)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

} // namespace

void allow_tickets(ssl_ctx_st& context, std::shared_ptr<const ticket_keys> keys, std::string_view identity,
                   std::chrono::seconds lifetime)
{
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(identity.data()), identity.size(), digest.data());
    auto shared = std::make_unique<shared_keys>(std::move(keys));
    if (index_of_keys() < 0 || SSL_CTX_set_ex_data(&context, index_of_keys(), shared.get()) != 1)
        throw std::bad_alloc();
    static_cast<void>(shared.release());
    if (SSL_CTX_set_session_id_context(&context, digest.data(), digest.size()) != 1 ||
        SSL_CTX_set_tlsext_ticket_key_evp_cb(&context, choose_key) != 1 ||
        SSL_CTX_set_session_ticket_cb(&context, note_first_handshake, judge_ticket, nullptr) != 1 ||
        SSL_CTX_set_num_tickets(&context, tickets_per_handshake) != 1 ||
        SSL_CTX_set_max_early_data(&context, 0) != 1)
        throw std::bad_alloc();
    SSL_CTX_set_timeout(&context, static_cast<long>(lifetime.count()));
    SSL_CTX_clear_options(&context, SSL_OP_NO_TICKET);
}

} // namespace scopegate::net
