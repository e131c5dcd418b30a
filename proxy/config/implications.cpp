#include "config/implications.hpp"

#include "config/scopes.hpp"
#include "config/values.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

struct implication {
    policy::scope_id to;
    policy::source_mark at;
};

// Returns the scopes that one item of a list matches. A `*` never matches the scope itself.
std::vector<implication> resolve(compilation& c, policy::scope_id from, const located_text& item)
{
    if (item.text.find('*') == std::string::npos) {
        const auto found = find_scope(c, item);
        return found ? std::vector<implication>{{*found, item.at}} : std::vector<implication>{};
    }
    std::vector<implication> out;
    for (std::size_t i = 0; i < c.policy.scopes.size(); ++i) {
        const auto id = static_cast<policy::scope_id>(i);
        if (id != from && matches_glob(item.text, c.policy.scopes[id].name))
            out.push_back({id, item.at});
    }
    if (out.empty())
        c.out.error(item.at, item.shown + " matches no other scope");
    return out;
}

// Follows the implications depth first. The closure of a scope is ready once all scopes that it implies are.
// A scope that is reached again before its closure is ready is part of a cycle.
class closures final {
public:
    closures(compilation& c, const std::vector<std::vector<implication>>& edges)
        : c_(c), edges_(edges), state_(edges.size(), state::untouched), reported_(edges.size())
    {
    }

    void run()
    {
        for (std::size_t i = 0; i < edges_.size(); ++i)
            visit(static_cast<policy::scope_id>(i));
    }

private:
    enum class state : std::uint8_t { untouched, under_way, done };

    void visit(policy::scope_id id)
    {
        if (state_[id] != state::untouched)
            return;
        state_[id] = state::under_way;
        way_.push_back(id);
        policy::scope_set all;
        all.insert(id);
        for (const auto& edge : edges_[id]) {
            if (state_[edge.to] == state::under_way) {
                report_cycle(edge);
                continue;
            }
            visit(edge.to);
            all |= c_.policy.scopes[edge.to].closure;
        }
        c_.policy.scopes.set_closure(id, std::move(all));
        way_.pop_back();
        state_[id] = state::done;
    }

    // `implies: ["*"]` in a hundred scopes makes thousands of cycles out of one mistake. So only one cycle
    // per connected group is reported.
    void report_cycle(const implication& edge)
    {
        if (reported_[edge.to] || reported_[way_.back()]) {
            reported_[edge.to] = reported_[way_.back()] = true;
            return;
        }
        std::string text;
        for (auto at = std::find(way_.begin(), way_.end(), edge.to); at != way_.end(); ++at) {
            reported_[*at] = true;
            text += c_.policy.scopes[*at].name + " -> ";
        }
        c_.out.error(edge.at, "scopes imply each other in a cycle: " + text + c_.policy.scopes[edge.to].name);
    }

    compilation& c_;
    const std::vector<std::vector<implication>>& edges_;
    std::vector<state> state_;
    std::vector<bool> reported_; // the scope is in a reported cycle, or connected to one
    std::vector<policy::scope_id> way_;
};

} // namespace

bool matches_glob(std::string_view pattern, std::string_view name) noexcept
{
    // On a mismatch only the last `*` must take one more character: the earlier ones took the shortest run
    // that works.
    std::size_t p = 0, n = 0, star = std::string_view::npos, taken = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken = n;
        } else if (p < pattern.size() && pattern[p] == name[n]) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++taken;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

void compile_implications(compilation& c, const std::vector<const node*>& implied)
{
    std::vector<std::vector<implication>> edges(implied.size());
    for (std::size_t i = 0; i < implied.size(); ++i) {
        const bool is_empty =
            implied[i] != nullptr && implied[i]->is(node::kind::list) && implied[i]->items.empty();
        if (implied[i] == nullptr || is_empty) // an empty list is allowed and implies nothing
            continue;
        for (const auto& item : read_text_list(c, *implied[i]))
            for (const auto& edge : resolve(c, static_cast<policy::scope_id>(i), item))
                edges[i].push_back(edge);
    }
    closures(c, edges).run();
}

} // namespace scopegate::config
