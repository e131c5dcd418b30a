#include "config/names_claims.hpp"

#include "config/lists.hpp"
#include "config/values.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

using jose::names_claim;

constexpr key<names_claim> names_keys[] = {
    {"claim", read_claim_of_names, true},
    {"as", read_form_of_names},
    {"each", read_member_of_names},
};

} // namespace

void read_claim_of_names(compilation& c, const node& value, names_claim& into)
{
    if (auto claim = read_claim(c, value))
        into.claim = std::move(*claim);
}

void read_form_of_names(compilation& c, const node& value, names_claim& into)
{
    using form = names_claim::form;
    constexpr form forms[] = {form::list, form::text, form::keys, form::comma, form::space};
    if (const auto word = read_word(c, value, {"list", "text", "keys", "comma", "space"}))
        into.as = forms[*word];
}

void read_member_of_names(compilation& c, const node& value, names_claim& into)
{
    into.each = read_claim(c, value);
}

std::optional<names_claim> read_names_claim(compilation& c, const node& value)
{
    names_claim out;
    if (value.is(node::kind::map))
        return read_keys(c, value, names_keys, out) ? std::optional(std::move(out)) : std::nullopt;
    auto claim = read_claim(c, value);
    return claim ? std::optional(names_claim(std::move(*claim))) : std::nullopt;
}

std::vector<names_claim> read_names_claims(compilation& c, const node& value)
{
    std::vector<names_claim> out;
    for (const node& item : list_items(c, value)) {
        auto claim = read_names_claim(c, item);
        const bool good = claim && !claim->claim.name().empty() &&
                          (item.find("each") == nullptr || claim->each.has_value());
        if (!good) // its error has been reported
            continue;
        const bool again = std::any_of(out.begin(), out.end(), [&](const names_claim& other) {
            return other.as == claim->as && other.describe() == claim->describe();
        });
        if (again)
            c.out.error(item.at, (item.is(node::kind::map) ? std::string("this claim") : as_written(item)) +
                                     " is already in the list");
        else
            out.push_back(std::move(*claim));
    }
    return out;
}

section names_claim_section(std::string path)
{
    return make_section(std::move(path), names_keys);
}

} // namespace scopegate::config
