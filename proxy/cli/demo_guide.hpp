// What `scopegate demo` is about: its policy, the tokens of its issuer, and the page that a person reads.
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

// The issuer: a key that is made with it and kept nowhere. Only a policy that names its key set trusts it.
class demo_issuer final {
public:
    demo_issuer();
    [[nodiscard]] std::string key_set() const; // the JWKS text of the public half
    // A token for the calendar. `scope` and `role` as the policy knows them; valid from now, for `life`,
    // which may be negative.
    [[nodiscard]] std::string token(std::string_view subject, std::string_view scope, std::string_view role,
                                    wall_time now, std::chrono::seconds life) const;

private:
    jose::signing_key key_;
};

// routes.yaml of the demo; the key set lies beside it, in this file.
inline constexpr std::string_view demo_key_file = "keys.json";
[[nodiscard]] std::string demo_policy(const demo_place& at);

// What runs where, tokens as shell variables, and curl lines, each under a comment that begins with the
// status it gives.
void print_guide(std::ostream& out, const demo_place& at, const demo_issuer& issuer, wall_time now);

} // namespace scopegate::cli
