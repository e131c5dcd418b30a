#include "observe/access_log.hpp"

#include "base/json.hpp"
#include "observe/http_date.hpp"
#include "observe/log.hpp"
#include "observe/request_burst.hpp"
#include "policy/nearest.hpp"

#include <charconv>

namespace scopegate::observe {

namespace {

// The client chooses the method and, through its claims, the subject. Bounds keep them from filling the log.
constexpr std::size_t longest_method = 32;
constexpr std::size_t longest_claim = 256;
constexpr std::size_t longest_path = 256;
constexpr std::size_t longest_address = 64; // including a zone

void append_member(std::string& out, std::string_view name, std::string_view value)
{
    out += ",\"";
    out += name;
    out += "\":";
    json::append_quoted(out, value);
}

void append_number(std::string& out, std::uint64_t n)
{
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
    out.append(digits, static_cast<std::size_t>(end - digits));
}

// Appends milliseconds with three decimals: `1.250`.
void append_duration(std::string& out, std::string_view name, std::chrono::microseconds d)
{
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(d.count(), 0));
    out += ",\"";
    out += name;
    out += "\":";
    append_number(out, us / 1000);
    out += '.';
    for (auto place = std::uint64_t{100}; place > 0; place /= 10)
        out += static_cast<char>('0' + us % 1000 / place % 10);
}

// Names of declared scopes are scope-tokens, which need no escaping.
void append_scopes(std::string& out, std::string_view name, const policy::scope_registry& scopes,
                   const policy::scope_set& set)
{
    out += ",\"";
    out += name;
    out += "\":[";
    auto separator = "\"";
    set.for_each([&](policy::scope_id id) {
        out += separator;
        out += scopes[id].name;
        out += '"';
        separator = ",\"";
    });
    out += ']';
}

// Returns, for a refusal, the alternative that lacks the fewest scopes, and for a permitted request the first
// alternative that its token meets.
const policy::alternative* alternative_in_question(const request_record& r,
                                                   const policy::requirement& needs) noexcept
{
    if (r.refusal != nullptr)
        return r.refusal->alternative < needs.alternatives.size()
                   ? &needs.alternatives[r.refusal->alternative]
                   : nullptr;
    for (const auto& a : needs.alternatives)
        if (r.effective != nullptr && r.effective->contains_all(a.scopes))
            return &a;
    return nullptr;
}

// The reason's severity counts only if the client saw a failure: not in observe mode, and not behind a
// response that had begun well. Anybody can make up a kid, so key_pending is no warning: an unreachable
// issuer must stand out from that.
std::string_view level_of(const request_record& r) noexcept
{
    switch (row_of(r.why).loud) {
    case severity::info:
        break;
    case severity::warn:
        return r.status >= 500 ? "warn" : "info";
    case severity::error:
        return "error";
    }
    return "info";
}

std::string_view route_of(const request_record& r) noexcept
{
    const auto* route = r.match != nullptr ? r.match->matched : nullptr;
    return route != nullptr ? std::string_view(route->text) : std::string_view("-");
}

bool shows_path(const policy::policy& p, const request_record& r) noexcept
{
    using which = policy::log_settings::path_lines;
    const bool matched = r.match != nullptr && r.match->matched != nullptr;
    return !r.path.empty() && (p.log.paths == which::all || (p.log.paths == which::unmatched && !matched));
}

// Appends the path, and the nearest template if no route matches. The template comes from the policy: it
// tells an operator what the client meant even if the line omits the path.
void append_path(std::string& out, const policy::policy& p, const request_record& r)
{
    if (shows_path(p, r))
        append_member(out, "path", r.path.substr(0, longest_path));
    if (r.why != reason::no_route || r.path.empty())
        return;
    if (const auto* near = policy::nearest_route(p, r.path))
        append_member(out, "near", near->text);
}

} // namespace

void append_request_line(const policy::policy& p, const request_record& r, std::string& out)
{
    out += R"({"time":")";
    append_rfc3339(out, r.when);
    out += R"(","level":")";
    out += level_of(r);
    out += R"(","event":"request")";
    append_member(out, "request_id", r.request_id);
    if (!r.client_request_id.empty())
        append_member(out, "client_request_id", r.client_request_id);
    if (!r.client.empty())
        append_member(out, "client", r.client.substr(0, longest_address));
    if (!r.forwarded_for.empty())
        append_member(out, "forwarded_for", r.forwarded_for.substr(0, longest_address));
    append_member(out, "method", r.method.substr(0, longest_method));
    append_member(out, "route", route_of(r));
    append_path(out, p, r);
    out += ",\"status\":";
    append_number(out, r.status);
    append_member(out, "reason", name(r.why));
    if (r.why.detail != cause::none)
        append_member(out, "cause", name(r.why.detail));
    if (!r.unverified.empty())
        out.append(R"(,"unverified":)").append(r.unverified);
    if (r.observed)
        out += R"(,"observe":true)";
    if (const auto* needs = r.match != nullptr ? r.match->needs : nullptr)
        if (const auto* a = alternative_in_question(r, *needs))
            append_scopes(out, "required", p.scopes, a->scopes);
    if (r.refusal != nullptr && !r.refusal->missing.empty())
        append_scopes(out, "missing", p.scopes, r.refusal->missing);
    if (r.effective != nullptr)
        append_scopes(out, "scopes", p.scopes, *r.effective);
    if (!r.subject.empty())
        append_member(out, "sub", r.subject.substr(0, longest_claim));
    if (!r.client_id.empty())
        append_member(out, "client_id", r.client_id.substr(0, longest_claim));
    if (!r.issuer.empty())
        append_member(out, "issuer", r.issuer);
    append_duration(out, "duration_ms", r.duration);
    if (r.upstream)
        append_duration(out, "upstream_ms", *r.upstream);
    out += '}';
}

void log_request(const policy::policy& p, const request_record& r)
{
    if (r.why != reason::allowed && !r.observed) {
        const auto client = r.forwarded_for.empty() ? r.client : r.forwarded_for;
        if (!admit_refusal(p.log.burst, {route_of(r), r.why, client.substr(0, longest_address)}, r.when))
            return;
    }
    thread_local std::string line;
    line.clear();
    append_request_line(p, r, line);
    write_request_line(line);
}

} // namespace scopegate::observe
