// For any text, routes.yaml yields a policy or errors, never both. Every error has its place in the file.
// Each route of a policy is reached by the shape of its own template or not at all.
#include "fuzz/fuzz.hpp"

#include "config/load.hpp"

#include <algorithm>

namespace policy = scopegate::policy;
using scopegate::fuzz::check;

namespace {

void check_place(const scopegate::config::diagnostic& d, std::string_view text)
{
    const auto lines =
        std::count(text.begin(), text.end(), '\n') + std::count(text.begin(), text.end(), '\r') + 1;
    check(!d.message.empty() && d.message.find('\n') == std::string::npos);
    check(d.at.line >= 0 && d.at.line <= lines && (d.at.line == 0) == (d.at.column == 0));
    check(d.at.column >= 0 && static_cast<std::size_t>(d.at.column) <= text.size() + 1);
    check(d.text().starts_with("/nonexistent/routes.yaml:"));
}

void check_policy(const policy::policy& p)
{
    for (const auto& r : p.routes) {
        const auto match = p.match(r.text, "GET");
        check(match.found != policy::route_match::outcome::unlisted || p.unlisted_authenticated);
        check((match.matched != nullptr) == (match.found == policy::route_match::outcome::route ||
                                             match.found == policy::route_match::outcome::wrong_method));
        for (const auto& [method, needs] : r.methods) {
            check(needs.index < p.requirement_count);
            check((needs.needs == policy::requirement::kind::scopes) == !needs.alternatives.empty());
            check(!policy::describe(needs, p.scopes).empty());
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto text = scopegate::fuzz::text_of(data, size);
    const auto result = scopegate::config::load_text(text, "/nonexistent/routes.yaml",
                                                     [](const std::string&) { return std::nullopt; });
    check((result.policy == nullptr) != result.errors.empty());
    for (const auto& e : result.errors)
        check_place(e, text);
    for (const auto& w : result.warnings)
        check_place(w, text);
    if (result.policy)
        check_policy(*result.policy);
    return 0;
}
