#include "support/certificate_maker.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace scopegate::test {

namespace {

struct release {
    void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
    void operator()(X509* p) const noexcept { X509_free(p); }
    void operator()(X509_EXTENSION* p) const noexcept { X509_EXTENSION_free(p); }
    void operator()(BIO* p) const noexcept { BIO_free_all(p); }
};
using key_ptr = std::unique_ptr<EVP_PKEY, release>;
using certificate_ptr = std::unique_ptr<X509, release>;

void require(bool ok)
{
    if (!ok)
        throw std::runtime_error("OpenSSL can't make a test certificate");
}

key_ptr make_key()
{
    key_ptr key(EVP_EC_gen("P-256"));
    require(key != nullptr);
    return key;
}

void extend(X509* subject, X509* issuer, int what, const std::string& value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, subject, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, release> extension(
        X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
    require(extension != nullptr && X509_add_ext(subject, extension.get(), -1) == 1);
}

certificate_ptr make_certificate(EVP_PKEY* key, const certificate_wish& wish)
{
    static long serial = 1;
    certificate_ptr certificate(X509_new());
    require(certificate != nullptr);
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), wish.valid_from);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), wish.valid_until);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1, -1, 0);
    return certificate;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* key)
{
    require(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1);
    require(X509_sign(certificate, key, EVP_sha256()) > 0);
}

template <class Write>
std::string to_pem(Write&& write)
{
    const std::unique_ptr<BIO, release> out(BIO_new(BIO_s_mem()));
    require(out != nullptr && write(out.get()) == 1);
    char* text = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

tls_identity identity_of(X509* certificate, EVP_PKEY* key)
{
    tls_identity made;
    made.certificate = to_pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
    made.key = to_pem(
        [&](BIO* out) { return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
    return made;
}

} // namespace

struct certificate_authority::parts {
    key_ptr key;
    certificate_ptr certificate;
};

certificate_authority::certificate_authority(const std::string& name) : parts_(std::make_unique<parts>())
{
    parts_->key = make_key();
    certificate_wish own_name;
    own_name.common_name = name;
    parts_->certificate = make_certificate(parts_->key.get(), own_name);
    auto* const own = parts_->certificate.get();
    extend(own, own, NID_basic_constraints, "critical,CA:TRUE");
    extend(own, own, NID_subject_key_identifier, "hash");
    sign(own, own, parts_->key.get());
}

certificate_authority::~certificate_authority() = default;

std::string certificate_authority::pem() const
{
    return to_pem([this](BIO* out) { return PEM_write_bio_X509(out, parts_->certificate.get()); });
}

tls_identity certificate_authority::issue(const certificate_wish& wish) const
{
    const auto key = make_key();
    const auto certificate = make_certificate(key.get(), wish);
    if (!wish.alternative_name.empty())
        extend(certificate.get(), parts_->certificate.get(), NID_subject_alt_name, wish.alternative_name);
    if (!wish.purposes.empty())
        extend(certificate.get(), parts_->certificate.get(), NID_ext_key_usage, wish.purposes);
    extend(certificate.get(), parts_->certificate.get(), NID_authority_key_identifier, "keyid");
    sign(certificate.get(), parts_->certificate.get(), parts_->key.get());
    return identity_of(certificate.get(), key.get());
}

tls_identity self_signed(const certificate_wish& wish)
{
    const auto key = make_key();
    const auto certificate = make_certificate(key.get(), wish);
    extend(certificate.get(), certificate.get(), NID_subject_alt_name, wish.alternative_name);
    sign(certificate.get(), certificate.get(), key.get());
    return identity_of(certificate.get(), key.get());
}

} // namespace scopegate::test
