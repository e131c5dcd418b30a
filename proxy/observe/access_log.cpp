#include "observe/access_log.hpp"

#include "observe/log.hpp"
#include "observe/log_line.hpp"
#include "observe/request_burst.hpp"
#include "policy/nearest.hpp"

#include <algorithm>
#include <array>

namespace scopegate::observe {

namespace {

// The client chooses the method and, through its claims, the subject. Bounds keep them from filling the log.
constexpr std::size_t longest_method = 32;
constexpr std::size_t longest_claim = 256;
constexpr std::size_t longest_path = 256;
constexpr std::size_t longest_address = request_details::longest_address;

// Adds milliseconds with three decimals: `1.250`.
void add_duration(json::writer& line, std::string_view name, std::chrono::microseconds d)
{
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(d.count(), 0));
    auto& out = line.member(name, us / 1000).text();
    out += '.';
    for (auto place = std::uint64_t{100}; place > 0; place /= 10)
        out += static_cast<char>('0' + us % 1000 / place % 10);
}

void add_scopes(json::writer& line, std::string_view name, const policy::scope_registry& scopes,
                const policy::scope_set& set)
{
    line.name(name).open_array();
    set.for_each([&](policy::scope_id id) { line.value(scopes[id].name); });
    line.close_array();
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

// Adds the path, and the nearest template if no route matches. The template comes from the policy: it tells
// an operator what the client meant even if the line omits the path.
void add_path(json::writer& line, const policy::policy& p, const request_record& r)
{
    if (shows_path(p, r))
        line.member("path", r.path.substr(0, longest_path));
    if (r.why != reason::no_route || r.path.empty())
        return;
    if (const auto* near = policy::nearest_route(p, r.path))
        line.member("near", near->text);
}

std::string_view forwarded_for(const request_record& r,
                               std::array<char, request_details::longest_address>& room)
{
    return r.details != nullptr ? r.details->forwarded_for(room) : std::string_view{};
}

// Whether the line counts against `log.burst`.
bool is_bounded(request_end how) noexcept
{
    return how != request_end::allowed && how != request_end::own_response && how != request_end::observed;
}

// A client's own text may be absent, and is cut.
void add_bounded(json::writer& line, std::string_view name, std::string_view text, std::size_t longest)
{
    if (!text.empty())
        line.member(name, text.substr(0, longest));
}

} // namespace

void append_request_line(const policy::policy& p, const request_record& r, const line_times& times,
                         std::string& out)
{
    auto line = open_line(out, times.when, level_of(r), "request");
    add_bounded(line, "request_id", r.request_id, r.request_id.size());
    add_bounded(line, "client_request_id", r.client_request_id, r.client_request_id.size());
    add_bounded(line, "client", r.client, longest_address);
    std::array<char, longest_address> room; // NOLINT: written before it is read
    add_bounded(line, "forwarded_for", forwarded_for(r, room), longest_address);
    add_bounded(line, "method", r.method, longest_method);
    line.member("route", route_of(r));
    add_path(line, p, r);
    line.member("status", r.status).member("reason", name(r.why));
    if (r.why.detail != cause::none)
        line.member("cause", name(r.why.detail));
    if (r.details != nullptr)
        if (const auto unverified = r.details->unverified(); !unverified.empty())
            line.name("unverified").raw() += unverified;
    if (end_of(r) == request_end::observed)
        line.member("observe", true);
    if (const auto* needs = r.match != nullptr ? r.match->needs : nullptr)
        if (const auto* a = alternative_in_question(r, *needs))
            add_scopes(line, "required", p.scopes, a->scopes);
    if (r.refusal != nullptr && !r.refusal->missing.empty())
        add_scopes(line, "missing", p.scopes, r.refusal->missing);
    if (r.effective != nullptr)
        add_scopes(line, "scopes", p.scopes, *r.effective);
    add_bounded(line, "sub", r.subject, longest_claim);
    add_bounded(line, "client_id", r.client_id, longest_claim);
    add_bounded(line, "issuer", r.issuer, r.issuer.size());
    line.member("bytes_in", r.bytes_in).member("bytes_out", r.bytes_out);
    add_duration(line, "duration_ms", times.duration);
    if (r.decision_wait)
        add_duration(line, "decision_ms", *r.decision_wait);
    if (r.upstream)
        add_duration(line, "upstream_ms", *r.upstream);
    line.close_object();
}

void log_request(const policy::policy& p, const request_record& brief)
{
    if (!is_logged(p.log.which, brief.why))
        return;
    auto r = brief;
    if (r.details != nullptr)
        r.details->describe(r);
    // The clock of the poll is too coarse for the duration of a refusal or a fast response.
    const auto lasted = std::chrono::steady_clock::now() - r.began;
    const line_times times{wall_now(), std::chrono::duration_cast<std::chrono::microseconds>(lasted)};
    if (is_bounded(end_of(r))) {
        std::array<char, longest_address> room; // NOLINT: written before it is read
        const auto forwarded = forwarded_for(r, room);
        const auto client = forwarded.empty() ? r.client : forwarded;
        if (!admit_refusal(p.log.burst, {route_of(r), r.why, client.substr(0, longest_address)}, times.when))
            return;
    }
    thread_local std::string line;
    line.clear();
    append_request_line(p, r, times, line);
    write_request_line(line);
}

} // namespace scopegate::observe
