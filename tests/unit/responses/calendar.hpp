// A small policy made by hand for the tests of responses/: problem responses do not depend on YAML.
#pragma once

#include "policy/decide.hpp"
#include "unit/policy/builder.hpp"

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
        made_.issuer();
        made_.route("/one", {{"GET", "write:appointments"}});
        made_.route("/all", {{"GET", "write:appointments read:appointments"}});
        made_.route("/any", {{"GET", "admin | write:appointments export"}});
        made_.route("/authenticated", {{"GET", "authenticated"}});
        made_.route("/login", {{"GET", "write:appointments"}});
        auto& login = p.routes.back().methods.front().second;
        login.conditions.emplace_back(policy::max_age_condition{std::chrono::seconds(300)});
        login.conditions.emplace_back(policy::acr_condition{{"urn:example:mfa", "urn:example:key"}});
        made_.route("/weak", {{"GET", "authenticated"}});
        auto& weak = p.routes.back().methods.front().second;
        weak.conditions.emplace_back(policy::acr_condition{{R"(say "friend" \o/)"}});
        for (auto& r : p.routes)
            r.allow = "GET, HEAD";
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

private:
    policy::test::builder made_;

public:
    policy::policy& p = made_.get();
};

} // namespace scopegate::responses
