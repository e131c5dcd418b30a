// Values that an attacker may put in place of a signature. The vectors follow Project Wycheproof, made with
// test keys.
#include "jose/key_type.hpp"
#include "jose/openssl.hpp"
#include "jose/verifier.hpp"
#include "material.hpp"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <thread>

namespace scopegate::jose::test {
namespace {

using namespace openssl;

const std::string input = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1In0";

struct forgery {
    std::string sentence, signature;
};

void expect_all_refused(algorithm a, const std::vector<forgery>& forgeries)
{
    const auto key = public_key(key_for(a));
    for (const auto& f : forgeries)
        EXPECT_FALSE(verify(input, f.signature, a, key)) << name(a) << ": " << f.sentence;
    EXPECT_EQ(ERR_peek_error(), 0U) << name(a) << " left an error in OpenSSL's queue";
}

TEST(verifier, accepts_the_signature_and_nothing_near_it)
{
    for (const auto a : all_algorithms()) {
        const auto good = key_for(a).sign(input);
        EXPECT_TRUE(verify(input, good, a, public_key(key_for(a)))) << name(a);
        std::vector<forgery> forgeries{
            {"nothing", ""},
            {"one zero", std::string(1, '\0')},
            {"zeros", std::string(good.size(), '\0')},
            {"ones", std::string(good.size(), '\xFF')},
            {"without its last octet", good.substr(0, good.size() - 1)},
            {"without its first octet", good.substr(1)},
            {"with a zero behind", good + '\0'},
            {"with a zero in front", '\0' + good},
            {"half of it", good.substr(0, good.size() / 2)},
            {"twice", good + good},
            {"a megabyte", std::string(1 << 20, '\1')},
            {"a stranger's", other_key_for(a).sign(input)},
            {"of other text", key_for(a).sign(input + "x")},
            {"of no text", key_for(a).sign("")},
        };
        for (std::size_t bit = 0; bit < good.size() * 8; bit += 61) {
            auto flipped = good;
            flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
            forgeries.push_back({"bit " + std::to_string(bit) + " flipped", flipped});
        }
        expect_all_refused(a, forgeries);
    }
}

// --- ECDSA

// Returns the curve's order, big-endian, as long as a coordinate.
bignum order_of(algorithm a)
{
    const auto* c = curve_of(key_type_for(a));
    const std::unique_ptr<EC_GROUP, freed_by<EC_GROUP_free>> group(
        EC_GROUP_new_by_curve_name(EC_curve_nist2nid(c->name)));
    return bignum(BN_dup(EC_GROUP_get0_order(group.get())));
}

std::string octets_of(const BIGNUM* n, std::size_t size)
{
    std::string out(size, '\0');
    if (BN_bn2binpad(n, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(size)) < 0)
        throw std::runtime_error("the number is too large");
    return out;
}

std::string as_der(std::string_view raw)
{
    const auto half = raw.size() / 2;
    const std::unique_ptr<ECDSA_SIG, freed_by<ECDSA_SIG_free>> signature(ECDSA_SIG_new());
    ECDSA_SIG_set0(signature.get(), number(raw.substr(0, half)).release(),
                   number(raw.substr(half)).release());
    unsigned char* out = nullptr;
    const auto size = i2d_ECDSA_SIG(signature.get(), &out);
    std::string der(reinterpret_cast<char*>(out), static_cast<std::size_t>(size));
    OPENSSL_free(out);
    return der;
}

TEST(verifier, refuses_ecdsa_numbers_out_of_range)
{
    for (const auto a : {algorithm::es256, algorithm::es384, algorithm::es512}) {
        const auto size = curve_of(key_type_for(a))->coordinate;
        const auto good = key_for(a).sign(input);
        const auto r = good.substr(0, size), s = good.substr(size);
        const auto order = order_of(a);
        const auto n = octets_of(order.get(), size);
        const std::string zero(size, '\0');
        auto one = zero;
        one.back() = '\1';
        auto almost = n; // n - 1; n is odd
        almost.back() = static_cast<char>(almost.back() - 1);
        std::vector<forgery> forgeries{
            {"r and s zero, good for any text where the range is not checked", zero + zero},
            {"r zero", zero + s},
            {"s zero", r + zero},
            {"r the order", n + s},
            {"s the order", r + n},
            {"r and s the order", n + n},
            {"r zero, s the order", zero + n},
            {"r one, s zero", one + zero},
            {"r one, s one", one + one},
            {"r and s the order less one", almost + almost},
            {"r and s swapped", s + r},
            {"in DER instead of raw", as_der(good)},
            {"in DER, padded to the raw length", as_der(good).substr(0, good.size())},
        };
        if (a == algorithm::es512) { // 66 octets have room for more than the order, so the same signature
                                     // could be spelled in another way
            const auto plus_order = [&](const std::string& x) {
                const auto sum = number(x);
                BN_add(sum.get(), sum.get(), order.get());
                return octets_of(sum.get(), size);
            };
            forgeries.push_back({"r plus the order", plus_order(r) + s});
            forgeries.push_back({"s plus the order", r + plus_order(s)});
        }
        expect_all_refused(a, forgeries);
    }
}

TEST(verifier, accepts_ecdsa_numbers_with_leading_zeros)
{
    // DER shortens r or s in one signature of 128. The raw form must keep its full length.
    const auto& key = key_for(algorithm::es256);
    const auto verifying = public_key(key);
    bool seen = false;
    for (int i = 0; i < 3000 && !seen; ++i) {
        const auto signature = key.sign(input);
        seen = signature[0] == '\0' || signature[32] == '\0';
        if (seen) {
            EXPECT_TRUE(verify(input, signature, algorithm::es256, verifying));
        }
    }
    EXPECT_TRUE(seen);
}

TEST(verifier, accepts_each_curve_for_its_algorithm_only)
{
    for (const auto a : {algorithm::es256, algorithm::es384, algorithm::es512})
        for (const auto b : all_algorithms())
            EXPECT_EQ(verify(input, key_for(a).sign(input), b, public_key(key_for(a))), a == b)
                << name(a) << " as " << name(b);
}

// --- RSA

struct pss_settings {
    const char *hash, *mgf1;
    int salt;
};

std::string sign_pss(const pss_settings& settings)
{
    const auto pem = key_for(algorithm::ps256).private_pem();
    const std::unique_ptr<BIO, freed_by<BIO_free_all>> source(
        BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.reveal().size())));
    const pkey key(PEM_read_bio_PrivateKey(source.get(), nullptr, nullptr, nullptr));
    const md_ctx ctx(EVP_MD_CTX_new());
    EVP_PKEY_CTX* options = nullptr;
    std::string out(256, '\0');
    std::size_t size = out.size();
    if (EVP_DigestSignInit_ex(ctx.get(), &options, settings.hash, nullptr, nullptr, key.get(), nullptr) !=
            1 ||
        EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md_name(options, settings.mgf1, nullptr) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(options, settings.salt) != 1 ||
        EVP_DigestSign(ctx.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes(input),
                       input.size()) != 1)
        throw std::runtime_error("OpenSSL can't sign");
    return out;
}

