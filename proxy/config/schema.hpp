// The keys of routes.yaml as tables: each map of the file has one, a row per key with the function that reads
// its value. A key that no table has is refused, with "did you mean"; what a table has, the JSON Schema has,
// and a test compares them.
#pragma once

#include "base/secret.hpp"
#include "config/diagnostics.hpp"
#include "config/node.hpp"
#include "config/source_files.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::config {

// What all readers share while one file is compiled. They fill in what they can, and say in `out` what they
// can't.
struct compilation {
    policy::policy& made;
    diagnostics& out;
    source_files& files;
};

struct key_info {
    std::string_view name;
    bool required = false;
    bool or_file = false; // `<name>_file` reads the value from a file
};

// A row: `into` is what the map is compiled to. A value that is wrong is said, and `into` keeps its default.
template <class T>
struct key {
    std::string_view name;
    void (*read)(compilation& c, const node& value, T& into);
    bool required = false;
    bool or_file = false;

    [[nodiscard]] key_info info() const noexcept { return {name, required, or_file}; }
};

// The keys of one map, for comparing with the JSON Schema. The path of `limits` in `server` is
// `server.limits`, of an item of a list `issuers[]`, of a map with free keys `scopes.*`.
struct section {
    std::string path;
    std::vector<std::string> keys;
};
[[nodiscard]] section make_section(std::string path, const std::vector<key_info>& keys);

// Whether the node is of that kind; otherwise the error is said.
bool expect(compilation& c, const node& n, node::kind wanted);

// Says which keys of the map are unknown. False where it is no map.
bool check_keys(compilation& c, const node& map, const std::vector<key_info>& known);

// The value of a key, its own or that of its `_file` twin (kept in `from_file`); null where the map has
// neither, which is an error where the key is required.
[[nodiscard]] const node* value_of(compilation& c, const node& map, const key_info& wanted, node& from_file);

template <class T, std::size_t N>
[[nodiscard]] std::vector<key_info> infos(const key<T> (&table)[N])
{
    std::vector<key_info> out;
    for (const auto& k : table)
        out.push_back(k.info());
    return out;
}

template <class T, std::size_t N>
[[nodiscard]] section make_section(std::string path, const key<T> (&table)[N])
{
    return make_section(std::move(path), infos(table));
}

// Reads a map by its table, in the order of the table: a row may use what the rows above it have read. False:
// no map.
template <class T, std::size_t N>
bool read_keys(compilation& c, const node& map, const key<T> (&table)[N], T& into)
{
    if (!check_keys(c, map, infos(table)))
        return false;
    for (const auto& k : table) {
        node from_file;
        const wiped_at_end wiped(from_file.text); // a secret, maybe
        if (const node* value = value_of(c, map, k.info(), from_file))
            k.read(c, *value, into);
    }
    return true;
}

} // namespace scopegate::config
