// Describes how a decision was reached, in sentences for people, as shown by `explain`. Without a list to
// write to, it does nothing and allocates nothing. Used only by decide().
#pragma once

#include "policy/decide.hpp"

namespace scopegate::policy {

// The step about a valid token. `explain` replaces it if it was given claims in place of a token.
inline constexpr std::string_view token_is_valid = "the token is valid";

class trace_writer final {
public:
    // Both must outlive this object; `out` may be null.
    trace_writer(const policy& p, steps* out) noexcept : policy_(p), out_(out) {}

    void route(const route_match& match) const;
    void needs(const route_match& match) const;
    void no_token_examined() const;
    void token(bool presented) const;
    void resource(const requirement& needs, bool held) const
    {
        if (out_ != nullptr)
            tell_resource(needs, held);
    }
    // `grants` is what the issuer may grant; null: everything.
    void alternatives(const requirement& needs, const bearer& token, const scope_set* grants,
                      std::string_view issuer) const
    {
        if (out_ != nullptr)
            tell_alternatives(needs, token, grants, issuer);
    }
    void condition(const scopegate::policy::condition& c, const condition_context& at, bool held) const;

private:
    void tell_resource(const requirement& needs, bool held) const;
    void tell_alternatives(const requirement& needs, const bearer& token, const scope_set* grants,
                           std::string_view issuer) const;
    [[nodiscard]] std::string why_capped(const json::value& claims) const;
    void not_granted(const requirement& needs, const scope_set& of_token, const scope_set& grants,
                     std::string_view issuer) const;
    void settings(const scopegate::policy::route& matched) const;
    void add(std::string what, bool holds = true) const { out_->push_back({std::move(what), holds}); }

    const policy& policy_;
    steps* out_;
};

} // namespace scopegate::policy
