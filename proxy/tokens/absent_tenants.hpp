// Remembers tenants that have no keys, with the reason, so that tokens that name them again cause no fetch.
#pragma once

#include "base/errc.hpp"
#include "tokens/key_store.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string_view>

namespace scopegate::tokens {

// Bounded; the oldest are forgotten first. The caller makes sure that one thread at a time uses it.
class absent_tenants final {
public:
    using clock = std::chrono::steady_clock;

    explicit absent_tenants(const tenant_bounds& bounds) : bounds_(bounds) {}

    // Returns why a tenant has no keys, or nothing if that is not known.
    [[nodiscard]] std::optional<failure> why(std::string_view name, clock::time_point now) const;
    // Notes the reason: for long if the issuer has no such tenant, otherwise briefly.
    void note(std::string_view name, failure why, clock::time_point now);

private:
    struct absence {
        clock::time_point until;
        failure why;
    };
    using digest = std::array<unsigned char, 32>; // a name may be as long as a token

    const tenant_bounds bounds_;
    std::map<digest, absence> known_;
    std::deque<digest> in_order_;
};

} // namespace scopegate::tokens
