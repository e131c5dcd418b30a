// Policies in a line or two for unit tests, without YAML or http/. Only here, templates fold by letter case
// and trailing slash.
#pragma once

#include "base/json.hpp"
#include "base/text.hpp"
#include "policy/decide.hpp"

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::policy::test {

inline std::vector<std::string> split(std::string_view text, char at)
{
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::string_view piece = text.substr(0, text.find(at));
        if (!piece.empty())
            out.emplace_back(piece);
        text.remove_prefix(std::min(text.size(), piece.size() + 1));
    }
    return out;
}

// Returns `v{x}` or `{user}:suspend` as a segment.
inline template_segment pattern_of(std::string_view piece)
{
    template_segment out{template_segment::kind::pattern, {}};
    while (!piece.empty()) {
        const auto open = std::min(piece.find('{'), piece.size());
        out.text += piece.substr(0, open);
        piece.remove_prefix(open);
        if (piece.empty())
            break;
        out.names.emplace_back(piece.substr(1, piece.find('}') - 1));
        out.text += wildcard;
        piece.remove_prefix(piece.find('}') + 1);
    }
    return out;
}

// Returns `/a/{id}/v{x}/{rest...}` as segments.
inline std::vector<template_segment> segments_of(std::string_view text)
{
    std::vector<template_segment> out;
    for (const std::string& piece : split(text, '/')) {
        const auto open = piece.find('{');
        if (open == std::string::npos)
            out.push_back({template_segment::kind::literal, piece});
        else if (open != 0 || piece.find('}') + 1 != piece.size())
            out.push_back(pattern_of(piece));
        else if (piece.size() > 5 && piece.ends_with("...}"))
            out.push_back({template_segment::kind::rest, piece.substr(1, piece.size() - 5)});
        else
            out.push_back({template_segment::kind::parameter, piece.substr(1, piece.size() - 2)});
    }
    return out;
}

inline std::string lower_case(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(), ascii_lower);
    return text;
}

// Parses `public`, `authenticated`, `a b` (both), or `a b | c` (a and b, or c). The scopes must be declared.
inline requirement needs(const scope_registry& scopes, std::string_view text)
{
    requirement out;
    if (text == "public" || text == "authenticated") {
        out.needs = text == "public" ? requirement::kind::open : requirement::kind::authenticated;
        return out;
    }
    out.needs = requirement::kind::scopes;
    for (const std::string& one : split(text, '|')) {
        alternative& made = out.alternatives.emplace_back();
        for (const std::string& name : split(one, ' ')) {
            made.in_order.push_back(scopes.find(name).value());
            made.scopes.insert(made.in_order.back());
        }
    }
    return out;
}

class builder {
public:
    using methods = std::vector<std::pair<std::string, requirement>>;

    // `implied` must be declared before.
    builder& scope(const std::string& name, const std::vector<std::string>& implied = {})
    {
        scope_set closure;
        for (const std::string& other : implied)
            if (!made_->scopes.add_with_implied(other, closure))
                throw std::invalid_argument(other);
        made_->scopes.set_closure(made_->scopes.add(name, {}), closure);
        return *this;
    }

    builder& scopes(std::initializer_list<const char*> names)
    {
        for (const char* name : names)
            scope(name);
        return *this;
    }

    builder& route(const std::string& text, methods what)
    {
        auto& r = made_->routes.emplace_back();
        r.text = text;
        r.segments = segments_of(text);
        r.trailing_slash = text.size() > 1 && text.back() == '/';
        r.index = static_cast<std::uint32_t>(made_->routes.size() - 1);
        for (auto& entry : what) {
            entry.second.index = made_->requirement_count++;
            if (entry.first == "ANY") {
                r.any = std::move(entry.second);
            } else {
                r.allow += (r.allow.empty() ? "" : ", ") + entry.first;
                r.methods.push_back(std::move(entry));
            }
        }
        if (made_->exact.add(r.segments, r.trailing_slash, r) != nullptr)
            throw std::invalid_argument("twice: " + text);
        add_folded(r);
        return *this;
    }

    // Adds a route: methods with their requirements in the syntax of needs().
    builder& route(const std::string& text, std::initializer_list<std::pair<const char*, const char*>> what)
    {
        methods compiled;
        for (const auto& entry : what)
            compiled.emplace_back(entry.first, needs(entry.second));
        return route(text, std::move(compiled));
    }

    issuer_settings& issuer(const std::string& audience = "https://calendar.example.com")
    {
        auto& added = made_->issuers.emplace_back();
        added.issuer = "https://id.example.com/";
        added.audience = {audience};
        return added;
    }

    // Adds an issuer that signs with a shared secret (HS256), so that no key has to be fetched.
    void issuer_with_secret(std::string_view octets,
                            const std::string& audience = "https://calendar.example.com")
    {
        auto& added = issuer(audience);
        added.keys.where = key_location::kind::none;
        added.hmac_secret = secret(std::string(octets));
        added.algorithms = {};
        added.algorithms.insert(jose::algorithm::hs256);
    }

    builder& unlisted_authenticated()
    {
        made_->unlisted_authenticated = true;
        made_->unlisted_needs.index = made_->requirement_count++;
        return *this;
    }

    [[nodiscard]] requirement needs(std::string_view text) const { return test::needs(made_->scopes, text); }
    [[nodiscard]] policy& get() { return *made_; }

private:
    void add_folded(const scopegate::policy::route& r)
    {
        auto folded = r.segments;
        for (template_segment& s : folded)
            if (has_literal_text(s))
                s.text = lower_case(s.text);
        auto& alike = made_->folded_alike;
        alike.emplace_back();
        if (const auto* first = made_->folded.add(folded, false, r))
            alike.back() = alike[first->index];
        alike.back().push_back(&r);
        for (const auto* other : alike.back())
            alike[other->index] = alike.back();
    }

    std::unique_ptr<policy> made_ = std::make_unique<policy>();
};

inline json::value claims(json::object members)
{
    return json::value(std::move(members));
}
inline json::value text(std::string s)
{
    return json::value(std::move(s));
}
inline json::value number(std::string s)
{
    return json::value::number(std::move(s));
}
inline json::value list(std::initializer_list<const char*> items)
{
    json::array out;
    for (const char* item : items)
        out.emplace_back(std::string(item));
    return json::value(std::move(out));
}

} // namespace scopegate::policy::test
