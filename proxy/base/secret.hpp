// A string that can't be printed: it has no operator<<, no formatter and no conversion. For tokens, keys and
// client secrets. Its memory is overwritten when it is no longer needed, so that core dumps and stray reads
// reveal no old secret.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <string.h>

namespace scopegate {

// Overwrites everything that `text` owns, including unused capacity, and leaves it empty. The compiler keeps
// the stores although nothing reads them.
inline void wipe(std::string& text) noexcept
{
    text.resize(text.capacity()); // never grows, so it does not allocate
    ::explicit_bzero(text.data(), text.size());
    text.clear();
}

// Wipes a string at the end of its scope.
class wiped_at_end final {
public:
    explicit wiped_at_end(std::string& text) noexcept : text_(text) {}
    wiped_at_end(const wiped_at_end&) = delete;
    wiped_at_end& operator=(const wiped_at_end&) = delete;
    ~wiped_at_end() { wipe(text_); }

private:
    std::string& text_;
};

class secret final {
public:
    secret() = default;
    // Takes over the characters. A short string stores its characters inside the object, so the parameter is
    // wiped as well.
    explicit secret(std::string value) : value_(std::move(value)) { wipe(value); }
    secret(const secret&) = default;
    secret(secret&& other) noexcept : value_(std::move(other.value_)) { wipe(other.value_); }
    secret& operator=(secret&& other) noexcept
    {
        if (this == &other)
            return *this;
        wipe(value_);
        value_ = std::move(other.value_); // swap() would leave a copy on the stack
        wipe(other.value_);
        return *this;
    }
    secret& operator=(const secret& other) { return *this = secret(other); }
    ~secret() { wipe(value_); }

    // Returns the value, for the one place that must send or compare it. The view lives as long as this
    // object.
    [[nodiscard]] std::string_view reveal() const noexcept { return value_; }
    [[nodiscard]] bool empty() const noexcept { return value_.empty(); }

private:
    std::string value_;
};

} // namespace scopegate
