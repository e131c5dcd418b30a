#include "policy/policy.hpp"

#include "http/letter_case.hpp"
#include "policy/methods.hpp"

#include <algorithm>
#include <set>

namespace scopegate::policy {

namespace {

// Returns whether the conditions certainly read the same values from two forms of a path.
bool reads_the_same(const requirement& needs, const parameters& a, const parameters& b)
{
    bool same = true;
    const bool certain = !a.uncertain && !b.uncertain;
    for_each<where_condition>(needs.conditions, [&](const where_condition& w) {
        same = same && certain && w.parameter < a.count && w.parameter < b.count &&
               http::decodes_to_ignoring_case(a.values[w.parameter], b.values[w.parameter]);
    });
    return same;
}

// Returns whether two templates have the same requirement for one path. The same condition on another value
// is another condition: with `where`, both templates must read the same value from their form of the path.
bool asks_the_same(const requirement& matched, const parameters& matched_values, const requirement* folded,
                   const parameters& folded_values)
{
    return folded != nullptr && same_needs(matched, *folded) &&
           reads_the_same(matched, matched_values, folded_values);
}

// Returns the segment that begins at the `/` at `at`.
std::string_view segment_at(std::string_view path, std::size_t at)
{
    const auto rest = path.substr(at + 1);
    return rest.substr(0, rest.find('/'));
}

// Returns whether a route that matches `path` has a literal for the segment that begins at the `/` at `at`.
// `values` are the parts of the path that the route takes for its parameters. A pattern is no literal: its
// parameters may hold any format or script.
bool is_literal(std::string_view path, std::size_t at, const parameters& values)
{
    const auto segment = segment_at(path, at);
    const char* const end = segment.data() + std::max<std::size_t>(segment.size(), 1);
    return std::none_of(values.values.data(), values.values.data() + values.count,
                        [&](std::string_view value) {
                            return value.data() < end && segment.data() < value.data() + value.size();
                        });
}

// Returns whether such a route has text of its own for all or for a part of the segment.
bool has_text(std::string_view path, std::size_t at, const parameters& values)
{
    const auto segment = segment_at(path, at);
    return std::none_of(values.values.data(), values.values.data() + values.count,
                        [&](std::string_view value) {
                            return value.data() <= segment.data() && !value.empty() &&
                                   segment.data() + segment.size() <= value.data() + value.size();
                        });
}

// Does the same for any of the segments from there on.
bool any_has_text(std::string_view path, std::size_t at, const parameters& values)
{
    for (; at < path.size() && path.size() > 1; at = path.find('/', at + 1))
        if (has_text(path, at, values))
            return true;
    return false;
}

// Returns whether a pattern matches a folded path only with an empty parameter. An upstream whose parameters
// are never empty then reaches another route, which this match hides. A rest may be empty to any upstream.
bool has_empty_parameter(const route& reached, const parameters& values)
{
    if (!values.uncertain)
        return false;
    const bool has_rest =
        !reached.segments.empty() && reached.segments.back().type == template_segment::kind::rest;
    const auto count = values.count - (has_rest ? 1 : 0);
    return std::any_of(values.values.data(), values.values.data() + count,
                       [](std::string_view value) { return value.empty(); });
}

// Returns whether an API that drops formats drops text of a value: one in the last segment of the matched
// path holds a dot. `values` are those of the path.
bool may_cut_a_value(const route& matched, const parameters& values)
{
    if (matched.segments.empty())
        return false;
    const auto in_last = std::min(count_parameters(matched.segments.back()), values.count);
    return std::any_of(values.values.data() + (values.count - in_last), values.values.data() + values.count,
                       [](std::string_view value) { // of a rest, its last segment counts
                           value = value.substr(0, value.find_last_not_of('/') + 1);
                           return value.find('.', value.rfind('/') + 1) != std::string_view::npos;
                       });
}

} // namespace

route_match policy::match(std::string_view path, std::string_view method) const noexcept
{
    route_match out;
    out.matched = exact.match(path, out.values);
    if (out.values.uncertain) { // whichever values we read, the upstream may read others
        out.found = route_match::outcome::ambiguous;
        return out;
    }
    if (out.matched != nullptr)
        out.needs = out.matched->find(method);
    if (out.needs != nullptr) {
        out.found = route_match::outcome::route;
    } else if (unlisted_authenticated && !is_never_forwarded(method) &&
               (out.matched == nullptr || !names_alike(*out.matched, method))) {
        out.found = route_match::outcome::unlisted;
        out.needs = &unlisted_needs;
    } else if (out.matched != nullptr) {
        out.found = route_match::outcome::wrong_method;
    }
    return out;
}

bool policy::is_lookalike(std::string_view folded_path, std::string_view method,
                          const route_match& match) const noexcept
{
    if (match.needs == nullptr) // refused anyway, with its own reason
        return false;
    parameters values;
    const route* reached = folded.match(folded_path, values);
    if (reached == nullptr)
        return false;
    if (has_empty_parameter(*reached, values))
        return true;
    const auto& alike = folded_alike[reached->index];
    if (reached == match.matched || std::find(alike.begin(), alike.end(), match.matched) != alike.end())
        return values.uncertain && !reads_the_same(*match.needs, match.values, values);
    // An upstream may take the path for any of those that fold alike (`/admin` and `/admin/`), so all must
    // agree.
    return !std::all_of(alike.begin(), alike.end(), [&](const route* r) {
        return asks_the_same(*match.needs, match.values, r->find(method), values);
    });
}

bool policy::is_lookalike(const http::read_path& read, std::string_view method,
                          const route_match& match) const noexcept
{
    if (read.literal_from == std::string_view::npos)
        return is_lookalike(read.path, method, match);
    parameters values;
    const route* reached = folded.match(read.path, values);
    if (reached == nullptr)
        return false;
    const bool text = any_has_text(read.path, read.literal_from, values);
    const bool drops = read.without_format && paths.format == http::format_rule::drop;
    const auto& alike = folded_alike[reached->index];
    if (match.needs != nullptr && std::find(alike.begin(), alike.end(), match.matched) != alike.end()) {
        const bool same = reads_the_same(*match.needs, match.values, values);
        // Unless formats are known to be dropped, a value may begin with a dot: `1,.5` for `{x},{y}`.
        return drops ? !same || has_empty_parameter(*reached, values) : text && values.uncertain && !same;
    }
    if (text && is_lookalike(read.path, method, match))
        return true;
    // `7.x:suspend` is `7` to an API that drops formats: with the format it loses the text that told the two
    // routes apart. The dot of `/{sid}.json` beside `/{sid}` is in no value.
    return drops && match.matched != nullptr && may_cut_a_value(*match.matched, match.values) &&
           is_lookalike(read.path, method, match);
}

http::spelled_out policy::spelled_out(std::string_view path, const route_match& match) noexcept
{
    if (match.matched == nullptr)
        return {};
    const auto script = http::find_script(path);
    const auto last_segment = path.substr(0, path.size() - 1).rfind('/'); // of `/a/` too
    return {script.found() && is_literal(path, script.begin, match.values),
            last_segment != std::string_view::npos && is_literal(path, last_segment, match.values)};
}

std::vector<std::string> policy::claims_of_conditions() const
{
    std::set<std::string, std::less<>> names;
    const auto add_claims = [&names](const requirement& needs) {
        for (const auto& c : needs.conditions)
            std::visit([&](const auto& member) { member.add_claims(names); }, c);
    };
    add_claims(unlisted_needs);
    for (const auto& route : routes) {
        for (const auto& [method, needs] : route.methods)
            add_claims(needs);
        if (route.any)
            add_claims(*route.any);
    }
    return {names.begin(), names.end()};
}

std::optional<std::size_t> policy::issuer_named(std::string_view iss) const noexcept
{
    std::optional<std::size_t> of_any_tenant;
    for (std::size_t i = 0; i < issuers.size(); ++i) {
        if (!issuers[i].is_named(iss))
            continue;
        if (!issuers[i].any_tenant())
            return i;
        of_any_tenant = of_any_tenant.value_or(i);
    }
    return of_any_tenant;
}

std::string_view policy::realm() const noexcept
{
    if (issuers.empty())
        return {};
    const issuer_settings& first = issuers.front();
    return first.audience.empty() ? first.issuer : first.audience.front();
}

} // namespace scopegate::policy
