#include "policy/conditions/where.hpp"

#include "base/percent.hpp"
#include "policy/parameters.hpp"

#include <algorithm>

namespace scopegate::policy {

namespace {

std::string_view value_of(const where_condition& w, const parameters& values) noexcept
{
    return w.parameter < values.count ? values.values[w.parameter] : std::string_view{};
}

bool equals(const json::value& v, std::string_view encoded) noexcept
{
    const auto text = v.scalar_text();
    return text && decodes_to(encoded, *text);
}

// Returns a list as `explain` prints it: `["a", "b", and 7 more]`.
std::string spoken_list(const json::array& items)
{
    constexpr std::size_t most = 5;
    std::string out = "[";
    for (std::size_t i = 0; i < std::min(items.size(), most); ++i)
        out.append(i == 0 ? "" : ", ").append(spoken(&items[i]));
    if (items.size() > most)
        out.append(", and ").append(std::to_string(items.size() - most)).append(" more");
    return out + "]";
}

} // namespace

bool where_condition::holds(const condition_context& at) const noexcept
{
    const json::value* found = claim.find(*at.claims);
    if (found == nullptr || parameter >= at.values.count)
        return false;
    const auto encoded = value_of(*this, at.values);
    const json::array* items = in_list ? found->if_array() : nullptr;
    return items == nullptr ? equals(*found, encoded)
                            : std::any_of(items->begin(), items->end(), [encoded](const json::value& item) {
                                  return equals(item, encoded);
                              });
}

std::string where_condition::tell(const condition_context& at, bool held) const
{
    const json::value* found = claim.find(*at.claims);
    const json::array* items = found != nullptr ? found->if_array() : nullptr;
    const std::string_view verb =
        in_list ? (held ? " is in" : " is not in") : (held ? " equals" : " does not equal");
    auto out = "{" + parameter_name + "} = " + quoted(percent_decode(value_of(*this, at.values)));
    out.append(verb).append(" claim ").append(claim.name()).append(" = ");
    out += in_list && items != nullptr ? spoken_list(*items) : spoken(found);
    if (!in_list && items != nullptr)
        out += "; `in` compares with each value of a list";
    return out;
}

std::string where_condition::describe() const
{
    return "{" + parameter_name + "} " + (in_list ? "is in" : "equals") + " claim " + claim.name();
}

bool where_condition::same_as(const where_condition& other) const
{
    return parameter == other.parameter && claim.name() == other.claim.name() && in_list == other.in_list;
}

void where_condition::add_claims(std::set<std::string, std::less<>>& names) const
{
    names.emplace(claim.first_step());
}

} // namespace scopegate::policy
