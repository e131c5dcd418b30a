#include "config/diagnostics.hpp"

#include "base/text.hpp"
#include "base/utf8.hpp"

#include <algorithm>
#include <tuple>

namespace scopegate::config {

namespace {

std::vector<diagnostic> in_order(std::vector<diagnostic> list)
{
    const auto key = [](const diagnostic& d) { return std::tie(d.at.line, d.at.column, d.message); };
    std::sort(list.begin(), list.end(),
              [&](const diagnostic& a, const diagnostic& b) { return key(a) < key(b); });
    const auto repeated = std::unique(
        list.begin(), list.end(), [&](const diagnostic& a, const diagnostic& b) { return key(a) == key(b); });
    list.erase(repeated, list.end());
    return list;
}

} // namespace

std::string diagnostic::place() const
{
    return at.line > 0 ? file + ':' + std::to_string(at.line) + ':' + std::to_string(at.column) : file;
}

std::string diagnostic::text() const
{
    if (kind)
        return place() + ": warning: " + message + " [" + std::string(name(*kind)) + ']';
    return place() + ": error: " + message;
}

void diagnostics::error(policy::source_mark at, std::string message)
{
    errors_.push_back({file_, at, std::move(message)});
}

void diagnostics::warn(warning kind, policy::source_mark at, std::string message)
{
    warnings_.push_back({file_, at, std::move(message), kind});
}

std::vector<diagnostic> diagnostics::errors() const
{
    return in_order(errors_);
}

std::vector<diagnostic> diagnostics::warnings() const
{
    return in_order(warnings_);
}

std::string in_quotes(std::string_view text)
{
    constexpr std::size_t most = 80;
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (out.size() > most && !continues_character(c)) {
            out += "...";
            break;
        }
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte == 0x7F) {
            out += "\\x";
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string as_written(const node& scalar, std::string_view part)
{
    switch (scalar.from) {
    case node::origin::here:
        break;
    case node::origin::variable:
        return in_quotes(scalar.written);
    case node::origin::other_file:
        return "the value of " + in_quotes(scalar.key);
    }
    return in_quotes(part);
}

std::string as_written(const node& scalar)
{
    return as_written(scalar, scalar.text);
}

std::string suggestion(std::string_view word, std::span<const std::string> known)
{
    const auto near = did_you_mean(word, known);
    return near.empty() ? std::string() : "; did you mean " + in_quotes(near) + "?";
}

std::string either(std::span<const std::string> words)
{
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0)
            out += i + 1 == words.size() ? " or " : ", ";
        out += words[i];
    }
    return out;
}

} // namespace scopegate::config
