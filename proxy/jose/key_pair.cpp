#include "jose/key_pair.hpp"

#include "jose/base64url.hpp"
#include "jose/openssl.hpp"

#include <openssl/core_names.h>

#include <array>
#include <stdexcept>
#include <vector>

namespace scopegate::jose {

namespace {

using namespace openssl;

struct rsa_member {
    const char *jwk, *openssl;
};
constexpr rsa_member rsa_public[] = {{"n", OSSL_PKEY_PARAM_RSA_N}, {"e", OSSL_PKEY_PARAM_RSA_E}};
constexpr rsa_member rsa_private[] = {
    {"d", OSSL_PKEY_PARAM_RSA_D},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
    {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
    {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1}};

// The builder keeps pointers to the numbers until the parameters are made.
struct key_parameters {
    param_builder builder{OSSL_PARAM_BLD_new()};
    std::vector<bignum> numbers;
    std::string point;

    void add(const char* name, std::string_view octets)
    {
        numbers.push_back(number(octets));
        require(OSSL_PARAM_BLD_push_BN(builder.get(), name, numbers.back().get()) == 1, "out of memory");
    }
    [[nodiscard]] std::shared_ptr<EVP_PKEY> make(const char* type) const
    {
        const params made(OSSL_PARAM_BLD_to_param(builder.get()));
        const pkey_ctx ctx(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
        EVP_PKEY* key = nullptr;
        require(made != nullptr && ctx != nullptr && EVP_PKEY_fromdata_init(ctx.get()) == 1 &&
                    EVP_PKEY_fromdata(ctx.get(), &key, EVP_PKEY_KEYPAIR, made.get()) == 1,
                "OpenSSL refuses the JWK's key");
        return {key, EVP_PKEY_free};
    }
};

std::shared_ptr<EVP_PKEY> private_rsa(const json::value& jwk)
{
    key_parameters parameters;
    for (const auto& member : rsa_public)
        parameters.add(member.openssl, octets_of(jwk, member.jwk));
    for (const auto& member : rsa_private)
        parameters.add(member.openssl, octets_of(jwk, member.jwk));
    return parameters.make("RSA");
}

std::shared_ptr<EVP_PKEY> private_ec(const json::value& jwk, const curve& c)
{
    key_parameters parameters;
    parameters.point = '\x04' + octets_of(jwk, "x") + octets_of(jwk, "y");
    require(OSSL_PARAM_BLD_push_utf8_string(parameters.builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, c.name,
                                            0) == 1 &&
                OSSL_PARAM_BLD_push_octet_string(parameters.builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                                 parameters.point.data(), parameters.point.size()) == 1,
            "out of memory");
    parameters.add(OSSL_PKEY_PARAM_PRIV_KEY, octets_of(jwk, "d"));
    return parameters.make("EC");
}

std::shared_ptr<EVP_PKEY> private_ed25519(const json::value& jwk)
{
    const auto d = octets_of(jwk, "d");
    std::shared_ptr<EVP_PKEY> key(
        EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, bytes(d), d.size()), EVP_PKEY_free);
    require(key != nullptr, "an Ed25519 key must have 32 octets");
    std::array<unsigned char, 32> x{};
    std::size_t size = x.size();
    require(EVP_PKEY_get_raw_public_key(key.get(), x.data(), &size) == 1 &&
                octets_of(jwk, "x") == std::string_view(reinterpret_cast<const char*>(x.data()), size),
            "the JWK's public and private halves do not belong together");
    return key;
}

json::value text(std::string s)
{
    return json::value(std::move(s));
}

json::value number_of(const EVP_PKEY* key, const char* parameter, std::size_t size = 0)
{
    BIGNUM* got = nullptr;
    require(EVP_PKEY_get_bn_param(key, parameter, &got) == 1, "OpenSSL can't export the key");
    const bignum n(got);
    std::string octets(size != 0 ? size : static_cast<std::size_t>(BN_num_bytes(n.get())), '\0');
    require(BN_bn2binpad(n.get(), reinterpret_cast<unsigned char*>(octets.data()),
                         static_cast<int>(octets.size())) >= 0,
            "OpenSSL can't export the key");
    return text(base64url_encode(octets));
}

json::value raw_of(const EVP_PKEY* key, decltype(&EVP_PKEY_get_raw_public_key) get)
{
    std::array<unsigned char, 32> octets{};
    std::size_t size = octets.size();
    require(get(key, octets.data(), &size) == 1, "OpenSSL can't export the key");
    return text(base64url_encode({reinterpret_cast<const char*>(octets.data()), size}));
}

} // namespace

void fail(const std::string& what)
{
    ERR_clear_error();
    throw std::runtime_error(what);
}

void require(bool done, const char* what)
{
    if (!done)
        fail(what);
}

key_type type_of(const EVP_PKEY* key)
{
    if (EVP_PKEY_is_a(key, "RSA") == 1)
        return key_type::rsa;
    if (EVP_PKEY_is_a(key, "ED25519") == 1)
        return key_type::ed25519;
    std::array<char, 64> group{};
    if (EVP_PKEY_is_a(key, "EC") == 1 &&
        EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1) {
        const std::string_view name = group.data(); // OpenSSL's own names of the NIST curves
        if (name == "prime256v1" || name == "P-256")
            return key_type::p256;
        if (name == "secp384r1" || name == "P-384")
            return key_type::p384;
        if (name == "secp521r1" || name == "P-521")
            return key_type::p521;
    }
    fail("the key is not one of RSA, P-256, P-384, P-521 and Ed25519");
}

std::string text_of(const json::value& jwk, const char* name)
{
    const auto* member = jwk.find(name);
    const auto* text = member != nullptr ? member->if_string() : nullptr;
    return text != nullptr ? *text : std::string();
}

std::string octets_of(const json::value& jwk, const char* name)
{
    auto octets = base64url_decode(text_of(jwk, name));
    if (!octets || octets->empty())
        fail(std::string("the JWK's member ") + name + " is missing or not base64url");
    return std::move(*octets);
}

std::shared_ptr<evp_pkey_st> key_pair_of(const json::value& jwk)
{
    const auto kty = text_of(jwk, "kty"), crv = text_of(jwk, "crv");
    const auto* c = curve_named(crv);
    auto key = kty == "RSA"                       ? private_rsa(jwk)
               : kty == "EC" && c != nullptr      ? private_ec(jwk, *c)
               : kty == "OKP" && crv == "Ed25519" ? private_ed25519(jwk)
                                                  : nullptr;
    if (key == nullptr)
        fail("the JWK is not one of RSA, EC (P-256, P-384, P-521), OKP (Ed25519) and oct");
    // A key whose halves do not match would sign tokens that nobody can verify.
    if (type_of(key.get()) != key_type::ed25519) {
        const pkey_ctx ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
        require(ctx != nullptr && EVP_PKEY_pairwise_check(ctx.get()) == 1,
                "the JWK's public and private halves do not belong together");
    }
    return key;
}

json::object members_of(const evp_pkey_st* key, bool with_private)
{
    const auto type = type_of(key);
    json::object out;
    if (type == key_type::rsa) {
        out.emplace_back("kty", text("RSA"));
        for (const auto& member : rsa_public)
            out.emplace_back(member.jwk, number_of(key, member.openssl));
        if (with_private)
            for (const auto& member : rsa_private)
                out.emplace_back(member.jwk, number_of(key, member.openssl));
    } else if (const auto* c = curve_of(type); c != nullptr) {
        out.emplace_back("kty", text("EC"));
        out.emplace_back("crv", text(c->name));
        out.emplace_back("x", number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, c->coordinate));
        out.emplace_back("y", number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, c->coordinate));
        if (with_private)
            out.emplace_back("d", number_of(key, OSSL_PKEY_PARAM_PRIV_KEY, c->coordinate));
    } else {
        out.emplace_back("kty", text("OKP"));
        out.emplace_back("crv", text("Ed25519"));
        out.emplace_back("x", raw_of(key, EVP_PKEY_get_raw_public_key));
        if (with_private)
            out.emplace_back("d", raw_of(key, EVP_PKEY_get_raw_private_key));
    }
    return out;
}

} // namespace scopegate::jose