TEST(verifier, accepts_one_salt_length_and_one_hash_for_pss)
{
    const auto key = public_key(key_for(algorithm::ps256));
    EXPECT_TRUE(verify(input, sign_pss({"SHA256", "SHA256", 32}), algorithm::ps256, key));
    expect_all_refused(algorithm::ps256,
                       {
                           {"no salt", sign_pss({"SHA256", "SHA256", 0})},
                           {"a short salt", sign_pss({"SHA256", "SHA256", 20})},
                           {"a salt short by one", sign_pss({"SHA256", "SHA256", 31})},
                           {"a salt long by one", sign_pss({"SHA256", "SHA256", 33})},
                           {"the longest salt", sign_pss({"SHA256", "SHA256", RSA_PSS_SALTLEN_MAX})},
                           {"MGF1 with SHA-1", sign_pss({"SHA256", "SHA1", 32})},
                           {"MGF1 with SHA-384", sign_pss({"SHA256", "SHA384", 32})},
                           {"another hash", sign_pss({"SHA384", "SHA384", 48})},
                           {"another hash, this salt", sign_pss({"SHA384", "SHA384", 32})},
                           {"SHA-1", sign_pss({"SHA1", "SHA1", 20})},
                       });
}

TEST(verifier, accepts_rsa_padding_and_hash_of_the_algorithm_only)
{
    for (std::size_t i = 0; i < 6; ++i)
        for (std::size_t j = 0; j < 6; ++j) {
            const auto a = static_cast<algorithm>(i), b = static_cast<algorithm>(j);
            EXPECT_EQ(verify(input, key_for(a).sign(input), b, public_key(key_for(b))), a == b)
                << name(a) << " as " << name(b);
        }
}

