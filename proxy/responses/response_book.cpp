#include "responses/response_book.hpp"

#include "base/json_writer.hpp"
#include "responses/metadata.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::responses {

namespace {

// Covers most challenges and problem bodies.
constexpr std::size_t usual_bytes = 512;

// Tells a client that uses the wrong protocol for the port what to change. Empty for other causes.
constexpr std::string_view wrong_port(cause c) noexcept
{
    return c == cause::plain_http_on_tls_port ? "This port requires TLS; use https."
           : c == cause::tls_on_plain_port    ? "This port serves plain HTTP, without TLS; use http."
                                              : std::string_view{};
}

// Appends a quoted-string (RFC 9110 section 5.6.4). Characters that are invalid in it, above all CR and LF,
// become spaces: a realm is whatever text was configured as an audience.
void append_quoted_string(std::string& out, std::string_view s)
{
    out += '"';
    for (const char c : s) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c >= 0x20 && c < 0x7F ? c : ' ';
    }
    out += '"';
}

std::string parameter(std::string_view name, std::string_view value)
{
    std::string out(name);
    out += '=';
    append_quoted_string(out, value);
    return out;
}

// Returns the names that a client asks the issuer for.
template <class Ids>
std::string requested(const policy::scope_registry& scopes, const Ids& ids)
{
    std::string out;
    for (const auto id : ids) {
        if (!out.empty())
            out += ' ';
        out += scopes.requested_name(id);
    }
    return out;
}

// Appends a parameter to a challenge (RFC 9110 section 11.3), which begins with its scheme and a space.
// Ignores an empty parameter.
void add_parameter(std::string& challenge, std::string_view ready)
{
    if (ready.empty())
        return;
    if (challenge.back() != ' ')
        challenge += ", ";
    challenge += ready;
}
void add_parameter(std::string& challenge, std::string_view name, std::string_view value)
{
    if (!value.empty())
        add_parameter(challenge, parameter(name, value));
}

// Returns the algorithms that a proof may be signed with (RFC 9449 section 7.1).
std::string proof_algorithms()
{
    std::string out;
    jose::for_each_asymmetric_name(
        [&](std::string_view name) { out.append(out.empty() ? "" : " ").append(name); });
    return out;
}

std::string joined(const std::vector<std::string>& values)
{
    std::string out;
    for (const auto& v : values)
        out.append(out.empty() ? "" : " ").append(v);
    return out;
}

// Returns ["a","b"] with the names of scopes.
template <class Ids>
std::string name_array(const policy::scope_registry& scopes, const Ids& ids)
{
    std::string out;
    json::writer json(out);
    json.open_array();
    for (const auto id : ids)
        json.value(scopes[id].name);
    json.close_array();
    return out;
}

} // namespace

response_book::response_book(const policy::policy& p) : policy_(p), prepared_(p.requirement_count)
{
    prepare_beginnings();
    prepare_documents();
    const auto prepare = [&](const policy::requirement& r) {
        if (r.index >= prepared_.size())
            prepared_.resize(r.index + 1);
        for (const auto& a : r.alternatives)
            prepared_[r.index].push_back(
                {parameter("scope", requested(p.scopes, a.in_order)), name_array(p.scopes, a.in_order)});
    };
    for (const auto& route : p.routes) {
        for (const auto& [method, needs] : route.methods)
            prepare(needs);
        if (route.any)
            prepare(*route.any);
    }
}

void response_book::prepare_beginnings()
{
    for (std::size_t i = 0; i < reason_count; ++i) {
        const auto why = static_cast<reason>(i);
        const auto& r = row(why);
        const auto begin = [&](std::string_view scheme, std::string_view algs) {
            std::string out("Content-Type: application/problem+json\r\nCache-Control: no-store\r\n");
            if (r.challenges == response_row::challenge::none)
                return out;
            out.append("WWW-Authenticate: ").append(scheme).append(" ");
            add_parameter(out, "realm", policy_.realm());
            add_parameter(out, "algs", algs);
            if (!r.error.empty()) {
                add_parameter(out, "error", r.error);
                add_parameter(out, "error_description", r.detail);
            }
            return out;
        };
        auto& made = beginnings_.emplace_back();
        made.bearer = begin("Bearer", {});
        made.dpop = begin("DPoP", proof_algorithms());
        json::writer problem(made.problem);
        problem.open_object().member("type", "urn:scopegate:problem:" + std::string(name(why)));
        problem.member("title", r.title).member("status", r.status).member("detail", r.detail);
    }
}

// The plain well-known path leads to the server's own document only.
void response_book::prepare_documents()
{
    for (std::size_t i = 0; i <= policy_.metadata.resources.size(); ++i) {
        auto& made = documents_.emplace_back();
        const auto& resource = resource_url(policy_, i);
        if (resource.empty())
            continue;
        made.text = metadata_document(policy_, i);
        made.attribute = parameter("resource_metadata", metadata_url(resource));
        made.paths = metadata_paths(resource, policy_.paths);
        if (i > 0)
            made.paths.erase(made.paths.begin());
    }
}

