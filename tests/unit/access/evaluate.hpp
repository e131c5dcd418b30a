// An evaluation from start to end, for tests of the decision.
#pragma once

#include "access/evaluation.hpp"

#include <string_view>
#include <utility>
#include <variant>

namespace scopegate::access::test {

struct evaluated {
    outcome result;
    findings found;

    // `allowed` for everything but a refusal that is enforced.
    [[nodiscard]] reason why() const
    {
        const auto* refused = std::get_if<policy::denial>(&result);
        return refused != nullptr ? reason(refused->why) : reason::allowed;
    }
    [[nodiscard]] const policy::denial& denial() const { return std::get<policy::denial>(result); }
};

// Meets every need with `came`; leaves the first one open where `came` is null.
inline evaluated evaluate(const policy::policy& p, const question& asked, const token_authority& authority,
                          wall_time now, access_scratch& scratch, policy::steps* trace = nullptr,
                          const tokens::validator::awaited* came = nullptr)
{
    const responses::response_book book(p);
    evaluation machine(p, book, scratch, trace);
    auto result = machine.start(asked, authority, now);
    while (came != nullptr && std::holds_alternative<need>(result))
        result = machine.resume(*came, now);
    return {std::move(result), std::move(machine).found()};
}

} // namespace scopegate::access::test