TEST(verifier, refuses_an_rsa_signature_without_its_leading_zero)
{
    // The same number in fewer octets. One PSS signature in 256 begins with a zero.
    const auto& key = key_for(algorithm::ps256);
    const auto verifying = public_key(key);
    for (int i = 0; i < 10'000; ++i) {
        const auto signature = key.sign(input);
        if (signature.front() != '\0')
            continue;
        EXPECT_TRUE(verify(input, signature, algorithm::ps256, verifying));
        EXPECT_FALSE(verify(input, signature.substr(1), algorithm::ps256, verifying));
        return;
    }
    FAIL() << "no signature began with a zero";
}

// --- Ed25519

TEST(verifier, refuses_an_ed25519_signature_with_the_order_added)
{
    // If S < L is not checked (RFC 8032 section 5.1.7), S and S + L both verify: one message has two tokens.
    constexpr unsigned char order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                         0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                         0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
    const auto good = key_for(algorithm::eddsa).sign(input);
    auto malleable = good;
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        carry += static_cast<unsigned char>(good[32 + i]) + order[i];
        malleable[32 + i] = static_cast<char>(carry & 0xFF);
        carry >>= 8;
    }
    expect_all_refused(algorithm::eddsa, {{"S plus the order", malleable},
                                          {"R kept, S zero", good.substr(0, 32) + std::string(32, '\0')},
                                          {"halves swapped", good.substr(32) + good.substr(0, 32)}});
}

// --- HMAC

TEST(verifier, accepts_secrets_for_hashes_that_they_are_long_enough_for)
{
    const struct {
        std::size_t size;
        bool hs256, hs384, hs512;
    } rows[] = {{0, false, false, false}, {31, false, false, false}, {32, true, false, false},
                {47, true, false, false}, {48, true, true, false},   {63, true, true, false},
                {64, true, true, true},   {500, true, true, true}};
    for (const auto& row : rows) {
        const auto key = jwk::from_secret(secret(std::string(row.size, 's')));
        EXPECT_EQ(key.verifier_for(algorithm::hs256) != nullptr, row.hs256) << row.size;
        EXPECT_EQ(key.verifier_for(algorithm::hs384) != nullptr, row.hs384) << row.size;
        EXPECT_EQ(key.verifier_for(algorithm::hs512) != nullptr, row.hs512) << row.size;
        EXPECT_EQ(key.verifier_for(algorithm::rs256), nullptr);
    }
}

TEST(verifier, serves_many_threads_at_once)
{
    for (const auto a :
         {algorithm::rs256, algorithm::ps256, algorithm::es256, algorithm::eddsa, algorithm::hs256}) {
        const auto key = public_key(key_for(a));
        const auto good = key_for(a).sign(input), bad = other_key_for(a).sign(input);
        std::array<int, 4> right{};
        std::vector<std::thread> threads;
        for (auto& count : right)
            threads.emplace_back([&key, &good, &bad, &count, a] {
                for (int i = 0; i < 50; ++i)
                    count += verify(input, good, a, key) && !verify(input, bad, a, key);
            });
        for (auto& t : threads)
            t.join();
        for (const auto count : right)
            EXPECT_EQ(count, 50) << name(a);
    }
}

} // namespace
} // namespace scopegate::jose::test
