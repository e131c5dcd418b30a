#include "config/requirements.hpp"

#include "config/compile.hpp"
#include "config/conditions.hpp"
#include "config/lists.hpp"
#include "config/route_settings.hpp"
#include "config/scopes.hpp"
#include "config/values.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

using policy::requirement;
using policy::template_segment;

// A requirement while it is read. `where` needs the template's parameters.
struct requirement_entry {
    requirement result;
    const std::vector<template_segment>& segments;
};

bool is_word(std::string_view text) noexcept
{
    return text == "public" || text == "authenticated";
}

// Adds the scope to an alternative. `public` among scopes is refused: it would look as if it opened the
// route, or as if it had no effect.
void add_scope(compilation& c, const located_text& name, policy::alternative& into)
{
    if (is_word(name.text)) {
        c.out.error(name.at, name.shown + " is not a scope; write it alone, not in a list");
        return;
    }
    const auto id = find_needed_scope(c, name);
    if (!id)
        return;
    into.scopes.insert(*id);
    into.in_order.push_back(*id);
}

policy::alternative all_of(compilation& c, const std::vector<located_text>& names)
{
    policy::alternative out;
    for (const auto& name : names)
        add_scope(c, name, out);
    return out;
}

// Refuses a text from outside with several scopes where a single one is expected: "a,b" could mean both or
// either.
bool refuse_outside_list(compilation& c, const node& scope)
{
    if (!holds_outside_list(scope))
        return false;
    c.out.error(scope.at,
                as_written(scope) + " contains several scopes: write [${NAME}] if all of them are needed");
    return true;
}

void read_any(compilation& c, const node& value, requirement_entry& into)
{
    into.result.needs = requirement::kind::scopes;
    if (!expect(c, value, node::kind::list))
        return;
    if (value.items.empty())
        c.out.error(value.at, "the list is empty: every request would be refused");
    for (const node& item : value.items) {
        if (refuse_outside_list(c, item))
            continue;
        auto one = all_of(c, read_text_or_list(c, item));
        const bool again =
            std::any_of(into.result.alternatives.begin(), into.result.alternatives.end(),
                        [&](const policy::alternative& other) { return other.scopes == one.scopes; });
        if (again && !one.scopes.empty())
            c.out.error(item.at, "this alternative is already in the list");
        into.result.alternatives.push_back(std::move(one));
    }
}

constexpr key<requirement_entry> any_keys[] = {{"any", read_any, true}};

// Reads every form except the one with conditions.
void read_scopes(compilation& c, const node& value, requirement_entry& into)
{
    into.result.needs = requirement::kind::scopes;
    if (value.is(node::kind::map)) {
        read_keys(c, value, any_keys, into);
    } else if (value.is(node::kind::list)) {
        if (value.items.empty())
            c.out.error(value.at, "the list is empty: write public or authenticated if no scope is needed");
        else
            into.result.alternatives.push_back(all_of(c, read_text_list(c, value)));
    } else if (value.is(node::kind::scalar) && is_word(value.text)) {
        into.result.needs =
            value.text == "public" ? requirement::kind::open : requirement::kind::authenticated;
    } else if (value.is(node::kind::nothing)) {
        c.out.error(value.at, "expected a scope, a list or map of scopes, public or authenticated");
    } else if (refuse_outside_list(c, value)) {
        return;
    } else if (auto name = read_text(c, value)) {
        into.result.alternatives.push_back(all_of(c, {{std::move(*name), value.at, as_written(value)}}));
    }
}

template <void (*Read)(compilation&, const node&, const std::vector<template_segment>&,
                       policy::condition_list&)>
void read_condition(compilation& c, const node& value, requirement_entry& into)
{
    Read(c, value, into.segments, into.result.conditions);
}

void read_mode(compilation& c, const node& value, requirement_entry& into)
{
    read_own_mode(c, value, into.result.observe);
}

constexpr key<requirement_entry> requirement_keys[] = {
    {"any", read_any},
    {"scopes", read_scopes},
    {"mode", read_mode},
    {"where", read_condition<read_where>},
    {"client", read_condition<read_client>},
    {"issuer", read_condition<read_issuer>},
    {"ip", read_condition<read_ip>},
    {"acr", read_condition<read_acr>},
    {"max_age", read_condition<read_max_age>},
};

void read_map(compilation& c, const node& value, requirement_entry& into)
{
    if (!read_keys(c, value, requirement_keys, into))
        return;
    const node* any = value.find("any");
    if (any != nullptr && value.items.size() > 1)
        c.out.error(any->key_at,
                    "\"any\" must be the only key; with conditions, write \"scopes: {any: [...]}\"");
    else if (any == nullptr && value.find("scopes") == nullptr)
        c.out.error(value.at, "missing key \"scopes\" (\"authenticated\" for any valid token)");
    if (into.result.needs == requirement::kind::open && !into.result.is_public())
        c.out.error(value.find("scopes")->at,
                    "\"public\" accepts requests without a token; only \"ip\" can be checked then; write "
                    "\"authenticated\" for any valid token");
}

} // namespace

requirement compile_requirement(compilation& c, const node& value,
                                const std::vector<template_segment>& segments, bool observe)
{
    requirement_entry entry{{}, segments};
    entry.result.observe = observe;
    entry.result.mark = value.key_at; // an alias has its content elsewhere, but the method is here
    if (value.is(node::kind::map))
        read_map(c, value, entry);
    else
        read_scopes(c, value, entry);
    std::stable_sort(entry.result.conditions.begin(), entry.result.conditions.end(),
                     [](const auto& a, const auto& b) { return a.index() < b.index(); });
    entry.result.index = c.policy.requirement_count++;
    return std::move(entry.result);
}

std::vector<section> requirement_sections()
{
    return {make_section("routes.*.*", requirement_keys), make_section("routes.*.*.scopes", any_keys),
            where_section()};
}

} // namespace scopegate::config
