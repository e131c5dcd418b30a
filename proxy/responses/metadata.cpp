#include "responses/metadata.hpp"

#include "tokens/places/places.hpp"

#include <algorithm>

namespace scopegate::responses {

namespace {

// The parts of a resource URL. The origin is `https://host`; a slash that only ends the host is in no part.
struct resource_parts {
    std::string_view origin;
    std::string_view path;
    std::string_view query; // with its `?`
};

resource_parts split(std::string_view resource) noexcept
{
    const auto scheme = resource.find("://");
    const auto host = scheme == std::string_view::npos ? 0 : scheme + 3;
    const auto rest = std::min(resource.find_first_of("/?", host), resource.size());
    auto path = resource.substr(rest);
    const auto question = std::min(path.find('?'), path.size());
    const auto query = path.substr(question);
    path = path.substr(0, question);
    return {resource.substr(0, rest), path == "/" ? std::string_view{} : path, query};
}

template <class Range, class Write>
void append_list(std::string& out, std::string_view name, char open, char close, const Range& range,
                 Write write)
{
    if (range.empty()) // omit a member without elements (RFC 9728 section 3.2)
        return;
    out += ",\"";
    out += name;
    out += "\":";
    auto separator = open;
    for (const auto& element : range) {
        out += separator;
        write(element);
        separator = ',';
    }
    out += close;
}

// Returns the RFC 6750 methods that work here, or an empty list (RFC 9728 section 2).
std::string bearer_methods(const policy::token_settings& from)
{
    std::string out;
    tokens::places::all::for_each_configured(from, [&out]<class Place>() {
        if (Place::bearer_method.empty())
            return;
        out += out.empty() ? '[' : ',';
        json::append_quoted(out, Place::bearer_method);
    });
    return out.empty() ? "[]" : out + "]";
}

// Appends the members for bound tokens (RFC 9728 section 2); an omitted member is false. Certificates that a
// proxy forwards count too, but the policy does not say whether that proxy requests them.
void append_bindings(std::string& out, const policy::policy& p)
{
    using mode = policy::dpop_settings::mode;
    if (p.server.tls && !p.server.tls->client_ca.empty())
        out += R"(,"tls_client_certificate_bound_access_tokens":true)";
    if (p.tokens.dpop.how == mode::off)
        return;
    std::vector<std::string_view> algorithms;
    jose::for_each_asymmetric_name([&](std::string_view name) { algorithms.push_back(name); });
    append_list(out, "dpop_signing_alg_values_supported", '[', ']', algorithms,
                [&](auto a) { json::append_quoted(out, a); });
    if (p.tokens.dpop.how == mode::require)
        out += R"(,"dpop_bound_access_tokens_required":true)";
}

} // namespace

std::string metadata_document(const policy::policy& p)
{
    if (p.metadata.resource.empty())
        return {};
    std::vector<std::string_view> servers;
    for (const auto& i : p.issuers)
        if (std::find(servers.begin(), servers.end(), i.issuer) == servers.end())
            servers.push_back(i.issuer);
    std::vector<const policy::scope_registry::declaration*> scopes, described;
    for (std::size_t i = 0; i < p.scopes.size(); ++i) {
        scopes.push_back(&p.scopes[static_cast<policy::scope_id>(i)]);
        if (!scopes.back()->description.empty())
            described.push_back(scopes.back());
    }

    std::string out = R"({"resource":)";
    json::append_quoted(out, p.metadata.resource);
    append_list(out, "authorization_servers", '[', ']', servers,
                [&](auto s) { json::append_quoted(out, s); });
    append_list(out, "scopes_supported", '[', ']', scopes,
                [&](auto* s) { json::append_quoted(out, s->name); });
    out += R"(,"bearer_methods_supported":)" + bearer_methods(p.tokens);
    append_bindings(out, p);
    if (!p.metadata.name.empty()) {
        out += R"(,"resource_name":)";
        json::append_quoted(out, p.metadata.name);
    }
    append_list(out, "scope_descriptions", '{', '}', described, [&](auto* s) {
        json::append_quoted(out, s->name);
        out += ':';
        json::append_quoted(out, s->description);
    });
    out += '}';
    return out;
}

std::string metadata_url(std::string_view resource)
{
    const auto parts = split(resource);
    std::string url(parts.origin);
    return url.append(metadata_well_known).append(parts.path).append(parts.query);
}

std::vector<std::string> metadata_paths(std::string_view resource, const http::path_rules& rules)
{
    std::vector<std::string> paths{std::string(metadata_well_known)};
    const auto suffix = split(resource).path;
    if (suffix.empty())
        return paths;
    // Normalize the resource's path like a request's. A path that no request can have is not served.
    std::string scratch;
    const auto suffixed = std::string(metadata_well_known).append(suffix);
    if (const auto target = http::normalise_target(suffixed, "GET", rules, scratch))
        paths.emplace_back(target->path);
    return paths;
}

} // namespace scopegate::responses
