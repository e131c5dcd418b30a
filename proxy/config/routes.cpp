// `routes:`, path templates with their methods.
#include "config/routes.hpp"

#include "config/compile.hpp"
#include "config/methods.hpp"
#include "config/requirements.hpp"
#include "config/route_settings.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

// Returns the named methods, with HEAD if they include GET. ANY accepts more methods than can be listed, so
// the usual ones are added. It does not accept TRACE and CONNECT.
std::string allow_of(const policy::route& r)
{
    const auto names = [&](std::string_view method) {
        return std::any_of(r.methods.begin(), r.methods.end(),
                           [&](const auto& m) { return m.first == method; });
    };
    std::string out;
    const auto add = [&](std::string_view method) {
        out += out.empty() ? "" : ", ";
        out += method;
    };
    for (const auto& m : r.methods) {
        add(m.first);
        if (m.first == "GET" && !names("HEAD"))
            add("HEAD");
    }
    if (r.any)
        for (const auto* usual : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
            if (!names(usual) && !(names("GET") && std::string_view(usual) == "HEAD"))
                add(usual);
    return out;
}

// Returns the index of these settings. Routes share equal ones, as far as a short search finds them.
std::uint32_t keep_settings(policy::policy& p, const policy::route_settings& own)
{
    constexpr std::size_t max_compared = 64;
    auto& kept = p.settings;
    if (own == kept.front())
        return 0;
    const auto from = kept.end() - static_cast<std::ptrdiff_t>(std::min(kept.size(), max_compared));
    const auto found = std::find(from, kept.end(), own);
    const auto index = static_cast<std::uint32_t>(found - kept.begin());
    if (found == kept.end())
        kept.push_back(own);
    return index;
}

void compile_route(compilation& c, const node& methods, policy::route& into)
{
    if (methods.is(node::kind::scalar) || methods.is(node::kind::list)) {
        c.out.error(methods.at, "expected a map of methods, such as \"GET: read:x\" or \"ANY: public\"");
        return;
    }
    if (!expect(c, methods, node::kind::map))
        return;
    if (methods.items.empty())
        c.out.error(methods.at, "the map is empty: every method would be refused");
    else if (std::all_of(methods.items.begin(), methods.items.end(),
                         [](const node& entry) { return is_route_setting(entry.key); }))
        c.out.error(methods.key_at, "the route has settings but no method: every method would be refused");
    route_settings_entry own(c.policy.settings.front());
    read_route_settings(c, methods, own);
    into.settings = keep_settings(c.policy, own.settings);
    for (const node& entry : methods.items) {
        if (is_route_setting(entry.key))
            continue;
        const bool good = check_method(c, entry);
        if (!good && may_be_setting(entry.key)) // so its value is no requirement
            continue;
        auto needs = compile_requirement(c, entry, into.segments, own.observe);
        if (good && entry.key == "ANY")
            into.any = std::move(needs);
        else if (good)
            into.methods.emplace_back(entry.key, std::move(needs));
    }
    into.allow = allow_of(into);
}

// The documents of RFC 9728 are served before any route.
void warn_about_metadata(compilation& c, const node& entry)
{
    constexpr std::string_view metadata = "/.well-known/oauth-protected-resource";
    if (!entry.key.starts_with(metadata))
        return;
    const auto rest = std::string_view(entry.key).substr(metadata.size());
    if (rest.empty() || rest.front() == '/')
        c.out.warn(warning::hidden_route, entry.key_at,
                   "the metadata document (\"metadata\") takes precedence over this route");
}

} // namespace

void compile_routes(compilation& c, const node& value)
{
    if (!expect(c, value, node::kind::map))
        return;
    if (value.items.empty() && !c.policy.unlisted_authenticated)
        c.out.error(value.at, "the map is empty: every request would be refused");
    c.policy.settings.front() = {c.policy.server.timeouts, c.policy.server.limits.body,
                                 c.policy.upstream.strip_authorization};
    std::vector<path_template> templates;
    for (const node& entry : value.items) {
        auto parsed = parse_template(c, entry.key, entry.key_at);
        policy::route unused; // so that the methods of an invalid template are checked too
        auto& route = parsed ? c.policy.routes.emplace_back() : unused;
        route.text = entry.key;
        route.mark = entry.key_at;
        if (parsed) {
            route.index = static_cast<std::uint32_t>(c.policy.routes.size() - 1);
            route.segments = parsed->segments;
            route.trailing_slash = parsed->trailing_slash;
            templates.push_back(std::move(*parsed));
            warn_about_metadata(c, entry);
        }
        compile_route(c, entry, route);
    }
    compile_trees(c, templates);
}

} // namespace scopegate::config
