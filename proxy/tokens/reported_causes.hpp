// Remembers the failure causes that were logged, so that each is logged once until the work succeeds again,
// even if causes alternate. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::tokens {

class reported_causes final {
public:
    // Bounds the log and our memory against a server that words each failure differently.
    static constexpr std::size_t most = 16;

    // Returns whether to report the cause: it is new since clear(), and fewer than `most` were reported.
    [[nodiscard]] bool is_new(std::string_view cause)
    {
        if (causes_.size() >= most || std::find(causes_.begin(), causes_.end(), cause) != causes_.end())
            return false;
        causes_.emplace_back(cause);
        return true;
    }
    [[nodiscard]] bool empty() const noexcept { return causes_.empty(); }
    // Forgets all causes. Returns whether there were any.
    bool clear() noexcept { return !std::exchange(causes_, {}).empty(); }

private:
    std::vector<std::string> causes_;
};

} // namespace scopegate::tokens
