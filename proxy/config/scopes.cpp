// `scopes:`, the names and descriptions. implications.cpp handles `implies`.
#include "config/scopes.hpp"

#include "config/compile.hpp"
#include "config/implications.hpp"
#include "config/lists.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <map>

namespace scopegate::config {

namespace {

// A set of scopes is stored as bits: closures of n scopes take n * n bits.
constexpr std::size_t max_scopes = 4096;

struct scope_entry {
    std::string description;
    const node* implies = nullptr;
    const node* request_as = nullptr;
};

void read_description(compilation& c, const node& value, scope_entry& into)
{
    if (expect(c, value, node::kind::scalar))
        into.description = value.text;
}

constexpr key<scope_entry> scope_keys[] = {
    {"description", read_description},
    {"implies",
     [](compilation& c, const node& value, scope_entry& into) {
         if (holds_outside_list(value) || expect(c, value, node::kind::list))
             into.implies = &value;
     }},
    {"request_as",
     [](compilation& c, const node& value, scope_entry& into) {
         if (expect(c, value, node::kind::scalar))
             into.request_as = &value;
     }},
};

constexpr std::string_view reserved[] = {"public", "authenticated"};

bool is_reserved(std::string_view name) noexcept
{
    return std::find(std::begin(reserved), std::end(reserved), name) != std::end(reserved);
}

void check_name(compilation& c, const node& entry)
{
    if (is_reserved(entry.key))
        c.out.error(entry.key_at, in_quotes(entry.key) +
                                      " is a reserved word for routes without scopes; choose another name");
    else if (!is_scope_token(entry.key))
        c.out.error(entry.key_at, in_quotes(entry.key) +
                                      " is not a scope name: RFC 6749 allows visible ASCII without "
                                      "spaces, double quotes and backslashes");
}

// Returns the name that clients ask for, or an empty text if it is invalid. A challenge is a list of such
// names in quotes, split at spaces.
std::string requested_name(compilation& c, const node* value)
{
    if (value == nullptr)
        return {};
    if (is_scope_token(value->text))
        return value->text;
    c.out.error(value->at, as_written(*value) +
                               " is not a scope that a client can ask for: RFC 6749 allows "
                               "visible ASCII without spaces, double quotes and backslashes");
    return {};
}

// With one name for two scopes, a client that asks for one could get the other.
void check_requested_names(compilation& c, const std::vector<const node*>& requested)
{
    const auto& scopes = c.policy.scopes;
    std::map<std::string_view, std::size_t> by_requested_name;
    for (std::size_t i = 0; i < requested.size(); ++i)
        by_requested_name.emplace(scopes.requested_name(static_cast<policy::scope_id>(i)), i);
    for (std::size_t i = 0; i < requested.size(); ++i) {
        if (requested[i] == nullptr)
            continue;
        const auto& name = scopes.requested_name(static_cast<policy::scope_id>(i));
        const auto first = by_requested_name.find(name)->second;
        const auto declared = scopes.find(name);
        const auto other = first != i ? std::optional(static_cast<policy::scope_id>(first)) : declared;
        if (other && *other != i)
            c.out.error(requested[i]->at, as_written(*requested[i]) + " already stands for the scope " +
                                              in_quotes(scopes[*other].name) +
                                              ": each scope needs a name of its own");
    }
}

std::vector<std::string> declared_names(const policy::scope_registry& scopes)
{
    std::vector<std::string> out;
    for (std::size_t i = 0; i < scopes.size(); ++i)
        out.push_back(scopes[static_cast<policy::scope_id>(i)].name);
    return out;
}

void report_undeclared(compilation& c, const located_text& name, const std::vector<std::string>& known)
{
    c.out.error(name.at, "the scope " + name.shown + " is not declared under \"scopes\"" +
                             suggestion(name.text, known));
}

} // namespace

bool is_scope_token(std::string_view s) noexcept
{
    return !s.empty() && std::all_of(s.begin(), s.end(),
                                     [](char c) { return c > 0x20 && c < 0x7F && c != '"' && c != '\\'; });
}

std::optional<policy::scope_id> find_scope(compilation& c, const located_text& name)
{
    const auto found = c.policy.scopes.find(name.text);
    if (!found)
        report_undeclared(c, name, declared_names(c.policy.scopes));
    return found;
}

std::optional<policy::scope_id> find_needed_scope(compilation& c, const located_text& name)
{
    const auto found = c.policy.scopes.find(name.text);
    if (found)
        return found;
    auto known = declared_names(c.policy.scopes);
    known.insert(known.end(), std::begin(reserved), std::end(reserved));
    report_undeclared(c, name, known);
    return std::nullopt;
}

void compile_scopes(compilation& c, const node& value)
{
    if (!expect(c, value, node::kind::map))
        return;
    if (value.items.size() > max_scopes) {
        c.out.error(value.key_at, "more than " + std::to_string(max_scopes) + " scopes");
        return;
    }
    std::vector<const node*> implied, requested; // by scope, as written; null: none
    for (const node& entry : value.items) {
        scope_entry read;
        if (entry.is(node::kind::map))
            read_keys(c, entry, scope_keys, read);
        else if (!entry.is(node::kind::scalar) && !entry.is(node::kind::broken))
            c.out.error(entry.at, "expected a description, or a map with \"description\", \"implies\" "
                                  "and \"request_as\"");
        else
            read.description = entry.text;
        check_name(c, entry);
        c.policy.scopes.add(entry.key, std::move(read.description), requested_name(c, read.request_as));
        implied.push_back(read.implies);
        requested.push_back(read.request_as);
    }
    compile_implications(c, implied);
    check_requested_names(c, requested);
}

std::vector<section> scope_sections()
{
    return {make_section("scopes.*", scope_keys)};
}

} // namespace scopegate::config
