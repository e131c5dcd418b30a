#include "jose/jwk.hpp"

#include "jose/base64url.hpp"
#include "jose/key_pair.hpp"
#include "jose/key_type.hpp"
#include "jose/openssl.hpp"
#include "jose/published_keys.hpp"
#include "jose/sha256.hpp"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

namespace scopegate::jose {

namespace {

using namespace openssl;

// Describes why a key is refused. Always caught in jwk::parse.
struct unfit {
    std::string why;
};

std::string_view text_member(const json::value& key, std::string_view name)
{
    const auto* member = key.find(name);
    const auto* text = member != nullptr ? member->if_string() : nullptr;
    if (text == nullptr)
        throw unfit{(member != nullptr ? "its member is not a string: " : "it lacks the member ") +
                    std::string(name)};
    return *text;
}

std::string octets_member(const json::value& key, std::string_view name)
{
    auto octets = base64url_decode(text_member(key, name));
    if (!octets || octets->empty())
        throw unfit{"its member " + std::string(name) + " is not strict base64url"};
    return std::move(*octets);
}

std::optional<std::string> optional_text(const json::value& key, std::string_view name)
{
    return key.find(name) != nullptr ? std::optional(std::string(text_member(key, name))) : std::nullopt;
}

pkey from_parameters(const char* type, const param_builder& builder, const char* what)
{
    const params made(OSSL_PARAM_BLD_to_param(builder.get()));
    const pkey_ctx ctx(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (made == nullptr || ctx == nullptr || EVP_PKEY_fromdata_init(ctx.get()) != 1 ||
        EVP_PKEY_fromdata(ctx.get(), &key, EVP_PKEY_PUBLIC_KEY, made.get()) != 1)
        throw unfit{what};
    return pkey(key);
}

pkey rsa_key(const json::value& key)
{
    const auto n = number(octets_member(key, "n"));
    const auto e = number(octets_member(key, "e"));
    if (n == nullptr || e == nullptr)
        throw std::bad_alloc();
    const int bits = BN_num_bits(n.get());
    if (bits < min_rsa_bits)
        throw unfit{"RSA of " + std::to_string(bits) + " bits is too weak: at least " +
                    std::to_string(min_rsa_bits) + " are required"};
    if (bits > max_rsa_bits)
        throw unfit{"RSA of " + std::to_string(bits) + " bits is too large: at most " +
                    std::to_string(max_rsa_bits) + " are allowed"};
    // RSA excludes even and tiny exponents. A huge one makes each verification as expensive as a signature.
    if (BN_is_odd(n.get()) == 0 || BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) || BN_num_bits(e.get()) > 32)
        throw unfit{"its RSA modulus or exponent is invalid"};
    const param_builder builder(OSSL_PARAM_BLD_new());
    if (builder == nullptr || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
        throw std::bad_alloc();
    return from_parameters("RSA", builder, "OpenSSL refuses the RSA key");
}

pkey ec_key(const json::value& key, const curve& c)
{
    // RFC 7518 section 6.2.1.2: a coordinate has the curve's full length.
    const auto x = octets_member(key, "x"), y = octets_member(key, "y");
    if (x.size() != c.coordinate || y.size() != c.coordinate)
        throw unfit{"a coordinate of " + std::string(c.name) + " must have " + std::to_string(c.coordinate) +
                    " octets"};
    const auto point = '\x04' + x + y;
    const param_builder builder(OSSL_PARAM_BLD_new());
    if (builder == nullptr ||
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, c.name, 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) != 1)
        throw std::bad_alloc();
    return from_parameters("EC", builder, "its point is not on the curve");
}

// The points of small order, little-endian, without the sign bit, including their unreduced encodings. If a
// key is such a point, anybody can make a signature that is valid for any text, or for every eighth.
bool is_of_small_order(std::string point)
{
    static constexpr std::array<std::string_view, 7> known{
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
    constexpr std::string_view digits = "0123456789abcdef";
    point.back() = static_cast<char>(point.back() & 0x7f);
    std::string hex;
    for (const char each : point) {
        const auto octet = static_cast<unsigned char>(each);
        hex.append(1, digits[octet >> 4]).append(1, digits[octet & 15]);
    }
    return std::find(known.begin(), known.end(), hex) != known.end();
}

pkey ed25519_key(const json::value& key)
{
    const auto x = octets_member(key, "x");
    if (is_of_small_order(x))
        throw unfit{"its point is of small order, so anyone could forge signatures"};
    pkey made(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, bytes(x), x.size()));
    if (made == nullptr)
        throw unfit{"an Ed25519 key must have 32 octets"};
    return made;
}

struct typed_key {
    key_type type;
    pkey key;
};

typed_key public_key(const json::value& key)
{
    const auto kty = text_member(key, "kty");
    if (kty == "RSA")
        return {key_type::rsa, rsa_key(key)};
    if (kty == "EC") {
        if (const auto* c = curve_named(text_member(key, "crv")); c != nullptr)
            return {c->type, ec_key(key, *c)};
        throw unfit{"its curve is not P-256, P-384 or P-521"};
    }
    if (kty == "OKP") {
        if (text_member(key, "crv") == "Ed25519")
            return {key_type::ed25519, ed25519_key(key)};
        throw unfit{"its curve is not Ed25519"};
    }
    throw unfit{kty == "oct" ? "a secret (oct) must not be published"
                             : "its kty is not one of RSA, EC and OKP"};
}

// Returns the published key, which may stand in a certificate.
typed_key published_key(const json::value& key)
{
    const auto certified = key_in_x5c(key);
    constexpr std::string_view own_members[] = {"n", "e", "x", "y"};
    const bool bare = std::none_of(std::begin(own_members), std::end(own_members),
                                   [&](std::string_view name) { return key.find(name) != nullptr; });
    if (bare && certified == nullptr && key.find("x5c") != nullptr)
        throw unfit{"its x5c does not begin with a readable certificate"};
    if (bare && certified != nullptr) {
        const json::value members(members_of(certified.get(), false));
        for (const auto* name : {"kty", "crv"})
            if (key.find(name) != nullptr && text_member(key, name) != text_of(members, name))
                throw unfit{"its x5c certificate is for a key of another " + std::string(name)};
        return public_key(members);
    }
    auto own = public_key(key);
    if (certified != nullptr && EVP_PKEY_eq(certified.get(), own.key.get()) != 1)
        throw unfit{"its x5c certificate is for another key"};
    return own;
}

// With a published private key, anybody can sign.
void refuse_private_members(const json::value& key)
{
    for (const auto* name : {"d", "p", "q", "dp", "dq", "qi", "oth"})
        if (key.find(name) != nullptr)
            throw unfit{"it contains private key material (" + std::string(name) +
                        "), which is compromised once it is published"};
}

void require_verification_use(const json::value& key)
{
    if (const auto use = optional_text(key, "use"); use && *use != "sig" && *use != "jwt-svid")
        throw unfit{"its use is not sig"};
    const auto* operations = key.find("key_ops");
    if (operations == nullptr)
        return;
    const auto* list = operations->if_array();
    if (list == nullptr ||
        std::find(list->begin(), list->end(), json::value(std::string("verify"))) == list->end())
        throw unfit{"its key_ops lack verify"};
}

// Returns the only algorithm that the key is declared for, if it declares one.
std::optional<algorithm> declared_algorithm(const json::value& key, key_type type)
{
    const auto alg = optional_text(key, "alg");
    if (!alg)
        return std::nullopt;
    const auto a = algorithm_named(*alg);
    if (!a || key_type_for(*a) != type)
        throw unfit{"its alg is not a signature algorithm for this type of key"};
    return a;
}

} // namespace

boost::system::result<jwk, std::string> jwk::parse(const json::value& members)
{
    return parse(members, false);
}

boost::system::result<jwk, std::string> jwk::parse_published(const json::value& members)
{
    return parse(members, true);
}

boost::system::result<jwk, std::string> jwk::parse(const json::value& members, bool reads_certificates)
{
    const quiet_errors quiet;
    try {
        if (members.if_object() == nullptr)
            throw unfit{"it is not a JSON object"};
        jwk made;
        made.kid_ = optional_text(members, "kid");
        if (reads_certificates)
            made.issuer_ = optional_text(members, "issuer");
        refuse_private_members(members);
        require_verification_use(members);
        const auto [type, key] = reads_certificates ? published_key(members) : public_key(members);
        const auto only = declared_algorithm(members, type);
        for (std::size_t i = 0; i < algorithm_count; ++i)
            if (const auto a = static_cast<algorithm>(i); key_type_for(a) == type && a == only.value_or(a))
                made.verifiers_.emplace_back(a, key.get());
        return made;
    } catch (const unfit& u) {
        return u.why;
    } catch (const std::runtime_error& e) {
        return std::string(e.what());
    }
}

jwk jwk::from_secret(const secret& octets)
{
    jwk made;
    for (const auto a : {algorithm::hs256, algorithm::hs384, algorithm::hs512})
        if (octets.reveal().size() >= hash_size(a))
            made.verifiers_.emplace_back(a, octets);
    return made;
}

const verifier* jwk::verifier_for(algorithm a) const noexcept
{
    const auto found = std::find_if(verifiers_.begin(), verifiers_.end(),
                                    [a](const verifier& v) { return v.for_algorithm() == a; });
    return found != verifiers_.end() ? &*found : nullptr;
}

std::optional<std::string> thumbprint(const json::value& members)
{
    // RFC 7638 section 3.2: only the required members, ordered by name, without whitespace.
    static constexpr std::array<std::string_view, 3> rsa{"e", "kty", "n"}, okp{"crv", "kty", "x"};
    static constexpr std::array<std::string_view, 4> ec{"crv", "kty", "x", "y"};
    const auto* kty = members.find("kty");
    const auto* type = kty != nullptr ? kty->if_string() : nullptr;
    std::span<const std::string_view> required;
    if (type != nullptr && *type == "RSA")
        required = rsa;
    else if (type != nullptr && *type == "EC")
        required = ec;
    else if (type != nullptr && *type == "OKP")
        required = okp;
    else
        return std::nullopt;

    json::object canonical;
    for (const auto name : required) {
        const auto* member = members.find(name);
        if (member == nullptr || member->if_string() == nullptr)
            return std::nullopt;
        canonical.emplace_back(name, *member);
    }
    return sha256_base64url(json::serialize(json::value(std::move(canonical))));
}

} // namespace scopegate::jose
