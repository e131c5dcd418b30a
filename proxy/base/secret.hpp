// A string that can't be printed: no operator<<, no formatter, no conversion. For tokens, keys and client secrets.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace scopegate {

class secret final {
public:
    secret() = default;
    explicit secret(std::string value) : value_(std::move(value)) {}

    // The value, for the one place that must send or compare it. The view lives as long as this object.
    [[nodiscard]] std::string_view reveal() const noexcept { return value_; }
    [[nodiscard]] bool empty() const noexcept { return value_.empty(); }

private:
    std::string value_;
};

} // namespace scopegate
