#include "policy/conditions/condition.hpp"

#include <algorithm>

namespace scopegate::policy {

namespace {

bool same(const condition& a, const condition& b)
{
    return a.index() == b.index() && std::visit(
                                         [&](const auto& member) {
                                             using kind = std::decay_t<decltype(member)>;
                                             return member.same_as(std::get<kind>(b));
                                         },
                                         a);
}

bool is_within(const condition_list& some, const condition_list& others)
{
    return std::all_of(some.begin(), some.end(), [&](const condition& x) {
        return std::any_of(others.begin(), others.end(), [&](const condition& y) { return same(x, y); });
    });
}

} // namespace

std::string tell(const condition& c, const condition_context& at, bool held)
{
    return std::visit([&](const auto& member) { return member.tell(at, held); }, c);
}

std::string describe(const condition& c)
{
    return std::visit([](const auto& member) { return member.describe(); }, c);
}

bool same_conditions(const condition_list& a, const condition_list& b)
{
    return is_within(a, b) && is_within(b, a);
}

} // namespace scopegate::policy
