#include "config/resources.hpp"

#include "config/identifiers.hpp"
#include "config/templates.hpp"
#include "config/urls.hpp"
#include "config/values.hpp"
#include "policy/parameters.hpp"
#include "policy/pattern_index.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace scopegate::config {

namespace {

using policy::protected_resource;
using policy::template_segment;
using segments = std::vector<template_segment>;

void read_audience(compilation& c, const node& value, protected_resource& into)
{
    for (auto& name : read_text_or_list(c, value)) {
        if (const auto why = audience_problem(name.text); !why.empty())
            c.out.error(name.at, name.shown + why);
        else
            into.audience.push_back(std::move(name.text));
    }
}

constexpr key<protected_resource> resource_keys[] = {
    {"resource",
     [](compilation& c, const node& value, protected_resource& into) {
         into.resource = read_resource(c, value).value_or(std::string());
     },
     true},
    {"name", [](compilation& c, const node& value,
                protected_resource& into) { into.name = read_text(c, value).value_or(std::string()); }},
    {"audience", read_audience},
};

// Returns the path of a resource's URL as a request has it: it follows the well-known path in the document's
// (RFC 9728 section 3.1). Empty if the URL has none, or one that no request can have.
std::string path_of(const policy::policy& p, std::string_view resource)
{
    const auto url = parse_web_url(resource);
    if (!url || !url->has_path())
        return {};
    std::string scratch;
    const auto target = http::normalize_target(url->path, "GET", p.paths, scratch);
    return target ? std::string(target->path) : std::string();
}

// With the same document, a client would take one resource for the other. With the same audience, a token for
// one would work at the other.
void check_against_others(compilation& c, const protected_resource& r)
{
    const auto path = path_of(c.policy, r.resource);
    if (path.empty() && !r.resource.empty())
        c.out.error(r.mark, in_quotes(r.resource) +
                                " needs a path, from which the path of its metadata document is made");
    for (const auto& other : c.policy.metadata.resources) {
        const auto whose = " as the resource " + in_quotes(other.prefix);
        if (!path.empty() && path_of(c.policy, other.resource) == path)
            c.out.error(r.mark, "the resource " + in_quotes(r.prefix) +
                                    " has its metadata document at the same path" + whose);
        for (const auto& audience : r.audience)
            if (std::find(other.audience.begin(), other.audience.end(), audience) != other.audience.end())
                c.out.error(r.mark, "the resource " + in_quotes(r.prefix) + " has the same audience, " +
                                        in_quotes(audience) + "," + whose +
                                        ": a token for one would work at the other");
    }
}

// Returns whether a segment with text beside its parameters could match a literal one, even if only a
// careless upstream reads it so.
bool could_match(const template_segment& pattern, std::string_view literal)
{
    policy::pattern_index index;
    index.child_of(pattern.text) = 0;
    std::array<std::string_view, policy::max_parameters> values;
    return index.any_match(literal, policy::pattern_index::matching::loose, values.data(),
                           [](const auto&) { return true; });
}

// How a template relates to a prefix: none of its paths lie below, all do, or only some.
enum class relation : std::uint8_t { outside, below, across };

relation relation_of(const segments& t, const segments& prefix)
{
    bool literal = true;
    for (std::size_t i = 0; i < prefix.size(); ++i) {
        if (i == t.size())
            return relation::outside;
        if (t[i].type == template_segment::kind::rest)
            return relation::across;
        const bool literal_here = t[i].type == template_segment::kind::literal;
        if (literal_here ? t[i].text != prefix[i].text
                         : t[i].type == template_segment::kind::pattern && !could_match(t[i], prefix[i].text))
            return relation::outside;
        literal = literal && literal_here;
    }
    return literal ? relation::below : relation::across;
}

class assignment final {
public:
    explicit assignment(compilation& c) : c_(c)
    {
        for (const auto& r : all())
            prefixes_.push_back({segments_of(r.prefix), folded_form(segments_of(r.prefix)), 0});
    }

    void run()
    {
        check_nesting();
        for (auto& route : c_.policy.routes)
            assign(route);
        for (std::size_t i = 0; i < prefixes_.size(); ++i)
            if (prefixes_[i].routes == 0)
                c_.out.error(all()[i].mark,
                             "no route lies below " + in_quotes(all()[i].prefix) + similar_beginning(i));
    }

private:
    struct known_prefix {
        segments exact, folded;
        std::size_t routes; // below it
    };

    [[nodiscard]] const std::vector<protected_resource>& all() const { return c_.policy.metadata.resources; }

    static segments segments_of(std::string_view path)
    {
        segments out;
        while (!path.empty()) {
            path.remove_prefix(1);
            const auto piece = path.substr(0, path.find('/'));
            out.push_back({template_segment::kind::literal, std::string(piece)});
            path.remove_prefix(piece.size());
        }
        return out;
    }

    [[nodiscard]] segments folded_form(const segments& exact) const
    {
        return folded({exact, false}, c_.policy.paths).value_or(exact);
    }

    void check_nesting()
    {
        for (std::size_t i = 0; i < prefixes_.size(); ++i)
            for (std::size_t j = 0; j < prefixes_.size(); ++j)
                if (i != j && relation_of(prefixes_[i].folded, prefixes_[j].folded) == relation::below)
                    c_.out.error(all()[i].mark, in_quotes(all()[i].prefix) + " lies below the resource " +
                                                    in_quotes(all()[j].prefix));
    }

