// Scopes as bits. The names that routes.yaml declares are interned at load time. Requirements, the scopes of
// a token and the scope cap are then sets of bits, and a decision is a few word operations. Implied scopes
// are resolved at load time too.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::policy {

using scope_id = std::uint16_t; // the scope's position in the order of the file

// A set of declared scopes. Sets of different registries must not be mixed. A default-constructed set is
// empty and fits any registry.
class scope_set final {
public:
    void insert(scope_id id);
    [[nodiscard]] bool contains(scope_id id) const noexcept;
    [[nodiscard]] bool contains_all(const scope_set& other) const noexcept;
    [[nodiscard]] bool empty() const noexcept;
    [[nodiscard]] std::size_t size() const noexcept;

    scope_set& operator|=(const scope_set& other);
    scope_set& operator&=(const scope_set& other);
    scope_set& operator-=(const scope_set& other); // removes the scopes of `other`
    friend bool operator==(const scope_set& a, const scope_set& b) noexcept
    {
        return a.contains_all(b) && b.contains_all(a);
    }

    // Calls f(scope_id) in the order of the file.
    template <class F>
    void for_each(F&& f) const
    {
        for (std::size_t w = 0; w < words(); ++w)
            for (auto bits = word(w); bits != 0; bits &= bits - 1)
                f(static_cast<scope_id>(w * 64 + static_cast<std::size_t>(__builtin_ctzll(bits))));
    }

private:
    static constexpr std::size_t near_words = 2; // the first 128 scopes need no heap

    [[nodiscard]] std::size_t words() const noexcept { return near_words + far_.size(); }
    // Returns any word. Words past the last are 0.
    [[nodiscard]] std::uint64_t word(std::size_t w) const noexcept
    {
        return w < near_words ? near_[w] : w < words() ? far_[w - near_words] : 0;
    }
    void set_word(std::size_t w, std::uint64_t bits);

    std::array<std::uint64_t, near_words> near_{};
    std::vector<std::uint64_t> far_;
};

// The declared scopes with their descriptions and implied scopes. Immutable once compiled.
class scope_registry final {
public:
    struct declaration {
        std::string name;
        std::string description;
        std::string request_as; // what a client must ask the issuer for; empty: the name
        scope_set closure;      // itself and all that it implies, transitively
    };

    // Adds a scope; the name must be new. Its closure is the scope itself until set_closure.
    scope_id add(std::string name, std::string description, std::string request_as = {});
    void set_closure(scope_id id, scope_set closure);

    [[nodiscard]] std::optional<scope_id> find(std::string_view name) const;
    [[nodiscard]] const declaration& operator[](scope_id id) const { return declared_[id]; }
    [[nodiscard]] std::size_t size() const noexcept { return declared_.size(); }

    // Returns the scope's name in an authorization request: some issuers write another one into the token.
    [[nodiscard]] const std::string& requested_name(scope_id id) const
    {
        const auto& scope = declared_[id];
        return scope.request_as.empty() ? scope.name : scope.request_as;
    }

    // Adds the closure of the named scope to `out`. Returns false and adds nothing if the name is not
    // declared.
    bool add_with_implied(std::string_view name, scope_set& out) const;
    // Returns the set's names, in the order of the file.
    [[nodiscard]] std::vector<std::string> names(const scope_set& set) const;

private:
    std::vector<declaration> declared_;
    std::map<std::string, scope_id, std::less<>> by_name_;
};

} // namespace scopegate::policy
