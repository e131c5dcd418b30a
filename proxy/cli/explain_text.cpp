#include "cli/explain_text.hpp"

#include "cli/columns.hpp"
#include "observe/http_date.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace scopegate::cli {

namespace {

std::string joined(const std::vector<std::string>& names, std::string_view separator)
{
    std::string out;
    for (const auto& n : names)
        out.append(out.empty() ? std::string_view{} : separator).append(n);
    return out.empty() ? "none" : visible(std::move(out));
}

void add_all(columns& facts, std::string label, const std::vector<std::string>& lines)
{
    for (const auto& line : lines)
        facts.add({std::exchange(label, {}), visible(line)});
}

// Returns ` (2026-12-01T12:00:00Z)` for seconds that a calendar can show, otherwise an empty string.
std::string as_date(std::string_view text)
{
    constexpr std::int64_t far = 253'402'300'799; // the end of the year 9999
    std::int64_t seconds = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size() || seconds < 0 || seconds > far)
        return {};
    std::string date;
    observe::append_rfc3339(date, wall_time(std::chrono::seconds(seconds)));
    return " (" + date.substr(0, date.find('.')) + "Z)";
}

std::vector<std::string> claim_lines(const tokens::unverified::members& claims)
{
    std::vector<std::string> lines;
    for (const auto& [name, value] : claims) {
        const bool is_date = name == "exp" || name == "nbf" || name == "iat";
        if (name != "wanted")
            lines.push_back(name + " " + value + (is_date ? as_date(value) : std::string()));
    }
    return lines;
}

// The claims of a refused token are unverified; the decision above them makes that visible.
void add_claims(columns& facts, const tokens::unverified::members& claims)
{
    add_all(facts, "token contents", claim_lines(claims));
    for (const auto& [name, value] : claims)
        if (name == "wanted")
            facts.add({"wanted", value});
}

} // namespace

std::string visible(std::string text)
{
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; },
        '?');
    return text;
}

void print_claims(const tokens::unverified::members& claims, std::ostream& out)
{
    columns facts;
    add_claims(facts, claims);
    facts.print(out);
}

void print_text(const policy::policy& p, const access::explanation& e, std::ostream& out)
{
    out << e.method << ' ' << visible(e.target) << "\n\n";
    for (const auto& s : e.steps)
        out << (s.holds ? "  ok  " : "  NO  ") << visible(s.what) << '\n';
    out << '\n';

    columns facts;
    std::string decision = e.allowed ? "allow" : "deny: " + std::string(name(e.why));
    if (e.observed)
        decision += " (forwarded anyway: mode: observe)";
    facts.add({"decision", decision});
    if (e.why.detail != cause::none)
        facts.add({"cause", std::string(name(e.why.detail))});
    add_all(facts, "nearest", e.near);
    if (e.line > 0)
        facts.add({"rule", e.file + ":" + std::to_string(e.line) + (e.route.empty() ? "" : "  " + e.route)});
    if (const auto required = e.required_scopes(); !required.empty())
        facts.add({"required scopes", joined(required, " ")});
    if (e.token_seen) {
        facts.add({"token scopes", joined(e.token_scopes, " ")});
        if (p.scope_cap.active() || e.token_scopes != e.effective_scopes)
            facts.add({"effective scopes", joined(e.effective_scopes, " ")});
        if (!e.undeclared_scopes.empty())
            facts.add({"not in " + p.file, joined(e.undeclared_scopes, " ")});
    }
    if (!e.missing_scopes.empty())
        facts.add({"missing scopes", joined(e.missing_scopes, " ")});
    if (!e.requested_scopes.empty())
        facts.add({"ask the issuer for", joined(e.requested_scopes, " ")});
    add_claims(facts, e.unverified_claims);
    if (!e.answer)
        facts.add({"response", "from the upstream"});
    else
        facts.add({e.observed ? "would return" : "response", std::to_string(e.answer->status)});
    if (e.answer)
        for (const auto& [name, value] : responses::fields_of(*e.answer))
            facts.add({"", visible(std::string(name).append(": ").append(value))});
    facts.print(out);
}

} // namespace scopegate::cli
