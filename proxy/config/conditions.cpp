#include "config/conditions.hpp"

#include "config/lists.hpp"
#include "config/scopes.hpp"
#include "config/urls.hpp"
#include "config/values.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace scopegate::config {

namespace {

using policy::template_segment;

constexpr std::chrono::seconds longest_age = std::chrono::hours(24 * 365);

// Returns the index of a parameter among those of the template.
std::optional<std::size_t> find_parameter(compilation& c, const node& entry,
                                          const std::vector<template_segment>& segments)
{
    std::vector<std::string> names;
    std::optional<std::size_t> found;
    bool rest = false;
    policy::for_each_parameter(segments, [&](const std::string& name, const template_segment& s) {
        if (name == entry.key) {
            found = names.size();
            rest = s.type == template_segment::kind::rest;
        }
        names.push_back(name);
    });
    if (rest) {
        c.out.error(entry.key_at,
                    in_quotes(entry.key) + " matches the rest of the path: \"where\" can't compare it");
        return std::nullopt;
    }
    if (found)
        return found;
    c.out.error(entry.key_at,
                "the template has no parameter " + in_quotes(entry.key) + suggestion(entry.key, names));
    return std::nullopt;
}

constexpr key<policy::where_condition> in_keys[] = {
    {"in",
     [](compilation& c, const node& value, policy::where_condition& into) {
         if (auto claim = read_claim(c, value))
             into.claim = std::move(*claim);
     },
     true},
};

// Reads a claim, or `{in: CLAIM}`. Returns false if it is neither.
bool read_compared_claim(compilation& c, const node& entry, policy::where_condition& into)
{
    into.in_list = entry.is(node::kind::map);
    if (into.in_list)
        return read_keys(c, entry, in_keys, into);
    auto claim = read_claim(c, entry);
    if (claim)
        into.claim = std::move(*claim);
    return claim.has_value();
}

// Returns whether two entries of `issuers` have this pattern. A condition that is meant for one of them
// would permit the other's tenants too.
bool fits_two_entries(const policy::policy& p, const std::string& written)
{
    const policy::source_mark* first = nullptr;
    for (const auto& issuer : p.issuers) {
        if (!issuer.pattern || !issuer.pattern->is_written_as(written))
            continue;
        if (first != nullptr && (first->line != issuer.mark.line || first->column != issuer.mark.column))
            return true;
        first = &issuer.mark;
    }
    return false;
}

// Adds the issuer of that name, all tenants of an entry that is written so, or one tenant of `tenants: any`.
// Returns whether there is one.
bool add_issuer(const policy::policy& p, const std::string& written, policy::issuer_condition& into)
{
    bool found = false;
    for (std::size_t i = 0; i < p.issuers.size(); ++i) {
        const auto& issuer = p.issuers[i];
        const bool whole =
            issuer.issuer == written || (issuer.pattern && issuer.pattern->is_written_as(written));
        if (whole && issuer.any_tenant())
            into.of_any_tenant.push_back(i);
        else if (whole)
            into.names.push_back(issuer.issuer);
        found = found || whole;
    }
    if (!found && p.issuer_named(written)) {
        into.names.push_back(written);
        found = true;
    }
    return found;
}

} // namespace

void read_where(compilation& c, const node& value, const std::vector<template_segment>& segments,
                policy::condition_list& into)
{
    if (!expect(c, value, node::kind::map))
        return;
    if (value.items.empty())
        c.out.error(value.at, "the map is empty: remove \"where\" if there is no condition");
    for (const node& entry : value.items) {
        const auto parameter = find_parameter(c, entry, segments);
        policy::where_condition condition;
        condition.parameter_name = entry.key;
        const bool good = read_compared_claim(c, entry, condition);
        if (!good || !parameter)
            continue;
        condition.parameter = *parameter;
        into.emplace_back(std::move(condition));
    }
}

void read_client(compilation& c, const node& value, const std::vector<template_segment>&,
                 policy::condition_list& into)
{
    policy::client_condition condition;
    for (auto& item : read_text_list(c, value))
        condition.any_of.push_back(std::move(item.text));
    into.emplace_back(std::move(condition));
}

void read_issuer(compilation& c, const node& value, const std::vector<template_segment>&,
                 policy::condition_list& into)
{
    policy::issuer_condition condition;
    for (auto& item : read_text_list(c, value)) {
        if (fits_two_entries(c.policy, item.text))
            c.out.error(item.at, "two entries of \"issuers\" have the pattern " + item.shown +
                                     ": name the tenants here, each by its whole \"iss\"");
        if (!add_issuer(c.policy, item.text, condition)) {
            std::vector<std::string> known;
            for (const auto& issuer : c.policy.issuers)
                known.push_back(issuer.issuer);
            c.out.error(item.at, "the issuer " + item.shown + " is not listed under \"issuers\"" +
                                     suggestion(item.text, known));
        }
        condition.written.push_back(std::move(item.text));
    }
    into.emplace_back(std::move(condition));
}

void read_ip(compilation& c, const node& value, const std::vector<template_segment>&,
             policy::condition_list& into)
{
    policy::ip_condition condition;
    for (const node& item : list_items(c, value))
        if (const auto block = read_network(c, item))
            condition.any_of.push_back({*block, item.text});
    into.emplace_back(std::move(condition));
}

// Challenges send these values back as a quoted list split at spaces (RFC 9470 section 3).
void read_acr(compilation& c, const node& value, const std::vector<template_segment>&,
              policy::condition_list& into)
{
    policy::acr_condition condition;
    for (auto& item : read_text_list(c, value)) {
        if (!is_scope_token(item.text))
            c.out.error(item.at, item.shown +
                                     " is not an acr value: it must be visible ASCII without spaces, double "
                                     "quotes and backslashes");
        condition.any_of.push_back(std::move(item.text));
    }
    into.emplace_back(std::move(condition));
}

void read_max_age(compilation& c, const node& value, const std::vector<template_segment>&,
                  policy::condition_list& into)
{
    if (const auto most = read_seconds(c, value, std::chrono::seconds(1), longest_age))
        into.emplace_back(policy::max_age_condition{*most});
}

section where_section()
{
    return make_section("routes.*.*.where.*", in_keys);
}

} // namespace scopegate::config
