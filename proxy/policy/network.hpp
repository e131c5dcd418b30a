// Networks of IP addresses.
#pragma once

#include <array>
#include <cstdint>

namespace scopegate::policy {

// 10.0.0.0/8 or an address; v4 as v4-mapped v6.
struct network {
    std::array<std::uint8_t, 16> address{};
    unsigned prefix = 128;
    [[nodiscard]] bool contains(const std::array<std::uint8_t, 16>& other) const noexcept;
};

} // namespace scopegate::policy
