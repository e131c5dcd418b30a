// A small policy made by hand for the tests of responses/: problem responses do not depend on YAML.
#pragma once

#include "policy/decide.hpp"

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace scopegate::responses {

class calendar final {
public:
    calendar()
    {
        for (const auto* name : {"read:appointments", "write:appointments", "admin", "export"})
            p.scopes.add(name, std::string("May ") + name);
        p.metadata.resource = "https://calendar.example.com";
        auto& i = p.issuers.emplace_back();
        i.issuer = "https://id.example.com/";
        i.audience = {"https://calendar.example.com"};

        add("/one", {{"write:appointments"}});
        add("/all", {{"write:appointments", "read:appointments"}});
        add("/any", {{"admin"}, {"write:appointments", "export"}});
        add("/authenticated", {});
        auto& login = add("/login", {{"write:appointments"}});
        login.conditions.emplace_back(policy::max_age_condition{std::chrono::seconds(300)});
        login.conditions.emplace_back(policy::acr_condition{{"urn:example:mfa", "urn:example:key"}});
        add("/weak", {}).conditions.emplace_back(policy::acr_condition{{R"(say "friend" \o/)"}});
    }

    // Returns the requirement of that route's GET.
    [[nodiscard]] const policy::route& route(std::string_view text) const
    {
        for (const auto& r : p.routes)
            if (r.text == text)
                return r;
        throw std::out_of_range("no such route: " + std::string(text));
    }

    [[nodiscard]] policy::denial deny(reason why, std::string_view route_text = {},
                                      std::size_t alternative = 0,
                                      std::initializer_list<std::string_view> missing = {}) const
    {
        policy::denial d;
        d.why = why;
        if (!route_text.empty()) {
            d.matched = &route(route_text);
            d.needs = &d.matched->methods.front().second;
        }
        d.alternative = alternative;
        for (const auto name : missing)
            d.missing.insert(*p.scopes.find(name));
        return d;
    }

    policy::policy p;

private:
    policy::requirement& add(std::string text,
                             std::initializer_list<std::initializer_list<std::string_view>> any)
    {
        auto& r = p.routes.emplace_back();
        r.text = std::move(text);
        r.allow = "GET, HEAD";
        auto& needs = r.methods.emplace_back("GET", policy::requirement{}).second;
        needs.index = p.requirement_count++;
        for (const auto& all : any) {
            needs.needs = policy::requirement::kind::scopes;
            auto& a = needs.alternatives.emplace_back();
            for (const auto name : all) {
                a.in_order.push_back(*p.scopes.find(name));
                a.scopes.insert(a.in_order.back());
            }
        }
        return needs;
    }
};

} // namespace scopegate::responses
