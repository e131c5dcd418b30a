#include "config/compile.hpp"

#include "config/hosts.hpp"
#include "config/resources.hpp"
#include "config/route_settings.hpp"
#include "config/timeouts.hpp"
#include "config/values.hpp"
#include "config/whole_file.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

struct top {
    const node* issuers = nullptr;
};

constexpr std::chrono::seconds min_keys_max_age{1}, max_keys_max_age = std::chrono::hours(24 * 365);

template <void (*Compile)(compilation&, const node&)>
void delegate(compilation& c, const node& value, top&)
{
    Compile(c, value);
}

void note_issuers(compilation& c, const node& value, top& into)
{
    into.issuers = &value;
    compile_issuers(c, value);
}

// Keys are ordered by their dependencies: issuers grant scopes. Routes need scopes, issuers, the path rules,
// and the settings of the server and the upstream, which they may override.
constexpr key<top> top_keys[] = {
    {"upstream", delegate<compile_upstream>, true, true},
    {"paths", delegate<compile_paths>},
    {"scopes", delegate<compile_scopes>},
    {"issuers", note_issuers},
    {"limit", delegate<compile_scope_cap>},
    {"unlisted", delegate<compile_unlisted>},
    {"server", delegate<compile_server>},
    {"mode", delegate<compile_mode>},
    {"routes", delegate<compile_routes>, true},
    {"tokens", delegate<compile_tokens>},
    {"cors", delegate<compile_cors>},
    {"keys_cache",
     [](compilation& c, const node& value, top&) {
         if (const auto folder = read_text(c, value))
             c.policy.keys_cache = c.files.absolute(*folder);
     }},
    {"keys_max_age",
     [](compilation& c, const node& value, top&) {
         if (const auto age = read_seconds(c, value, min_keys_max_age, max_keys_max_age))
             c.policy.keys_max_age = *age;
     }},
    {"metadata", [](compilation& c, const node& value, top&) { compile_metadata(c, &value); }},
    {"log", delegate<compile_log>},
};

bool needs_tokens(const policy::policy& p)
{
    const auto closed = [](const policy::requirement& r) { return !r.is_public(); };
    return p.unlisted_authenticated ||
           std::any_of(p.routes.begin(), p.routes.end(), [&](const policy::route& r) {
               return (r.any && closed(*r.any)) ||
                      std::any_of(r.methods.begin(), r.methods.end(),
                                  [&](const auto& m) { return closed(m.second); });
           });
}

} // namespace

void compile(compilation& c, const node& root)
{
    node file = root;
    if (file.is(node::kind::nothing)) // an empty file gets the errors for all missing keys
        file.type = node::kind::map;
    top seen;
    if (file.is(node::kind::map))
        file.at = {}; // missing keys are reported for the file as a whole
    if (!read_keys(c, file, top_keys, seen))
        return;
    const auto* metadata = file.find("metadata");
    if (metadata == nullptr)
        compile_metadata(c, nullptr);
    assign_resources(c);
    collect_authorities(c.policy,
                        metadata != nullptr && metadata->is(node::kind::map) && names_resource(*metadata));
    if (!needs_tokens(c.policy))
        return;
    if (seen.issuers == nullptr)
        c.out.error({}, "missing key \"issuers\": without an issuer, only public routes can be served");
    else if (seen.issuers->is(node::kind::list) && seen.issuers->items.empty())
        c.out.error(seen.issuers->at,
                    "the list is empty: without an issuer, only public routes can be served");
    if (!c.out.has_errors())
        warn_about_file(c, file);
}

std::vector<section> all_sections()
{
    std::vector<section> out{make_section("", top_keys)};
    for (const auto& some : {upstream_sections(), issuer_sections(), scope_sections(), scope_cap_sections(),
                             requirement_sections(), route_settings_sections(), server_sections(),
                             timeout_sections(), token_sections(), cors_sections(), other_sections()})
        out.insert(out.end(), some.begin(), some.end());
    return out;
}

} // namespace scopegate::config
