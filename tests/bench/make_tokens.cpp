// Makes the keys and tokens that bench.py sends: the RSA and EC key of one issuer, and tokens of about 800
// bytes, valid for a day.
//     bench_tokens FOLDER COUNT
// writes rs256.key.pem, es256.key.pem, keys.json, and these files for each of the two algorithms ALG:
// ALG.reader (one token that may read), ALG.stranger (one without that scope), ALG.expired, and ALG.new
// (COUNT different tokens that may read, one per line).
#include "base/secret.hpp"
#include "jose/sign.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using scopegate::jose::algorithm;
using scopegate::jose::signing_key;

constexpr std::size_t token_size = 800;

std::ofstream open(const std::filesystem::path& path)
{
    std::ofstream out(path);
    out.exceptions(std::ios::badbit | std::ios::failbit);
    return out;
}

class maker final {
public:
    explicit maker(const signing_key& key)
        : key_(key), now_(std::chrono::duration_cast<std::chrono::seconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count())
    {
        const auto bare = make("read:appointments write:appointments", 0).size();
        padding_.assign(token_size > bare ? (token_size - bare) * 3 / 4 : 0, 'x');
    }

    [[nodiscard]] std::string make(const std::string& scope, std::size_t number,
                                   long long lifetime = 24 * 3600) const
    {
        // The jti comes first and has a fixed length: requests.lua forges a token by changing it.
        std::array<char, 16> jti{};
        std::snprintf(jti.data(), jti.size(), "%012zu", number);
        const auto payload =
            std::string(R"({"jti":")") + jti.data() +
            R"(","iss":"https://issuer.example/","aud":"https://calendar.example.com","sub":"auth0|7f3a)" +
            R"(","client_id":"calendar-app","scope":")" + scope + R"(","iat":)" + std::to_string(now_) +
            R"(,"exp":)" + std::to_string(now_ + lifetime) + R"(,"pad":")" + padding_ + R"("})";
        return scopegate::jose::sign_compact(key_, payload);
    }

private:
    signing_key key_;
    long long now_;
    std::string padding_;
};

void write_tokens(const std::filesystem::path& folder, const std::string& name, const signing_key& key,
                  std::size_t count)
{
    open(folder / (name + ".key.pem")) << key.private_pem().reveal();
    const maker tokens(key);
    open(folder / (name + ".reader")) << tokens.make("read:appointments write:appointments", 0) << '\n';
    open(folder / (name + ".stranger")) << tokens.make("read:calendars write:calendars", 1) << '\n';
    open(folder / (name + ".expired"))
        << tokens.make("read:appointments write:appointments", 1, -3600) << '\n';
    auto each_new = open(folder / (name + ".new"));
    for (std::size_t i = 0; i < count; ++i)
        each_new << tokens.make("read:appointments write:appointments", 2 + i) << '\n';
}

} // namespace

int main(int count, char** arguments)
try {
    if (count != 3)
        throw std::runtime_error("usage: bench_tokens FOLDER COUNT");
    const std::filesystem::path folder = arguments[1];
    const auto each = static_cast<std::size_t>(std::atol(arguments[2]));
    const std::array<signing_key, 2> keys{signing_key::generate(algorithm::rs256),
                                          signing_key::generate(algorithm::es256)};
    open(folder / "keys.json") << scopegate::jose::public_jwk_set(keys);
    std::thread beside([&] { write_tokens(folder, "es256", keys[1], each); });
    write_tokens(folder, "rs256", keys[0], each);
    beside.join();
    return 0;
} catch (const std::exception& failed) {
    std::fprintf(stderr, "bench_tokens: %s\n", failed.what());
    return 1;
}
