// The claims of a refused token, for the operator alone: the object `unverified` of the access log and
// of `explain`. Anybody can write anything into a token, so each value is short, printable ASCII and escaped,
// and the log gets none unless the signature was good or the file asks for it. The client never sees it.
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

inline constexpr std::size_t longest_unverified = 128; // bytes of one value

// Returns the text as printable ASCII: other bytes and the backslash as \xHH, cut at longest_unverified with
// "..." at its end.
[[nodiscard]] std::string printable(std::string_view text);

class unverified final {
public:
    // In the order in which they were added; `wanted`, what would have been accepted, is the last one.
    using members = std::vector<std::pair<std::string, std::string>>;

    void add(std::string_view name, std::string_view text);
    // A string as its characters, anything else as JSON.
    void add(std::string_view name, const json::value& value);

    [[nodiscard]] const members& all() const noexcept { return members_; }
    [[nodiscard]] bool empty() const noexcept { return members_.empty(); }

private:
    members members_;
};

// {"iss":"https://...","aud":"...",...}
[[nodiscard]] std::string to_json(const unverified::members& said);

// A refused token. Its text is read as far as that goes.
struct refused_token {
    std::string_view text;
    int issuer = -1; // index into policy::issuers; -1: none of them is known to be its own
    const json::value* claims = nullptr; // as its issuer tells them; null: those in the text
    const jose::jwk_set* keys = nullptr; // of its issuer; null: not at hand
};

// Returns what the token says: the header's alg, kid and typ, the claims iss, aud, the times, the scopes and
// those that the refusal is about; and what was wanted instead of the value that was refused.
[[nodiscard]] unverified describe(const policy::policy& p, const refused_token& seen, failure why,
                                  wall_time now);

} // namespace scopegate::tokens
