// Finds patterns that can match the same segment although neither is more specific, such as `v{x}` and
// `{x}.json` for `v1.json`. A request could then mean either.
#pragma once

#include "policy/route_tree.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::config {

class pattern_conflicts final {
public:
    // Two patterns of two templates.
    struct conflict {
        const policy::template_segment* pattern = nullptr;
        const policy::template_segment* other = nullptr;
        const policy::route* other_route = nullptr;
    };

    // Adds the patterns of a template. Returns the first conflict with a template that was added before.
    // `segments` outlive this object. Takes about as long as the texts of the patterns are, however many
    // patterns there are.
    [[nodiscard]] std::optional<conflict> add(const std::vector<policy::template_segment>& segments,
                                              const policy::route& r);

private:
    struct entry {
        const policy::template_segment* pattern;
        const policy::route* of;
    };
    // Patterns by one end of their text, then by the other. The second key begins with its outermost
    // character: texts behind a parameter are reversed.
    using by_other_end = std::map<std::string, std::vector<entry>, std::less<>>;
    using by_end = std::map<std::string, by_other_end, std::less<>>;
    struct place { // the segment behind one beginning of templates
        by_end by_beginning;
        by_end by_ending;
    };

    [[nodiscard]] static const entry* find_crossing(const by_end& all, std::string_view end,
                                                    std::string_view other_end);
    [[nodiscard]] static const entry* find_wider(const place& at, const policy::template_segment& added);
    [[nodiscard]] static const entry* find_narrower(const place& at, const policy::template_segment& added);

    std::map<std::string, place, std::less<>> places_;
};

// Returns the pattern as a template has it: `{user}:suspend`.
[[nodiscard]] std::string text_of(const policy::template_segment& pattern);

} // namespace scopegate::config
