#include "net/tls.hpp"

#include "net/tls_tickets.hpp"

#include <new>
#include <set>
#include <utility>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

namespace scopegate::net {

namespace {

constexpr unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

[[noreturn]] void fail(const std::string& file, const std::string& what)
{
    const auto code = ERR_peek_error();
    const char* const reason = ERR_reason_error_string(code);
    std::string text = "\"" + file + "\" " + what;
    if (reason != nullptr)
        text.append(": ").append(reason);
    ERR_clear_error();
    throw tls_error(text);
}

// Refuses a key with a passphrase, which OpenSSL would request on the terminal.
int no_passphrase(char*, int, int, void*)
{
    return -1;
}

// Sends an alert to a client that offers only protocols that we do not speak (RFC 7301 section 3.2). If we
// continued with HTTP/1, each side would read the connection differently.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned offered_size, void*)
{
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, http_1_1, sizeof http_1_1, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

SSL_CTX* make_context(const SSL_METHOD* method)
{
    ERR_clear_error();
    SSL_CTX* const context = SSL_CTX_new(method);
    if (context == nullptr)
        throw std::bad_alloc();
    SSL_CTX_set_security_level(context, 2); // keys of at least 112 bits, no SHA-1, whatever openssl.cnf says
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    // For TLS 1.2, only forward secrecy with authenticated encryption; all of TLS 1.3 has both.
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
    return context;
}

void use_identity(SSL_CTX* context, const std::string& certificate, const std::string& key)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
        fail(certificate, "contains no usable certificate in PEM");
    ERR_clear_error();
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
        if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
            fail(key, "is not the key of the certificate in \"" + certificate + "\"");
        fail(key, "contains no private key in PEM without a passphrase");
    }
    if (SSL_CTX_check_private_key(context) != 1)
        fail(key, "is not the key of the certificate in \"" + certificate + "\"");
}

void look_at_dates(const SSL_CTX* context, const std::string& file, std::vector<std::string>& warnings)
{
    const X509* const own = SSL_CTX_get0_certificate(context);
    if (X509_cmp_current_time(X509_get0_notAfter(own)) < 0)
        warnings.push_back("\"" + file + "\" has expired: peers that verify it refuse it");
    else if (X509_cmp_current_time(X509_get0_notBefore(own)) > 0)
        warnings.push_back("\"" + file + "\" is not valid yet: peers that verify it refuse it");
}

void trust(SSL_CTX* context, const std::string& authorities)
{
    ERR_clear_error();
    if (SSL_CTX_load_verify_locations(context, authorities.c_str(), nullptr) != 1)
        fail(authorities, "contains no certificate of an authority in PEM");
}

std::string digest_of(const X509& certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (X509_digest(&certificate, EVP_sha256(), digest, &size) != 1)
        throw std::bad_alloc();
    return {reinterpret_cast<const char*>(digest), size};
}

// Returns the SHA-256 of each trusted certificate, sorted and without duplicates.
std::string digests_of_trusted(SSL_CTX* context)
{
    std::set<std::string> digests;
    auto* const objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
    for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
        const X509* const one = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (one != nullptr) // null: a revocation list
            digests.insert(digest_of(*one));
    }
    std::string all;
    for (const auto& digest : digests)
        all += digest;
    return all;
}

} // namespace

void tls_context::release::operator()(ssl_ctx_st* c) const noexcept
{
    SSL_CTX_free(c);
}

tls_context::tls_context(const tls_server_files& files)
    : context_(make_context(TLS_server_method())), server_(true)
{
    auto* const context = context_.get();
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
    use_identity(context, files.certificate, files.key);
    look_at_dates(context, files.certificate, warnings_);
    if (!files.client_ca.empty())
        request_certificates(files.client_ca);
    // The certificate includes our public key, so another key pair is another identity too.
    if (files.tickets)
        allow_tickets(*context, files.tickets,
                      digest_of(*SSL_CTX_get0_certificate(context)) + client_authorities_,
                      files.ticket_lifetime);
}

void tls_context::request_certificates(const std::string& client_ca)
{
    auto* const context = context_.get();
    trust(context, client_ca);
    auto* const names = SSL_load_client_CA_file(client_ca.c_str());
    if (names == nullptr)
        fail(client_ca, "contains no certificate of an authority in PEM");
    SSL_CTX_set_client_CA_list(context, names);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    client_authorities_ = digests_of_trusted(context);
}

tls_context::tls_context(const tls_client_files& files, std::string server_name)
    : tls_context(files, std::vector<std::string>(1, std::move(server_name)))
{
}

tls_context::tls_context(const tls_client_files& files, std::vector<std::string> server_names)
    : context_(make_context(TLS_client_method())), server_names_(std::move(server_names)), server_(false)
{
    auto* const context = context_.get();
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (!files.ca.empty())
        trust(context, files.ca);
    else if (SSL_CTX_set_default_verify_paths(context) != 1)
        throw tls_error("the system's certificate authorities can't be read");
    if (SSL_CTX_set_alpn_protos(context, http_1_1, sizeof http_1_1) != 0) // 0: success
        throw std::bad_alloc();
    if (!files.certificate.empty()) {
        use_identity(context, files.certificate, files.key);
        look_at_dates(context, files.certificate, warnings_);
    }
    for (auto& name : server_names_) {
        if (name.ends_with('.')) // the final dot is only for resolvers (RFC 6066 section 3)
            name.pop_back();
        // Fail now if no certificate could be checked for this name.
        if (!tls_channel(*context, -1, false).expect_server(name))
            throw tls_error("\"" + name + "\" is not a name that a certificate can be checked for");
    }
}

tls_context::~tls_context() = default;

std::unique_ptr<tls_channel> tls_context::open(int socket, std::size_t name) const
{
    auto channel = std::make_unique<tls_channel>(*context_, socket, server_);
    if (!server_ && !channel->expect_server(server_names_.at(name)))
        throw std::bad_alloc();
    return channel;
}

} // namespace scopegate::net
