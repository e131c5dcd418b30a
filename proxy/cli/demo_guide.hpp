// Provides the contents of `scopegate demo`: its policy, its issuer's tokens, and the printed guide.
#pragma once

#include "base/clock.hpp"
#include "jose/sign.hpp"

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace scopegate::cli {

struct demo_place {
    std::uint16_t proxy_port = 0;
    std::uint16_t api_port = 0;
    std::string policy_file; // its path
};

// The demo's issuer. Its key is created with it and stored nowhere. Only a policy that names its key set
// trusts it.
class demo_issuer final {
public:
    demo_issuer();
    [[nodiscard]] std::string key_set() const; // the public half as JWKS text
    // Returns a token for the calendar. `scope` and `role` are names from the policy. The token is valid from
    // now for `life`, which may be negative.
    [[nodiscard]] std::string token(std::string_view subject, std::string_view scope, std::string_view role,
                                    wall_time now, std::chrono::seconds life) const;

private:
    jose::signing_key key_;
};

// demo_policy() returns the demo's routes.yaml. The key set lies next to it, in the file demo_key_file.
inline constexpr std::string_view demo_key_file = "keys.json";
[[nodiscard]] std::string demo_policy(const demo_place& at);

// Prints the addresses, tokens as shell variables, and curl commands. Each command follows a comment that
// begins with the expected status.
void print_guide(std::ostream& out, const demo_place& at, const demo_issuer& issuer, wall_time now);

} // namespace scopegate::cli