const response_book::prepared_alternative* response_book::prepared_of(const policy::denial& d) const noexcept
{
    return d.needs != nullptr && d.alternative < d.needs->alternatives.size()
               ? &prepared_[d.needs->index][d.alternative]
               : nullptr;
}

void response_book::append_fields(std::string& out, const policy::denial& d) const
{
    const auto how = row(d.why).challenges;
    const bool dpop = d.dpop || how == response_row::challenge::proof ||
                      policy_.tokens.dpop.how == policy::dpop_settings::mode::require;
    const auto& begun = beginnings_[static_cast<std::size_t>(reason(d.why))];
    out += dpop ? begun.dpop : begun.bearer;
    if (how == response_row::challenge::none)
        return;
    if (const auto* lacking = prepared_of(d))
        add_parameter(out, lacking->attribute);
    if (d.needs != nullptr && how == response_row::challenge::login) {
        // List everything that the login must satisfy, not only what it failed, so that one step-up is enough
        // (RFC 9470 section 3).
        if (const auto* acr = policy::find<policy::acr_condition>(d.needs->conditions))
            add_parameter(out, "acr_values", joined(acr->any_of));
        if (const auto* age = policy::find<policy::max_age_condition>(d.needs->conditions))
            add_parameter(out, "max_age", std::to_string(age->most.count()));
    }
    add_parameter(out, documents_[d.needs != nullptr ? d.needs->resource : 0].attribute);
    if (out.back() == ' ') // a scheme without parameters
        out.pop_back();
    out += "\r\n";
}

void response_book::append_problem(std::string& out, const policy::denial& d,
                                   std::string_view request_id) const
{
    out += beginnings_[static_cast<std::size_t>(reason(d.why))].problem;
    json::writer problem(out);
    if (const auto sentence = wrong_port(d.why.detail); !sentence.empty()) {
        out.resize(out.rfind(R"(,"detail":)")); // the last member so far
        problem.member("detail", sentence);
    }
    if (!request_id.empty())
        problem.name("request_id").raw().append("\"").append(request_id).append("\""); // an id needs no
                                                                                       // escaping
    if (row(d.why).scopes) {
        const auto* lacking = prepared_of(d);
        problem.name("required_scopes").raw() += lacking != nullptr ? lacking->names : "[]";
        problem.name("missing_scopes").open_array();
        d.missing.for_each([&](policy::scope_id id) { problem.value(policy_.scopes[id].name); });
        problem.close_array();
        if (d.needs != nullptr && d.needs->alternatives.size() > 1) {
            problem.name("alternatives").open_array();
            for (const auto& a : prepared_[d.needs->index])
                problem.raw() += a.names;
            problem.close_array();
        }
    }
    problem.close_object();
}

response response_book::make(const policy::denial& d, std::string_view request_id) const
{
    return make(d, request_id,
                d.matched != nullptr ? std::string_view(d.matched->allow) : std::string_view{});
}

response response_book::make(const policy::denial& d, std::string_view request_id,
                             std::string_view allow) const
{
    const auto& r = row(d.why);
    response a;
    a.status = r.status;
    a.close = r.close;
    a.fields.reserve(usual_bytes);
    append_fields(a.fields, d);
    if (r.allow)
        a.add("Allow", allow);
    if (r.retry_after > 0)
        a.add("Retry-After", std::to_string(r.retry_after));
    a.body.reserve(usual_bytes);
    append_problem(a.body, d, request_id);
    return a;
}

void response_book::write(const policy::denial& d, std::string_view request_id, bool head_only,
                          bool keep_alive, std::string_view date, std::string& out) const
{
    responses::write(make(d, request_id), head_only, keep_alive, date, out);
}

const response_book::document* response_book::document_at(std::string_view path) const noexcept
{
    if (!path.starts_with(metadata_well_known))
        return nullptr;
    for (const auto& each : documents_)
        if (std::find(each.paths.begin(), each.paths.end(), path) != each.paths.end())
            return &each;
    return nullptr;
}

response response_book::make_metadata(std::string_view path, std::string_view method,
                                      std::string_view request_id) const
{
    constexpr std::string_view allow = "GET, HEAD, OPTIONS";
    response a;
    if (method == "GET" || method == "HEAD") {
        a.status = 200;
        a.add("Content-Type", "application/json");
        a.add("Cache-Control", "public, max-age=600");
        if (const auto* found = document_at(path))
            a.body = found->text;
    } else if (method == "OPTIONS") {
        a.status = 204;
        a.add("Allow", allow);
        a.add("Access-Control-Allow-Methods", "GET, HEAD");
        a.add("Access-Control-Allow-Headers", "*");
    } else {
        policy::denial d;
        d.why = reason::wrong_method;
        a = make(d, request_id, allow);
    }
    a.add("Access-Control-Allow-Origin", "*");
    return a;
}

} // namespace scopegate::responses
