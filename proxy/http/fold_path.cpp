#include "base/text.hpp"
#include "http/chars.hpp"
#include "http/letter_case.hpp"
#include "http/readings.hpp"

#include <algorithm>
#include <array>

namespace scopegate::http {
namespace {

// Returns whether file systems and frameworks drop this character at the end of a segment.
bool is_dropped(char c) noexcept
{
    return c == '.' || c == ' ';
}

// The bytes at which folding may change a path. Most paths contain only the slashes among them.
constexpr auto may_fold = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view("%;/ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        table[static_cast<unsigned char>(c)] = true;
    return table;
}();

bool folds(std::string_view path, const path_rules& rules) noexcept
{
    char before = 'a'; // so that the root's own slash does not begin an empty segment
    for (const char c : path) {
        if (may_fold[static_cast<unsigned char>(c)]) {
            const bool letter = c != '/' && c != '%' && c != ';';
            if (c == '/' ? before == '/' || is_dropped(before) : !letter || !rules.case_exact)
                return true;
        }
        before = c;
    }
    return path.size() > 1 && (before == '/' || is_dropped(before));
}

// Folds the decoded segment that begins at `begin`. Drops it with its slash if nothing is left. Returns false
// if it is a dot segment, or becomes one once parameters or trailing spaces are cut.
bool fold_segment(std::string& out, std::size_t begin, const path_rules& rules, const reading& how)
{
    if (rules.keep_semicolon && how.cuts_parameters)
        out.resize(std::min(out.find(';', begin), out.size()));
    const auto drop = [&](auto dropped) {
        while (out.size() > begin && how.drops_ends && dropped(out.back()))
            out.pop_back();
    };
    drop([](char c) { return c == ' '; });
    const auto segment = std::string_view(out).substr(begin);
    if (segment == "." || segment == "..")
        return false;
    drop(is_dropped);
    if (out.size() == begin && how.drops_empty)
        out.pop_back();
    return true;
}

} // namespace

result<std::string_view> fold_path(std::string_view path, const path_rules& rules, std::string& out)
{
    return fold_path(path, rules, reading{}, out);
}

result<std::string_view> fold_path(std::string_view path, const path_rules& rules, const reading& how,
                                   std::string& out)
{
    if (!folds(path, rules))
        return path;
    out = '/';
    std::size_t segment = 1;
    for (std::size_t i = 1; i < path.size(); ++i) {
        char c = path[i];
        const bool encoded = starts_with_triplet(path.substr(i));
        if (encoded) {
            c = triplet_value(path.substr(i));
            i += 2;
        }
        if (how.cuts_query && (c == '?' || c == '#')) // raw ones end a path, so this one was encoded
            break;
        if (c == '/' && encoded && !how.splits_at_slash) {
            out += "%2F";
        } else if (c == '/') {
            if (!fold_segment(out, segment, rules, how))
                return failure(reason::ambiguous_path, cause::dot_segment);
            out += '/';
            segment = out.size();
        } else if (rules.case_exact) {
            out += c;
        } else {
            append_folded(out, c);
        }
    }
    if (!fold_segment(out, segment, rules, how))
        return failure(reason::ambiguous_path, cause::dot_segment);
    if (out.size() == segment && segment > 1) // a trailing slash
        out.pop_back();
    if (out.empty())
        out = '/';
    return std::string_view(out);
}

} // namespace scopegate::http
