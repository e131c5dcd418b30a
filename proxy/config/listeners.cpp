#include "config/listeners.hpp"

#include "config/urls.hpp"
#include "config/values.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

struct listener_entry {
    std::optional<policy::endpoint> address;
    policy::socket_access access;
};

// A mode without the leading 0 could be meant as a decimal number.
void read_mode(compilation& c, const node& value, listener_entry& into)
{
    if (!expect(c, value, node::kind::scalar))
        return;
    const auto is_octal = [](char digit) { return digit >= '0' && digit <= '7'; };
    const auto& text = value.text;
    if (text.size() != 4 || text.front() != '0' || !std::all_of(text.begin(), text.end(), is_octal))
        return c.out.error(value.at,
                           as_written(value) + " is not a mode such as 0660: write 0 and three octal digits");
    into.access.mode = 0;
    for (const char digit : text)
        into.access.mode = into.access.mode * 8 + static_cast<unsigned>(digit - '0');
}

void read_group(compilation& c, const node& value, listener_entry& into)
{
    if (auto name = read_text(c, value))
        into.access.group = std::move(*name);
}

constexpr key<listener_entry> listener_keys[] = {
    {"address",
     [](compilation& c, const node& value, listener_entry& into) { into.address = read_endpoint(c, value); },
     true},
    {"mode", read_mode},
    {"group", read_group},
};

} // namespace

std::optional<policy::endpoint> read_listener(compilation& c, const node& n)
{
    if (!n.is(node::kind::map))
        return read_endpoint(c, n);
    listener_entry entry;
    if (!read_keys(c, n, listener_keys, entry) || !entry.address)
        return std::nullopt;
    for (const auto* name : {"mode", "group"})
        if (const auto* given = n.find(name); given != nullptr && !entry.address->is_unix())
            c.out.error(given->key_at, in_quotes(name) + " is only for an address unix:/path");
    entry.address->access = std::move(entry.access);
    return entry.address;
}

std::vector<section> listener_sections()
{
    std::vector<section> out;
    for (const auto* path : {"server.listen", "server.listen[]", "server.admin", "server.health"})
        out.push_back(make_section(path, listener_keys));
    return out;
}

} // namespace scopegate::config