    // Returns a suggestion of a path prefix that routes have and no resource is named by, or an empty text.
    [[nodiscard]] std::string similar_beginning(std::size_t resource) const
    {
        std::vector<std::string> known;
        for (const auto& route : c_.policy.routes) {
            std::string beginning;
            std::size_t literals = 0;
            for (const auto& s : route.segments)
                if (s.type == template_segment::kind::literal &&
                    literals++ < prefixes_[resource].exact.size())
                    beginning.append("/").append(s.text);
                else
                    break;
            if (literals >= prefixes_[resource].exact.size() &&
                std::none_of(all().begin(), all().end(),
                             [&](const protected_resource& r) { return r.prefix == beginning; }))
                known.push_back(std::move(beginning));
        }
        return suggestion(all()[resource].prefix, known);
    }

    // A route that could serve paths of several resources would have no single audience. The folded forms
    // count too: what the upstream may take for a path of a resource must have that resource's audience.
    void assign(policy::route& route)
    {
        const auto shape = folded_form(route.segments);
        for (std::size_t i = 0; i < prefixes_.size(); ++i) {
            auto& known = prefixes_[i];
            if (relation_of(route.segments, known.exact) == relation::below) {
                ++known.routes;
                for (auto& [method, needs] : route.methods)
                    needs.resource = static_cast<std::uint16_t>(i + 1);
                if (route.any)
                    route.any->resource = static_cast<std::uint16_t>(i + 1);
            } else if (relation_of(shape, known.folded) != relation::outside) {
                return c_.out.error(route.mark, "the template " + in_quotes(route.text) +
                                                    " can match paths inside and outside the resource " +
                                                    in_quotes(all()[i].prefix) +
                                                    ": begin it with that prefix, or with another "
                                                    "literal");
            }
        }
    }

    compilation& c_;
    std::vector<known_prefix> prefixes_;
};

// An issuer's tokens count for the audiences that the file lists for it, so that none of several issuers can
// issue tokens for a resource of another.
void check_audiences(compilation& c)
{
    const auto& issuers = c.policy.issuers;
    const auto lists = [](const policy::issuer_settings& issuer, const std::string& name) {
        const auto& all = issuer.audience;
        return all.empty() || std::find(all.begin(), all.end(), name) != all.end();
    };
    for (const auto& r : c.policy.metadata.resources)
        for (const auto& name : r.audience)
            if (std::none_of(issuers.begin(), issuers.end(), [&](const auto& i) { return lists(i, name); }))
                c.out.error(r.mark, "no issuer has the audience " + in_quotes(name) + " of the resource " +
                                        in_quotes(r.prefix) +
                                        ": add it to \"audience\" of the issuers whose tokens count there");
}

} // namespace

bool is_resource(std::string_view text)
{
    const auto url = parse_web_url(text);
    return url && url->is_protected() && url->is_plain();
}

std::optional<std::string> read_resource(compilation& c, const node& value)
{
    auto text = read_text(c, value);
    if (!text || is_resource(*text))
        return text;
    c.out.error(value.at, shown_url(value) +
                              " must be an https URL without a fragment or user information (RFC "
                              "9728); plain http is for loopback hosts only");
    return std::nullopt;
}

void read_resources(compilation& c, const node& value, policy::metadata_settings& into)
{
    if (!expect(c, value, node::kind::map))
        return;
    if (value.items.empty())
        c.out.error(value.at, "the map is empty: remove \"resources\" if this server is one resource");
    if (value.items.size() > policy::max_resources)
        c.out.error(value.key_at, "more than " + std::to_string(policy::max_resources) + " resources");
    for (const node& entry : value.items) {
        protected_resource read;
        read.prefix = entry.key;
        read.mark = entry.key_at;
        const auto prefix = parse_template(c, entry.key, entry.key_at);
        const bool plain =
            prefix && !prefix->segments.empty() && !prefix->trailing_slash &&
            std::all_of(prefix->segments.begin(), prefix->segments.end(),
                        [](const template_segment& s) { return s.type == template_segment::kind::literal; });
        if (prefix && !plain)
            c.out.error(entry.key_at,
                        in_quotes(entry.key) +
                            " is not a path prefix such as \"/mcp\": literal segments, no slash at the end");
        if (!read_keys(c, entry, resource_keys, read) || !plain ||
            into.resources.size() == policy::max_resources)
            continue;
        read.prefix.clear(); // as in a normalized path
        for (const auto& s : prefix->segments)
            read.prefix.append("/").append(s.text);
        if (read.audience.empty() && !read.resource.empty() && entry.find("audience") == nullptr)
            read.audience.push_back(read.resource);
        check_against_others(c, read);
        into.resources.push_back(std::move(read));
    }
}

bool is_of_a_resource(const policy::policy& p, std::string_view name)
{
    const auto& all = p.metadata.resources;
    return std::any_of(all.begin(), all.end(), [&](const protected_resource& r) {
        return r.resource == name ||
               std::find(r.audience.begin(), r.audience.end(), name) != r.audience.end();
    });
}

void assign_resources(compilation& c)
{
    auto& p = c.policy;
    if (p.metadata.resources.empty())
        return;
    if (p.unlisted_authenticated)
        c.out.error(p.unlisted_needs.mark, "\"unlisted: authenticated\" would accept a token for one of "
                                           "metadata.resources at another: list the routes");
    assignment(c).run();
    const auto own_path = path_of(p, p.metadata.resource);
    for (const auto& r : p.metadata.resources)
        if (!own_path.empty() && path_of(p, r.resource) == own_path)
            c.out.error(r.mark, "the resource " + in_quotes(r.prefix) +
                                    " has its metadata document at the same path as metadata.resource");
    for (auto& issuer : p.issuers)
        std::copy_if(issuer.audience.begin(), issuer.audience.end(), std::back_inserter(issuer.own_audience),
                     [&](const std::string& name) { return !is_of_a_resource(p, name); });
    check_audiences(c);
}

section resources_section()
{
    return make_section("metadata.resources.*", resource_keys);
}

} // namespace scopegate::config
