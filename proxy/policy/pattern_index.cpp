#include "policy/pattern_index.hpp"

#include "policy/template_segment.hpp"

#include <algorithm>
#include <numeric>

namespace scopegate::policy {

namespace {

constexpr auto npos = std::string_view::npos;

std::size_t total_size(const std::vector<std::string>& texts) noexcept
{
    return std::accumulate(texts.begin(), texts.end(), std::size_t{0},
                           [](std::size_t sum, const std::string& t) { return sum + t.size(); });
}

struct parts {
    std::string_view before;
    std::vector<std::string> between;
    std::string_view behind;
};

parts parts_of(std::string_view text)
{
    parts out;
    auto at = text.find(wildcard);
    out.before = text.substr(0, at);
    for (auto next = text.find(wildcard, at + 1); next != npos; next = text.find(wildcard, at + 1)) {
        out.between.emplace_back(text.substr(at + 1, next - at - 1));
        at = next;
    }
    out.behind = text.substr(at + 1);
    return out;
}

} // namespace

std::uint32_t& pattern_index::child_of(std::string_view text)
{
    auto cut = parts_of(text);
    add_size(sizes_, cut.before.size());
    auto& group = by_beginning_[std::string(cut.before)];
    add_size(group.ends, cut.behind.size());
    auto& alike = group.by_end[std::string(cut.behind)];
    const auto known =
        std::find_if(alike.begin(), alike.end(), [&](const pattern& p) { return p.text == text; });
    if (known != alike.end())
        return known->child;
    const auto size = total_size(cut.between);
    const auto place = std::find_if(alike.begin(), alike.end(),
                                    [&](const pattern& p) { return total_size(p.between) < size; });
    return alike.insert(place, pattern{std::string(text), std::move(cut.between)})->child;
}

std::uint32_t pattern_index::find(std::string_view text) const noexcept
{
    const auto group = by_beginning_.find(text.substr(0, text.find(wildcard)));
    if (group == by_beginning_.end())
        return none;
    const auto alike = group->second.by_end.find(text.substr(text.rfind(wildcard) + 1));
    if (alike == group->second.by_end.end())
        return none;
    const auto known = std::find_if(alike->second.begin(), alike->second.end(),
                                    [&](const pattern& p) { return p.text == text; });
    return known != alike->second.end() ? known->child : none;
}

void pattern_index::add_size(sizes& to, std::size_t size)
{
    const auto at = std::lower_bound(to.begin(), to.end(), size, std::greater<>());
    if (at == to.end() || *at != size)
        to.insert(at, size);
}

pattern_index::sizes::const_iterator pattern_index::first_within(const sizes& all, std::size_t most) noexcept
{
    return std::lower_bound(all.begin(), all.end(), most, std::greater<>());
}

bool pattern_index::is_boundary(std::string_view text, std::size_t at, matching how) noexcept
{
    const auto is_percent = [&](std::size_t back) { return at >= back && text[at - back] == '%'; };
    return how == matching::loose || at == text.size() || (!is_percent(1) && !is_percent(2));
}

// With the exact matching, some split must leave no parameter empty. But whether a split is the only one is
// asked of all splits: `-a-b` can be split at either `-`.
//
// The leftmost split puts each text between two parameters as far to the left as possible, the rightmost one
// as far to the right. Any other split lies between the two, so if both are the same it is the only one.
// Empty parameters count: `-a-b` can be split at either `-`.
pattern_index::fit pattern_index::split(const std::vector<std::string>& between, std::string_view middle,
                                        matching how, std::string_view* values) noexcept
{
    const auto split_leftmost = [&](std::size_t least) { // the size of each value
        std::size_t from = 0;
        for (std::size_t i = 0; i < between.size(); ++i) {
            auto at = middle.find(between[i], from + least);
            while (at != npos && !is_boundary(middle, at, how))
                at = middle.find(between[i], at + 1);
            if (at == npos)
                return false;
            values[i] = middle.substr(from, at - from);
            from = at + between[i].size();
        }
        values[between.size()] = middle.substr(from);
        return middle.size() - from >= least;
    };
    const bool none_empty = split_leftmost(1);
    if ((how == matching::exact && !none_empty) || !split_leftmost(0))
        return fit::none;

    bool only = true;
    std::size_t end = middle.size();
    for (auto i = between.size(); i > 0 && only; --i) {
        const auto& text = between[i - 1];
        auto at = middle.rfind(text, end - text.size());
        while (at != npos && at > 0 && !is_boundary(middle, at, how))
            at = middle.rfind(text, at - 1);
        only = at != npos && middle.data() + at == values[i - 1].data() + values[i - 1].size();
        end = at;
    }
    return only && none_empty ? fit::certain : fit::uncertain;
}

} // namespace scopegate::policy
