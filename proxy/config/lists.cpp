#include "config/lists.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::config {

namespace {

// Returns whether the text was written as `${NAME}` or `${NAME:-default}` and nothing else.
bool is_one_placeholder(std::string_view written) noexcept
{
    return written.starts_with("${") && written.find('}') == written.size() - 1;
}

std::ptrdiff_t commas_outside_placeholders(std::string_view written) noexcept
{
    std::ptrdiff_t count = 0;
    while (!written.empty()) {
        const auto plain = written.substr(0, written.find("${"));
        count += std::count(plain.begin(), plain.end(), ',');
        written.remove_prefix(plain.size());
        written.remove_prefix(std::min(written.find('}'), written.size()));
    }
    return count;
}

std::string_view trimmed(std::string_view text) noexcept
{
    constexpr const char* blanks = " \t";
    const auto begin = std::min(text.find_first_not_of(blanks), text.size());
    return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

void add_split(compilation& c, const node& n, std::vector<node>& into)
{
    if (n.from == node::origin::variable && !is_one_placeholder(n.written)) {
        c.out.error(n.at,
                    as_written(n) + " is a list, which can't be part of a longer value: write ${NAME} alone");
        return;
    }
    for (std::string_view rest = n.text;;) {
        const auto end = std::min(rest.find(','), rest.size());
        auto item = n;
        item.text = trimmed(rest.substr(0, end));
        if (item.text.empty()) {
            c.out.error(n.at, "the list in " + as_written(n) + " has an empty item");
            return;
        }
        into.push_back(std::move(item));
        if (end == rest.size())
            return;
        rest.remove_prefix(end + 1);
    }
}

void add_item(compilation& c, const node& n, std::vector<node>& into)
{
    if (holds_outside_list(n))
        add_split(c, n, into);
    else
        into.push_back(n);
}

} // namespace

bool holds_outside_list(const node& n)
{
    if (!n.is(node::kind::scalar) || n.from == node::origin::here)
        return false;
    const auto commas = std::count(n.text.begin(), n.text.end(), ',');
    const bool variable = n.from == node::origin::variable;
    return commas > (variable ? commas_outside_placeholders(n.written) : 0);
}

std::vector<node> list_items(compilation& c, const node& n)
{
    std::vector<node> out;
    if (n.is(node::kind::scalar) && n.from != node::origin::here) {
        add_item(c, n, out);
    } else if (expect(c, n, node::kind::list)) {
        if (n.items.empty())
            c.out.error(n.at, "the list is empty");
        for (const node& item : n.items)
            add_item(c, item, out);
    }
    return out;
}

std::vector<node> one_or_list_items(compilation& c, const node& n)
{
    if (n.is(node::kind::list) || holds_outside_list(n))
        return list_items(c, n);
    return {n};
}

} // namespace scopegate::config
