#include "config/allowances.hpp"

#include "config/diagnostics.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace scopegate::config {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) noexcept
{
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

// Returns the text after `# scopegate:` in a line, or nothing without such a comment. Quoted text that looks
// like the comment counts as one. At worst it silences a warning of its own line.
std::optional<std::string_view> instruction_in(std::string_view line) noexcept
{
    for (auto at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
        constexpr std::string_view marker = "scopegate:";
        const auto comment = trimmed(line.substr(at + 1));
        const bool begins_comment = at == 0 || blanks.find(line[at - 1]) != std::string_view::npos;
        if (begins_comment && comment.starts_with(marker))
            return trimmed(comment.substr(marker.size()));
    }
    return std::nullopt;
}

// Calls f(name) for each name of a list: `a, b`.
template <class F>
void for_each_name(std::string_view list, F&& f)
{
    while (!list.empty()) {
        const auto end = std::min(list.find(','), list.size());
        f(trimmed(list.substr(0, end)));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
}

using names = std::bitset<warning_count>;

// Returns the warnings that a line allows.
names names_in(std::string_view content, int line, diagnostics& out)
{
    names allowed;
    auto written = instruction_in(content);
    if (!written)
        return allowed;
    const auto at = [&](std::string_view part) {
        return policy::source_mark{line, static_cast<int>(part.data() - content.data()) + 1};
    };
    constexpr std::string_view verb = "allow ";
    if (!written->starts_with(verb)) {
        out.error(at(*written), "expected \"allow NAME\" after \"scopegate:\", found " + in_quotes(*written));
        return allowed;
    }
    const std::vector<std::string> known(std::begin(warning_names), std::end(warning_names));
    for_each_name(written->substr(verb.size()), [&](std::string_view name) {
        if (const auto found = warning_named(name))
            allowed.set(static_cast<std::size_t>(*found));
        else
            out.error(at(name), "unknown warning " + in_quotes(name) + suggestion(name, known));
    });
    return allowed;
}

} // namespace

allowances allowances::read(std::string_view text, diagnostics& out)
{
    allowances result;
    names pending;         // from comments alone on a line, for the next line with content
    bool above_all = true; // no line with content has been read yet
    for (int line = 1; !text.empty(); ++line) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto content = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto here = names_in(content, line, out);
        const auto visible = trimmed(content);
        if (visible.empty() || visible.front() == '#') {
            pending |= here;
            continue;
        }
        if (std::exchange(above_all, false) && pending.any())
            result.lines_[0] |= pending;
        if ((here | pending).any())
            result.lines_[line] |= here | pending;
        pending.reset();
    }
    return result;
}

std::vector<diagnostic> allowances::filter(std::vector<diagnostic> warnings) const
{
    std::erase_if(warnings, [this](const diagnostic& w) {
        const auto found = lines_.find(w.at.line);
        return w.kind && found != lines_.end() && found->second.test(static_cast<std::size_t>(*w.kind));
    });
    return warnings;
}

} // namespace scopegate::config
