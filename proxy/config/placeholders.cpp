#include "config/placeholders.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace scopegate::config {

namespace {

bool is_name(std::string_view s) noexcept
{
    const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !s.empty() && letter(s.front()) &&
           std::all_of(s.begin(), s.end(), [&](char c) { return letter(c) || digit(c); });
}

// Replaces `$$` by `$`.
std::string unescaped(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        out += text[i];
        if (text.substr(i, 2) == "$$")
            ++i;
    }
    return out;
}

// Returns the replacement of the text between `${` and `}`. Reports an error and returns nothing if it has
// none.
std::optional<std::string> value_of(std::string_view inner, policy::source_mark at, const environment& env,
                                    diagnostics& out)
{
    const auto end = inner.find(":-");
    const std::string name(inner.substr(0, end));
    if (!is_name(name)) {
        out.error(at, in_quotes("${" + std::string(inner) + "}") +
                          " is not ${NAME} or ${NAME:-default}; write $$ for a dollar sign");
        return std::nullopt;
    }
    const auto found = env(name);
    if (end == std::string_view::npos) {
        if (!found)
            out.error(at,
                      "the environment variable " + in_quotes(name) + " is not set and has no default here");
        return found;
    }
    const auto fallback = inner.substr(end + 2);
    if (fallback.find("${") != std::string_view::npos) {
        out.error(at, "the default of " + in_quotes(name) + " can't contain another ${");
        return std::nullopt;
    }
    return found && !found->empty() ? *found : unescaped(fallback);
}

// Returns false if it reported an error; the text is then unchanged.
bool replace_in(node& n, const environment& env, diagnostics& out)
{
    std::string replaced;
    std::string_view rest = n.text;
    while (!rest.empty()) {
        const auto dollar = std::min(rest.find('$'), rest.size());
        replaced += rest.substr(0, dollar);
        rest.remove_prefix(dollar);
        if (rest.starts_with("$$")) {
            replaced += '$';
            rest.remove_prefix(2);
        } else if (rest.starts_with("${")) {
            const auto end = rest.find('}');
            if (end == std::string_view::npos) {
                out.error(n.at, "a ${ without a closing }; write $$ for a dollar sign");
                return false;
            }
            const auto value = value_of(rest.substr(2, end - 2), n.at, env, out);
            if (!value)
                return false;
            replaced += *value;
            rest.remove_prefix(end + 1);
        } else if (!rest.empty()) {
            replaced += rest.front();
            rest.remove_prefix(1);
        }
    }
    n.from = node::origin::variable;
    n.written = std::exchange(n.text, std::move(replaced));
    return true;
}

} // namespace

void replace_placeholders(node& root, const environment& env, diagnostics& out)
{
    if (root.key.find("${") != std::string::npos)
        out.error(root.key_at, "the key " + in_quotes(root.key) +
                                   " contains a ${: placeholders are replaced in values only");
    if (root.is(node::kind::scalar) && root.text.find('$') != std::string::npos &&
        !replace_in(root, env, out))
        root.type = node::kind::broken;
    for (node& item : root.items)
        replace_placeholders(item, env, out);
}

} // namespace scopegate::config
