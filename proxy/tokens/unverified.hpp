// Describes the claims of a refused token for the operator alone: the object `unverified` of the access log
// and of `explain`. Anybody can write anything into a token, so each value is short, printable ASCII and
// escaped. The log contains them only if the signature was good or the policy asks for them. The client never
// sees them.
#pragma once

#include "base/clock.hpp"
#include "base/errc.hpp"
#include "base/json.hpp"
#include "policy/policy.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::jose {
class jwk_set;
}

namespace scopegate::tokens {

inline constexpr std::size_t longest_unverified = 128; // maximum bytes of one value

// Returns the text as printable ASCII. Other bytes and the backslash become \xHH. Longer texts are cut at
// longest_unverified and end in "...".
[[nodiscard]] std::string printable(std::string_view text);

class unverified final {
public:
    // In insertion order. The last member is `wanted`, the value that would have been accepted.
    using members = std::vector<std::pair<std::string, std::string>>;

    void add(std::string_view name, std::string_view text);
    // Adds a string's characters, or any other value as JSON.
    void add(std::string_view name, const json::value& value);

    [[nodiscard]] const members& all() const noexcept { return members_; }
    [[nodiscard]] bool empty() const noexcept { return members_.empty(); }

private:
    members members_;
};

// Returns a JSON object: {"iss":"https://...","aud":"...",...}
[[nodiscard]] std::string to_json(const unverified::members& claims);

// A refused token. Its text is parsed as far as possible.
struct refused_token {
    std::string_view text;
    int issuer = -1;                        // index into policy::issuers; -1: its issuer is not known
    const json::value* claims = nullptr;    // as introspection returned them; null: use those in the text
    const jose::jwk_set* keys = nullptr;    // its issuer's keys; null: not available
    std::vector<std::string> key_issuers{}; // what these may state as their issuer; empty: anything
};

// Returns the header's alg, kid and typ, the claims iss and aud, the times, the scopes, and the claims that
// the refusal is about. The last member is the value that would have been accepted instead.
[[nodiscard]] unverified describe(const policy::policy& p, const refused_token& seen, failure why,
                                  wall_time now);

} // namespace scopegate::tokens
