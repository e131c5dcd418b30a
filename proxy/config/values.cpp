#include "config/values.hpp"

#include "base/secret.hpp"
#include "config/lists.hpp"

#include <algorithm>
#include <limits>

namespace scopegate::config {

namespace {

bool has_control(std::string_view s) noexcept
{
    return std::any_of(s.begin(), s.end(),
                       [](char ch) { return static_cast<unsigned char>(ch) < 0x20 || ch == '\x7F'; });
}

std::vector<located_text> read_items(compilation& c, const std::vector<node>& items)
{
    std::vector<located_text> out;
    for (const node& item : items) {
        auto text = read_text(c, item);
        if (!text)
            continue;
        const bool again = std::any_of(out.begin(), out.end(),
                                       [&](const located_text& other) { return other.text == *text; });
        if (again)
            c.out.error(item.at, as_written(item) + " is already in the list");
        else
            out.push_back({std::move(*text), item.at, as_written(item)});
    }
    return out;
}

} // namespace

std::optional<std::string> read_text(compilation& c, const node& n)
{
    if (!expect(c, n, node::kind::scalar))
        return std::nullopt;
    if (n.text.empty()) {
        c.out.error(n.at, "the value is empty");
        return std::nullopt;
    }
    if (has_control(n.text)) {
        c.out.error(n.at, "the value contains a control character or line break");
        return std::nullopt;
    }
    return n.text;
}

std::vector<located_text> read_text_or_list(compilation& c, const node& n)
{
    return read_items(c, one_or_list_items(c, n));
}

std::vector<located_text> read_text_list(compilation& c, const node& n)
{
    return read_items(c, list_items(c, n));
}

located_text located_key(const node& entry)
{
    return {entry.key, entry.key_at, in_quotes(entry.key)};
}

std::optional<bool> read_flag(compilation& c, const node& n)
{
    // YAML needs quotes around a ${NAME} in braces. They don't make its value a string.
    const bool plain = n.plain || n.from == node::origin::variable;
    if (n.is(node::kind::scalar) && plain && (n.text == "true" || n.text == "false"))
        return n.text == "true";
    if (expect(c, n, node::kind::scalar))
        c.out.error(n.at, as_written(n) + " is neither true nor false");
    return std::nullopt;
}

std::optional<std::size_t> read_word(compilation& c, const node& n, const std::vector<std::string>& words)
{
    if (!expect(c, n, node::kind::scalar))
        return std::nullopt;
    const auto found = std::find(words.begin(), words.end(), n.text);
    if (found != words.end())
        return static_cast<std::size_t>(found - words.begin());
    c.out.error(n.at, "expected " + either(words) + ", found " + as_written(n) + suggestion(n.text, words));
    return std::nullopt;
}

namespace {

// In the settings of many products, dots lead into objects (`realm_access.roles`). Here such a name is never
// found unless the issuer has a dot in it.
void warn_about_dots(compilation& c, const located_text& claim)
{
    if (claim.text.find('.') == std::string::npos || claim.text.find('/') != std::string::npos)
        return;
    auto pointer = "/" + claim.text;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    const bool may_show = claim.shown == in_quotes(claim.text) && pointer.find('~') == std::string::npos;
    c.out.warn(warning::dotted_claim, claim.at,
               claim.shown + " is one top-level name; for a nested claim write " +
                   (may_show ? in_quotes(pointer) : std::string("a JSON Pointer such as \"/a/b\"")));
}

} // namespace

std::optional<json::path> claim_named(compilation& c, const located_text& claim)
{
    const auto& name = claim.text;
    if (name.empty() || has_control(name)) {
        c.out.error(claim.at, claim.shown + " is not a claim");
        return std::nullopt;
    }
    for (auto tilde = name.find('~'); name.front() == '/' && tilde != std::string::npos;
         tilde = name.find('~', tilde + 1))
        if (tilde + 1 == name.size() || (name[tilde + 1] != '0' && name[tilde + 1] != '1')) {
            c.out.error(claim.at,
                        claim.shown +
                            " is not a JSON Pointer: write ~0 for \"~\", and ~1 for \"/\" in a name");
            return std::nullopt;
        }
    warn_about_dots(c, claim);
    return json::path(name);
}

std::optional<json::path> read_claim(compilation& c, const node& n)
{
    if (!expect(c, n, node::kind::scalar))
        return std::nullopt;
    return claim_named(c, {n.text, n.at, as_written(n)});
}

std::optional<json::value> read_json_scalar(compilation& c, const node& n)
{
    if (!expect(c, n, node::kind::scalar))
        return std::nullopt;
    if (n.plain && (n.text == "true" || n.text == "false"))
        return json::value(n.text == "true");
    if (n.plain)
        if (auto number = json::parse(n.text); number && number->type() == json::value::kind::number)
            return number;
    return json::value(n.text);
}

std::optional<std::string> read_file_name(compilation& c, const node& n, std::string_view name)
{
    if (name.empty()) {
        c.out.error(n.at, "expected the name of a file");
        return std::nullopt;
    }
    auto path = c.files.watch(name);
    auto content = read_regular_file(path, max_named_file);
    const wiped_at_end wiped(content.text); // it may be a private key
    if (content.problem.empty())
        return path;
    c.out.error(n.at, "can't read the file " + as_written(n, name) + ": " + content.problem);
    return std::nullopt;
}

} // namespace scopegate::config
