#include "policy/settings.hpp"

#include <algorithm>

namespace scopegate::policy {

bool network::contains(const std::array<std::uint8_t, 16>& other) const noexcept
{
    const std::size_t whole_bytes = std::min<std::size_t>(prefix / 8, address.size());
    if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole_bytes),
                    other.begin()))
        return false;
    if (whole_bytes == address.size())
        return true;
    // With no remaining bits the mask is empty.
    const auto mask = static_cast<std::uint8_t>(0xFFU << (8 - prefix % 8));
    return ((address[whole_bytes] ^ other[whole_bytes]) & mask) == 0;
}

} // namespace scopegate::policy
