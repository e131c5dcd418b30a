// The keys of routes.yaml as tables. Each map of the file has a table with one row per key, and each row has
// the function that reads the value. A key that is not in the table is refused, with "did you mean". A test
// checks that the tables and the JSON Schema have the same keys.
#pragma once

#include "base/forward_proxy.hpp"
#include "base/secret.hpp"
#include "config/diagnostics.hpp"
#include "config/node.hpp"
#include "config/source_files.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::config {

// State that all readers share while one file is compiled. They fill in valid values, and report errors to
// `out`.
struct compilation {
    policy::policy& policy;
    diagnostics& out;
    source_files& files;
    const environment_proxies& proxies;
};

struct key_info {
    std::string_view name;
    bool required = false;
    bool or_file = false; // `<name>_file` reads the value from a file
};

// A row. `into` is the compiled form of the map. If a value is invalid, `read` reports the error and leaves
// the default in `into`.
template <class T>
struct key {
    std::string_view name;
    void (*read)(compilation& c, const node& value, T& into);
    bool required = false;
    bool or_file = false;

    [[nodiscard]] key_info info() const noexcept { return {name, required, or_file}; }
};

// The keys of one map, for comparing with the JSON Schema. Examples of paths: `server.limits` for `limits` in
// `server`, `issuers[]` for an item of a list, `scopes.*` for a map with free keys.
struct section {
    std::string path;
    std::vector<std::string> keys;
};
[[nodiscard]] section make_section(std::string path, const std::vector<key_info>& keys);

// Returns whether the node is of that kind. Reports an error otherwise.
bool expect(compilation& c, const node& n, node::kind wanted);

// Reports the unknown keys of the map. Returns false if the node is not a map.
bool check_keys(compilation& c, const node& map, const std::vector<key_info>& known);

// Returns the value of a key, or that of its `_file` twin, which is stored in `from_file`. Returns null if
// the map has neither, and reports an error if the key is required.
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

// Reads a map by its table, in the order of the table: a row may use values that the rows above it have read.
// Returns false if the node is not a map.
template <class T, std::size_t N>
bool read_keys(compilation& c, const node& map, const key<T> (&table)[N], T& into)
{
    if (!check_keys(c, map, infos(table)))
        return false;
    for (const auto& k : table) {
        node from_file;
        const wiped_at_end wiped(from_file.text); // it may be a secret
        if (const node* value = value_of(c, map, k.info(), from_file))
            k.read(c, *value, into);
    }
    return true;
}

} // namespace scopegate::config
