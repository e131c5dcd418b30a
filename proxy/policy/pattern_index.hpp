// The patterns below one node of the route tree: segments with text beside their parameters, such as
// `{user}:suspend`, `v{version}` and `{base}...{head}`.
//
// Which pattern comes first: one is more specific than another if the other matches all that it matches. Its
// text before the first parameter, or behind the last one, is then at least as long. So patterns are tried by
// the length of the text before the first parameter, then behind the last one, then between the parameters,
// the longest first. Two patterns of which neither is more specific, but that can match the same segment,
// have no order: config/ refuses them.
//
// The cost: patterns are found by the text before the first parameter, and then by the text behind the last
// one. A match looks up each length of such texts, not each pattern. Ten thousand verbs behind a colon cost
// as much as there are different lengths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace scopegate::policy {

class pattern_index final {
public:
    // How to read a segment:
    // - `exact`: a parameter is never empty, and never begins or ends within a triplet such as `%7C`.
    // - `loose`: as a careless upstream may read a folded, decoded path. An empty parameter matches too.
    enum class matching : std::uint8_t { exact, loose };

    static constexpr std::uint32_t none = 0xFFFFFFFF;

    // A pattern that matches a segment. The values are in the caller's array.
    struct match {
        std::string_view text; // of the pattern, with `wildcard` for each parameter
        std::uint32_t child;
        std::size_t parameters;
        bool uncertain; // whether the segment can be split in another way, or a parameter is empty
    };

    // Returns the child of a pattern, to be read or set: `none` for one that was not added before. The
    // reference lives until the next call. `text` has `wildcard` for each parameter, at least one, and never
    // two in a row.
    [[nodiscard]] std::uint32_t& child_of(std::string_view text);
    // Returns the same, or `none`.
    [[nodiscard]] std::uint32_t find(std::string_view text) const noexcept;

    // Calls f(match) for each pattern that matches a segment, the most specific first, until f returns true.
    // Returns whether f did. `values` has room for the parameters of each pattern; f may overwrite what lies
    // behind them. Calls on_step() for each look-up and each comparison. Allocates nothing.
    template <class F, class OnStep>
    [[nodiscard]] bool any_match(std::string_view segment, matching how, std::string_view* values, F&& f,
                                 OnStep&& on_step) const
    {
        for (auto p = first_within(sizes_, segment.size()); p != sizes_.end(); ++p) {
            on_step();
            const auto group = by_beginning_.find(segment.substr(0, *p));
            if (group != by_beginning_.end() &&
                any_with_beginning(group->second, segment, *p, how, values, f, on_step))
                return true;
        }
        return false;
    }
    template <class F>
    [[nodiscard]] bool any_match(std::string_view segment, matching how, std::string_view* values,
                                 F&& f) const
    {
        return any_match(segment, how, values, f, [] {});
    }

private:
    using sizes = std::vector<std::size_t>; // different, the longest first

    struct pattern {
        std::string text;
        std::vector<std::string> between; // the texts between its parameters
        std::uint32_t child = none;
    };
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>()(s); }
    };
    template <class T>
    using by_text = std::unordered_map<std::string, T, text_hash, std::equal_to<>>;
    struct same_beginning {
        sizes ends;
        by_text<std::vector<pattern>> by_end; // the patterns with the most text between come first
    };
    enum class fit : std::uint8_t { none, certain, uncertain };

    static void add_size(sizes& to, std::size_t size);
    // Returns the first size that is not larger than `most`.
    [[nodiscard]] static sizes::const_iterator first_within(const sizes& all, std::size_t most) noexcept;
    // Returns whether a text may begin or end there: not within a triplet of a normalized path.
    [[nodiscard]] static bool is_boundary(std::string_view text, std::size_t at, matching how) noexcept;
    [[nodiscard]] static fit split(const std::vector<std::string>& between, std::string_view middle,
                                   matching how, std::string_view* values) noexcept;

    template <class F, class OnStep>
    [[nodiscard]] static bool any_with_beginning(const same_beginning& group, std::string_view segment,
                                                 std::size_t begin, matching how, std::string_view* values,
                                                 F& f, OnStep& on_step)
    {
        for (auto e = first_within(group.ends, segment.size() - begin); e != group.ends.end(); ++e) {
            const auto end = segment.size() - *e;
            if (!is_boundary(segment, end, how))
                continue;
            on_step();
            const auto found = group.by_end.find(segment.substr(end));
            if (found == group.by_end.end())
                continue;
            for (const pattern& p : found->second) {
                on_step();
                const auto fits = split(p.between, segment.substr(begin, end - begin), how, values);
                if (fits != fit::none &&
                    f(match{p.text, p.child, p.between.size() + 1, fits == fit::uncertain}))
                    return true;
            }
        }
        return false;
    }

    sizes sizes_; // of the texts before the first parameter
    by_text<same_beginning> by_beginning_;
};

} // namespace scopegate::policy
