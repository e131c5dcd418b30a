#include "jose/sign.hpp"

#include "jose/base64url.hpp"
#include "jose/key_pair.hpp"
#include "jose/openssl.hpp"

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include <algorithm>

namespace scopegate::jose {

namespace {

using namespace openssl;
using ecdsa_signature = owned<ECDSA_SIG, ECDSA_SIG_free>;

void require(bool done)
{
    jose::require(done, "OpenSSL can't sign");
}

unsigned char* bytes(std::string& s)
{
    return reinterpret_cast<unsigned char*>(s.data());
}

std::string hmac(algorithm a, std::string_view key, std::string_view input)
{
    std::string out(hash_size(a), '\0');
    std::size_t size = 0;
    require(EVP_Q_mac(nullptr, "HMAC", nullptr, hash_name(a), nullptr, key.data(), key.size(),
                      openssl::bytes(input), input.size(), bytes(out), out.size(), &size) != nullptr);
    return out;
}

// Converts OpenSSL's DER to the two numbers of RFC 7518 section 3.4, big-endian and of full length.
std::string raw_from_der(std::string_view der, std::size_t coordinate)
{
    const auto* at = openssl::bytes(der);
    const ecdsa_signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    require(signature != nullptr);
    std::string out(2 * coordinate, '\0');
    const auto size = static_cast<int>(coordinate);
    require(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes(out), size) == size &&
            BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes(out) + coordinate, size) == size);
    return out;
}

} // namespace

std::string signing_key::sign(std::string_view input) const
{
    if (key_ == nullptr)
        return hmac(algorithm_, octets_.reveal(), input);
    const md_ctx ctx(EVP_MD_CTX_new());
    EVP_PKEY_CTX* settings = nullptr; // owned by ctx
    const char* hash = algorithm_ == algorithm::eddsa ? nullptr : hash_name(algorithm_);
    require(ctx != nullptr &&
            EVP_DigestSignInit_ex(ctx.get(), &settings, hash, nullptr, nullptr, key_.get(), nullptr) == 1);
    if (is_pss(algorithm_))
        require(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) == 1);
    std::size_t size = 0;
    require(EVP_DigestSign(ctx.get(), nullptr, &size, openssl::bytes(input), input.size()) == 1);
    std::string out(size, '\0');
    require(EVP_DigestSign(ctx.get(), bytes(out), &size, openssl::bytes(input), input.size()) == 1);
    out.resize(size);
    const auto* c = curve_of(key_type_for(algorithm_));
    return c != nullptr ? raw_from_der(out, c->coordinate) : out;
}

std::string sign_with_header(const signing_key& key, std::string_view header, std::string_view payload)
{
    auto token = base64url_encode(header) + '.' + base64url_encode(payload);
    return token + '.' + base64url_encode(key.sign(token));
}

std::string sign_compact(const signing_key& key, std::string_view payload, const json::object& extras)
{
    json::object header{{"alg", json::value(std::string(name(key.alg())))},
                        {"typ", json::value(std::string("JWT"))}};
    if (!key.kid().empty())
        header.emplace_back("kid", json::value(key.kid()));
    for (const auto& [member, value] : extras) {
        std::erase_if(header, [&, &wanted = member](const json::member& m) { return m.first == wanted; });
        if (!value.is_null())
            header.emplace_back(member, value);
    }
    return sign_with_header(key, json::serialize(json::value(std::move(header))), payload);
}

} // namespace scopegate::jose
