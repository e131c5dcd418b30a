// `scopes:`, the names and descriptions. implications.cpp handles `implies`.
#include "config/scopes.hpp"

#include "config/compile.hpp"
#include "config/implications.hpp"
#include "config/lists.hpp"
#include "config/values.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

// A set of scopes is stored as bits: closures of n scopes take n * n bits.
constexpr std::size_t max_scopes = 4096;

struct scope_entry {
    std::string description;
    const node* implies = nullptr;
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
    std::vector<const node*> implied; // by scope, as written
    for (const node& entry : value.items) {
        scope_entry read;
        if (entry.is(node::kind::map))
            read_keys(c, entry, scope_keys, read);
        else if (!entry.is(node::kind::scalar) && !entry.is(node::kind::broken))
            c.out.error(entry.at, "expected a description, or a map with \"description\" and \"implies\"");
        else
            read.description = entry.text;
        check_name(c, entry);
        c.policy.scopes.add(entry.key, std::move(read.description));
        implied.push_back(read.implies);
    }
    compile_implications(c, implied);
}

std::vector<section> scope_sections()
{
    return {make_section("scopes.*", scope_keys)};
}

} // namespace scopegate::config
