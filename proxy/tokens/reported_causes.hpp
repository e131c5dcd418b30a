// Which causes of a failure the log has told, so that each is one line until the work goes well again, also
// where causes take turns. Not thread-safe.
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
    // A server that words each failure differently fills neither the log nor our memory.
    static constexpr std::size_t most = 16;

    // Returns whether to report the cause: for the first time since clear(), and no more than `most`.
    [[nodiscard]] bool is_new(std::string_view cause)
    {
        if (causes_.size() >= most || std::find(causes_.begin(), causes_.end(), cause) != causes_.end())
            return false;
        causes_.emplace_back(cause);
        return true;
    }
    [[nodiscard]] bool empty() const noexcept { return causes_.empty(); }
    // Forgets them. Returns whether there was one.
    bool clear() noexcept { return !std::exchange(causes_, {}).empty(); }

private:
    std::vector<std::string> causes_;
};

} // namespace scopegate::tokens
