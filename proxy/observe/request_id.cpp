#include "observe/request_id.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <thread>

namespace scopegate::observe {

namespace {

constexpr bool may_be_in_id(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~+/=@:").find(c) != std::string_view::npos;
}

// xoshiro256++ (Blackman and Vigna, public domain): fast, and good enough for unique ids.
class generator final {
public:
    generator() noexcept
    {
        if (::getrandom(state_.data(), sizeof state_, 0) == static_cast<ssize_t>(sizeof state_))
            return;
        // Without entropy from the kernel, the time and the thread still make ids unique within this process.
        state_ = {static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()),
                  static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()),
                  std::hash<std::thread::id>{}(std::this_thread::get_id()), 0x9E3779B97F4A7C15U};
    }

    std::uint64_t operator()() noexcept
    {
        const auto value = std::rotl(state_[0] + state_[3], 23) + state_[0];
        const auto shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return value;
    }

private:
    std::array<std::uint64_t, 4> state_{};
};

constexpr auto hex_pairs = [] {
    constexpr std::string_view hex = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> pairs{};
    for (std::size_t byte = 0; byte < pairs.size(); ++byte)
        pairs[byte] = {hex[byte >> 4U], hex[byte & 15U]};
    return pairs;
}();

} // namespace

bool is_request_id(std::string_view s) noexcept
{
    return !s.empty() && s.size() <= 128 && std::all_of(s.begin(), s.end(), may_be_in_id);
}

std::string_view new_request_id(request_id_buffer& out) noexcept
{
    thread_local generator next;
    auto* p = out.data();
    for (int word = 0; word < 2; ++word)
        for (auto bits = next(), i = std::uint64_t{0}; i < 8; ++i, bits >>= 8)
            p = std::copy_n(hex_pairs[bits & 0xFFU].data(), 2, p);
    return {out.data(), out.size()};
}

} // namespace scopegate::observe
