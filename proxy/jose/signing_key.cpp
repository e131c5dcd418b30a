#include "jose/sign.hpp"

#include "jose/base64url.hpp"
#include "jose/jwk.hpp"
#include "jose/key_pair.hpp"
#include "jose/openssl.hpp"

#include <openssl/pem.h>
#include <openssl/rand.h>

namespace scopegate::jose {

namespace {

using namespace openssl;
using bio = owned<BIO, BIO_free_all>;

json::value text(std::string s)
{
    return json::value(std::move(s));
}

algorithm usual_algorithm(key_type type)
{
    switch (type) {
    case key_type::p256:
        return algorithm::es256;
    case key_type::p384:
        return algorithm::es384;
    case key_type::p521:
        return algorithm::es512;
    case key_type::ed25519:
        return algorithm::eddsa;
    default:
        return algorithm::rs256;
    }
}

std::string random_octets(std::size_t size)
{
    std::string octets(size, '\0');
    require(RAND_priv_bytes(reinterpret_cast<unsigned char*>(octets.data()), static_cast<int>(size)) == 1,
            "OpenSSL can't generate random numbers");
    return octets;
}

// Fails instead of prompting on the terminal.
int no_password(char*, int, int, void*)
{
    return -1;
}

} // namespace

signing_key signing_key::of(std::shared_ptr<evp_pkey_st> key, std::optional<algorithm> a)
{
    const auto type = type_of(key.get());
    signing_key made;
    made.algorithm_ = a.value_or(usual_algorithm(type));
    if (key_type_for(made.algorithm_) != type)
        fail("the key can't sign " + std::string(name(made.algorithm_)));
    if (type == key_type::rsa && EVP_PKEY_get_bits(key.get()) < min_rsa_bits)
        fail("RSA of less than " + std::to_string(min_rsa_bits) + " bits is too weak");
    made.key_ = std::move(key);
    made.kid_ = thumbprint(json::value(members_of(made.key_.get(), false))).value();
    return made;
}

signing_key signing_key::generate(algorithm a)
{
    const auto type = key_type_for(a);
    if (type == key_type::octets)
        return from_secret(secret(random_octets(hash_size(a))), a);
    EVP_PKEY* key = nullptr;
    if (const auto* c = curve_of(type); c != nullptr)
        key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", c->name);
    else if (type == key_type::rsa)
        key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
    else
        key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    require(key != nullptr, "OpenSSL can't make a key");
    return of({key, EVP_PKEY_free}, a);
}

signing_key signing_key::from_pem(const secret& pem, std::optional<algorithm> a)
{
    const auto text = pem.reveal();
    const bio source(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PrivateKey(source.get(), nullptr, no_password, nullptr),
                                  EVP_PKEY_free);
    require(key != nullptr, "this is not an unencrypted private key in PEM");
    return of(std::move(key), a);
}

signing_key signing_key::from_jwk(const secret& text, std::optional<algorithm> a)
{
    const auto jwk = json::parse(text.reveal());
    require(jwk && jwk->if_object() != nullptr, "this is not a JWK: it must be a strict JSON object");
    if (const auto named = text_of(*jwk, "alg"); !a && !named.empty()) {
        a = algorithm_named(named);
        require(a.has_value(), "the JWK's alg is not a signature algorithm");
    }
    const bool octets = text_of(*jwk, "kty") == "oct";
    auto made = octets ? from_secret(secret(octets_of(*jwk, "k")), a.value_or(algorithm::hs256))
                       : of(key_pair_of(*jwk), a);
    if (auto kid = text_of(*jwk, "kid"); !kid.empty())
        made.kid_ = std::move(kid);
    return made;
}

signing_key signing_key::from_secret(const secret& octets, algorithm a)
{
    require(is_symmetric(a), "a secret signs HS256, HS384 or HS512 only");
    require(octets.reveal().size() >= hash_size(a), "the secret is shorter than the algorithm's hash");
    signing_key made;
    made.algorithm_ = a;
    made.octets_ = octets;
    return made;
}

signing_key signing_key::with_kid(std::string kid) const
{
    auto copy = *this;
    copy.kid_ = std::move(kid);
    return copy;
}

json::value signing_key::public_jwk() const
{
    require(key_ != nullptr, "a secret has no public half");
    auto members = members_of(key_.get(), false);
    members.emplace_back("kid", text(kid_));
    members.emplace_back("use", text("sig"));
    members.emplace_back("alg", text(std::string(name(algorithm_))));
    return json::value(std::move(members));
}

secret signing_key::private_jwk() const
{
    json::object members;
    if (key_ != nullptr) {
        members = members_of(key_.get(), true);
    } else {
        members.emplace_back("kty", text("oct"));
        members.emplace_back("k", text(base64url_encode(octets_.reveal())));
    }
    if (!kid_.empty())
        members.emplace_back("kid", text(kid_));
    members.emplace_back("alg", text(std::string(name(algorithm_))));
    return secret(json::serialize(json::value(std::move(members))));
}

secret signing_key::private_pem() const
{
    require(key_ != nullptr, "a secret has no PEM form");
    const bio out(BIO_new(BIO_s_secmem()));
    require(out != nullptr && PEM_write_bio_PKCS8PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0,
                                                            nullptr, nullptr) == 1,
            "OpenSSL can't export the key");
    char* data = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &data);
    return secret(std::string(data, static_cast<std::size_t>(size)));
}

std::string public_jwk_set(std::span<const signing_key> keys)
{
    json::array list;
    for (const auto& key : keys)
        if (!is_symmetric(key.alg()))
            list.push_back(key.public_jwk());
    return json::serialize(json::value(json::object{{"keys", json::value(std::move(list))}}));
}

} // namespace scopegate::jose
