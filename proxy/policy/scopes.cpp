#include "policy/scopes.hpp"

#include <limits>
#include <stdexcept>
#include <utility>

namespace scopegate::policy {

namespace {

constexpr std::size_t word_of(scope_id id) noexcept
{
    return id / 64U;
}
constexpr std::uint64_t bit_of(scope_id id) noexcept
{
    return std::uint64_t{1} << (id % 64U);
}

} // namespace

void scope_set::set_word(std::size_t w, std::uint64_t bits)
{
    if (w >= words())
        far_.resize(w - near_words + 1, 0);
    (w < near_words ? near_[w] : far_[w - near_words]) = bits;
}

void scope_set::insert(scope_id id)
{
    set_word(word_of(id), word(word_of(id)) | bit_of(id));
}

bool scope_set::contains(scope_id id) const noexcept
{
    return (word(word_of(id)) & bit_of(id)) != 0;
}

bool scope_set::contains_all(const scope_set& other) const noexcept
{
    for (std::size_t w = 0; w < other.words(); ++w)
        if ((other.word(w) & ~word(w)) != 0)
            return false;
    return true;
}

bool scope_set::empty() const noexcept
{
    return size() == 0;
}

std::size_t scope_set::size() const noexcept
{
    std::size_t n = 0;
    for (std::size_t w = 0; w < words(); ++w)
        n += static_cast<std::size_t>(__builtin_popcountll(word(w)));
    return n;
}

scope_set& scope_set::operator|=(const scope_set& other)
{
    for (std::size_t w = other.words(); w-- > 0;) // the last first, so that one resize suffices
        set_word(w, word(w) | other.word(w));
    return *this;
}

scope_set& scope_set::operator&=(const scope_set& other)
{
    for (std::size_t w = 0; w < words(); ++w)
        set_word(w, word(w) & other.word(w));
    return *this;
}

scope_set& scope_set::operator-=(const scope_set& other)
{
    for (std::size_t w = 0; w < words(); ++w)
        set_word(w, word(w) & ~other.word(w));
    return *this;
}

scope_id scope_registry::add(std::string name, std::string description, std::string request_as)
{
    if (declared_.size() > std::numeric_limits<scope_id>::max())
        throw std::length_error("more than 65536 scopes");
    const auto id = static_cast<scope_id>(declared_.size());
    if (!by_name_.emplace(name, id).second)
        throw std::invalid_argument("the scope " + name + " is declared twice");
    declaration added{std::move(name), std::move(description), std::move(request_as), {}};
    added.closure.insert(id);
    declared_.push_back(std::move(added));
    return id;
}

void scope_registry::set_closure(scope_id id, scope_set closure)
{
    closure.insert(id);
    declared_.at(id).closure = std::move(closure);
}

std::optional<scope_id> scope_registry::find(std::string_view name) const
{
    const auto found = by_name_.find(name);
    if (found == by_name_.end())
        return std::nullopt;
    return found->second;
}

bool scope_registry::add_with_implied(std::string_view name, scope_set& out) const
{
    const auto id = find(name);
    if (id)
        out |= declared_[*id].closure;
    return id.has_value();
}

std::vector<std::string> scope_registry::names(const scope_set& set) const
{
    std::vector<std::string> out;
    set.for_each([&](scope_id id) { out.push_back(declared_.at(id).name); });
    return out;
}

} // namespace scopegate::policy
