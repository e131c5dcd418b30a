// Converts PEM texts to OpenSSL's objects, for the tests' own TLS peers.
#pragma once

#include "support/fake_issuer.hpp"

#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/pem.h>
#include <openssl/ssl.h>

namespace scopegate::test {

template <class T, void (*Free)(T*)>
struct freeing {
    void operator()(T* p) const noexcept { Free(p); }
};
using context_ptr = std::unique_ptr<SSL_CTX, freeing<SSL_CTX, SSL_CTX_free>>;
using ssl_ptr = std::unique_ptr<SSL, freeing<SSL, SSL_free>>;
using bio_ptr = std::unique_ptr<BIO, freeing<BIO, BIO_free_all>>;
using x509_ptr = std::unique_ptr<X509, freeing<X509, X509_free>>;
using pkey_ptr = std::unique_ptr<EVP_PKEY, freeing<EVP_PKEY, EVP_PKEY_free>>;

inline void require(bool ok)
{
    if (!ok)
        throw std::runtime_error("OpenSSL can't do what a test asks for");
}

[[nodiscard]] inline bio_ptr memory_of(const std::string& text)
{
    return bio_ptr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

[[nodiscard]] inline x509_ptr certificate_of(const std::string& pem)
{
    return x509_ptr(PEM_read_bio_X509(memory_of(pem).get(), nullptr, nullptr, nullptr));
}

// Does nothing without an identity.
inline void use_identity(SSL_CTX* context, const tls_identity& identity)
{
    if (identity.certificate.empty())
        return;
    const pkey_ptr key(PEM_read_bio_PrivateKey(memory_of(identity.key).get(), nullptr, nullptr, nullptr));
    require(SSL_CTX_use_certificate(context, certificate_of(identity.certificate).get()) == 1 &&
            SSL_CTX_use_PrivateKey(context, key.get()) == 1);
}

// Sets the authority that the peer must have.
inline void trust(SSL_CTX* context, const std::string& ca)
{
    require(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate_of(ca).get()) == 1);
}

inline void use_version(SSL_CTX* context, int version) // 0: any
{
    if (version == 0)
        return;
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
}

} // namespace scopegate::test
