#include "config/whole_file.hpp"

#include "config/requirement_order.hpp"
#include "config/wide_routes.hpp"
#include "policy/wording.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

using policy::requirement;
using policy::route;

// Calls f(requirement) for each method of each route.
template <class F>
void for_each_requirement(const policy::policy& p, F&& f)
{
    for (const route& r : p.routes) {
        for (const auto& [method, needs] : r.methods)
            f(needs);
        if (r.any)
            f(*r.any);
    }
}

void warn_about_subjects(compilation& c)
{
    const auto& issuers = c.policy.issuers;
    const bool many =
        std::any_of(issuers.begin(), issuers.end(), [](const auto& i) { return i.any_tenant(); });
    if (issuers.size() < 2 && !many)
        return;
    const auto who = many ? "tenants" : std::to_string(issuers.size()) + " issuers";
    for_each_requirement(c.policy, [&](const requirement& r) {
        const auto* from = policy::find<policy::issuer_condition>(r.conditions);
        if (from != nullptr && from->of_any_tenant.empty() && from->names.size() == 1)
            return;
        policy::for_each<policy::where_condition>(r.conditions, [&](const policy::where_condition& w) {
            if (w.claim.name() == "sub" || w.claim.name() == "/sub")
                c.out.warn(warning::ambiguous_subject, r.mark,
                           "{" + w.parameter_name + "} is compared with \"sub\", which each of the " + who +
                               " chooses freely: compare a claim that only one of them sets");
        });
    });
}

bool same_entry(const policy::issuer_settings& a, const policy::issuer_settings& b)
{
    return a.mark.line == b.mark.line && a.mark.column == b.mark.column;
}

// Each issuer can put any scope into its tokens. A partner's issuer is seldom meant to.
void warn_about_grants(compilation& c)
{
    const auto& issuers = c.policy.issuers;
    const bool several = std::any_of(issuers.begin(), issuers.end(),
                                     [&](const auto& i) { return !same_entry(i, issuers.front()); });
    if (!several || c.policy.scopes.size() == 0)
        return;
    for (auto i = issuers.begin(); i != issuers.end(); ++i) {
        const bool told = i != issuers.begin() && same_entry(*i, *(i - 1)); // another tenant of the entry
        if (i->grants || told)
            continue;
        c.out.warn(warning::issuer_grants_everything, i->mark,
                   "this issuer can give every scope of the file: list those that it may give, \"grants: "
                   "[read:*]\", or write \"grants: ['*']\" if it may give all");
    }
}

// Without a list of hosts, the proof's URL is compared with any Host that the client sends.
void warn_about_hosts(compilation& c, const node& file)
{
    const auto& p = c.policy;
    const node* metadata = file.find("metadata");
    const bool names_resource =
        metadata != nullptr && (metadata->find("resource") != nullptr ||
                                metadata->find("resource_file") != nullptr || !p.metadata.resources.empty());
    if (p.tokens.dpop.how == policy::dpop_settings::mode::off || !p.server.hosts.empty() ||
        p.server.external_url || names_resource)
        return;
    const node* tokens = file.find("tokens");
    const node* dpop = tokens != nullptr ? tokens->find("dpop") : nullptr;
    c.out.warn(warning::hosts_not_listed, dpop != nullptr ? dpop->key_at : policy::source_mark{},
               "a DPoP proof is accepted for any Host: list the hosts of this server, "
               "\"server: {hosts: [calendar.example.com]}\", or set \"tokens: {dpop: off}\"");
}

// Methods that frameworks take from a form field of a POST, which no proxy reads.
constexpr std::string_view behind_post[] = {"PUT", "PATCH", "DELETE"};

// Returns those methods of the route that have a stricter requirement than its POST.
std::vector<std::string> stricter_than_post(const route& r, const policy::scope_registry& scopes)
{
    std::vector<std::string> out;
    const auto* post = r.find("POST");
    for (const auto method : behind_post) {
        const auto* needs = r.find(method);
        if (post != nullptr && needs != nullptr && admits_more({*post, &r}, {*needs, &r}, scopes))
            out.emplace_back(method);
    }
    return out;
}

void advise_on_bodies(compilation& c)
{
    std::string first;
    std::size_t more = 0;
    for (const route& r : c.policy.routes) {
        const auto methods = stricter_than_post(r, c.policy.scopes);
        if (methods.empty())
            continue;
        if (!first.empty())
            ++more;
        else
            first = "POST of " + in_quotes(r.text) + " into " + policy::enumerate(methods, " or ") +
                    (methods.size() > 1 ? ", which need" : ", which needs") + " more";
    }
    if (first.empty())
        return;
    const auto others = more == 0   ? std::string()
                        : more == 1 ? "; the same applies to 1 more route"
                                    : "; the same applies to " + std::to_string(more) + " more routes";
    c.out.warn(warning::method_in_body, {},
               "a framework that reads the form field \"_method\" turns " + first + others +
                   ": turn that off in the upstream");
}

} // namespace

void warn_about_file(compilation& c, const node& file)
{
    warn_about_subjects(c);
    warn_about_grants(c);
    warn_about_hosts(c, file);
    warn_about_wide_routes(c);
    advise_on_bodies(c);
}

} // namespace scopegate::config
