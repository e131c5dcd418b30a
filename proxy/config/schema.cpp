#include "config/schema.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

constexpr std::string_view twin_suffix = "_file";
constexpr std::size_t max_value_file = 64 * 1024;

std::string name_of(node::kind k)
{
    switch (k) {
    case node::kind::nothing:
        return "nothing";
    case node::kind::scalar:
        return "text";
    case node::kind::list:
        return "a list";
    case node::kind::map:
        return "a map";
    case node::kind::broken:
        break;
    }
    return {};
}

std::string found(const node& n)
{
    return n.is(node::kind::scalar) ? as_written(n) : name_of(n.type);
}

std::string twin_of(std::string_view name)
{
    return std::string(name) + std::string(twin_suffix);
}

// Returns the value that a `_file` key names, as if it were in the file itself. If the file can't be read,
// the message omits its name, because users sometimes paste the secret there.
node read_value_file(compilation& c, const node& named)
{
    node n = named;
    n.type = node::kind::broken;
    if (!expect(c, named, node::kind::scalar))
        return n;
    if (named.text.empty()) {
        c.out.error(named.at, "expected the name of a file, found \"\"");
        return n;
    }
    auto content = read_regular_file(c.files.watch(named.text), max_value_file);
    if (!content.problem.empty()) {
        c.out.error(named.at,
                    "can't read the file that " + in_quotes(named.key) + " names: " + content.problem);
        return n;
    }
    auto& text = content.text;
    if (text.ends_with('\n'))
        text.erase(text.size() - (text.ends_with("\r\n") ? 2 : 1));
    n.type = node::kind::scalar;
    n.plain = false;
    n.from = node::origin::other_file;
    n.text = std::move(text);
    return n;
}

} // namespace

section make_section(std::string path, const std::vector<key_info>& keys)
{
    section out{std::move(path), {}};
    for (const auto& k : keys) {
        out.keys.emplace_back(k.name);
        if (k.or_file)
            out.keys.push_back(twin_of(k.name));
    }
    return out;
}

bool expect(compilation& c, const node& n, node::kind wanted)
{
    if (n.is(wanted))
        return true;
    if (!n.is(node::kind::broken))
        c.out.error(n.at, "expected " + name_of(wanted) + ", found " + found(n));
    return false;
}

bool check_keys(compilation& c, const node& map, const std::vector<key_info>& known)
{
    if (!expect(c, map, node::kind::map))
        return false;
    const auto all = make_section({}, known).keys;
    std::vector<std::string> names;
    for (const auto& k : known)
        names.emplace_back(k.name);
    const auto has = [](const std::vector<std::string>& list, std::string_view word) {
        return std::find(list.begin(), list.end(), word) != list.end();
    };
    for (const node& entry : map.items) {
        if (has(all, entry.key))
            continue;
        const auto stem = std::string_view(entry.key).substr(0, entry.key.rfind(twin_suffix));
        const bool twin = entry.key.ends_with(twin_suffix) && has(names, stem);
        c.out.error(entry.key_at, "unknown key " + in_quotes(entry.key) +
                                      (twin ? ": " + in_quotes(stem) + " is not read from a file"
                                            : suggestion(entry.key, names)));
    }
    return true;
}

const node* value_of(compilation& c, const node& map, const key_info& wanted, node& from_file)
{
    const node* value = map.find(wanted.name);
    const node* named = wanted.or_file ? map.find(twin_of(wanted.name)) : nullptr;
    if (value != nullptr && named != nullptr) {
        const auto& later = named > value ? *named : *value;
        c.out.error(later.key_at, in_quotes(wanted.name) + " and " + in_quotes(named->key) +
                                      " set the same value; keep only one of them");
        return nullptr;
    }
    if (named != nullptr) {
        from_file = read_value_file(c, *named);
        return &from_file;
    }
    if (value == nullptr && wanted.required)
        c.out.error(map.at, "missing key " + in_quotes(wanted.name));
    return value;
}

} // namespace scopegate::config
