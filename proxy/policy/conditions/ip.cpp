#include "policy/conditions/ip.hpp"

#include "policy/wording.hpp"

#include <algorithm>

namespace scopegate::policy {

namespace {

std::string networks(const ip_condition& c)
{
    std::vector<std::string> texts;
    for (const auto& b : c.any_of)
        texts.push_back(b.text);
    return enumerate(texts, " or ");
}

} // namespace

// A client without an address, by a unix socket, is in no network.
bool ip_condition::holds(const condition_context& at) const noexcept
{
    return at.client != nullptr && std::any_of(any_of.begin(), any_of.end(),
                                               [&](const block& b) { return b.where.contains(*at.client); });
}

std::string ip_condition::tell(const condition_context& at, bool held) const
{
    if (at.client == nullptr)
        return "the client's address is not known; it must be in " + networks(*this);
    return std::string("the client's address ") + (held ? "is" : "is not") + " in " + networks(*this);
}

std::string ip_condition::describe() const
{
    return "client address in " + networks(*this);
}

bool ip_condition::same_as(const ip_condition& other) const
{
    return is_as_strict_as(other) && other.is_as_strict_as(*this);
}

// Whether each network lies in one of the other's. Two halves of a network are not put together.
bool ip_condition::is_as_strict_as(const ip_condition& other) const
{
    return std::all_of(any_of.begin(), any_of.end(), [&](const block& b) {
        return std::any_of(other.any_of.begin(), other.any_of.end(), [&](const block& o) {
            return o.where.prefix <= b.where.prefix && o.where.contains(b.where.address);
        });
    });
}

} // namespace scopegate::policy
