#include "base/json.hpp"

#include <charconv>

namespace scopegate::json {

namespace {

// Unescapes a reference token: ~1 is a slash, ~0 a tilde (RFC 6901 section 4).
std::string unescape(std::string_view token)
{
    std::string out;
    for (std::size_t i = 0; i < token.size(); ++i) {
        const char next = token[i] == '~' && i + 1 < token.size() ? token[i + 1] : '\0';
        if (next == '0' || next == '1') {
            out += next == '0' ? '~' : '/';
            ++i;
        } else {
            out += token[i];
        }
    }
    return out;
}

// Returns the element at `index`, which must be digits without a leading zero and within the array. Returns
// null otherwise.
const value* element(const array& items, std::string_view index) noexcept
{
    if (index.empty() || (index.size() > 1 && index.front() == '0'))
        return nullptr;
    std::size_t at = 0;
    const auto [stop, error] = std::from_chars(index.data(), index.data() + index.size(), at);
    if (error != std::errc() || stop != index.data() + index.size() || at >= items.size())
        return nullptr;
    return &items[at];
}

} // namespace

path::path(std::string name) : name_(std::move(name))
{
    if (name_.empty() || name_.front() != '/') {
        steps_.push_back(name_);
        return;
    }
    std::string_view rest = name_;
    while (!rest.empty()) {
        rest.remove_prefix(1); // the slash
        const auto token = rest.substr(0, rest.find('/'));
        steps_.push_back(unescape(token));
        rest.remove_prefix(token.size());
    }
}

const value* path::find(const value& root) const noexcept
{
    if (steps_.empty())
        return nullptr;
    const value* at = &root;
    for (const auto& step : steps_) {
        const auto* items = at->if_array();
        at = items != nullptr ? element(*items, step) : at->find(step);
        if (at == nullptr)
            return nullptr;
    }
    return at;
}

} // namespace scopegate::json
