// The settings of a route: the keys in lower case beside its methods.
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// The settings of one route while it is read.
struct route_settings_entry {
    explicit route_settings_entry(const policy::route_settings& of_server) : settings(of_server) {}

    policy::route_settings settings;
    bool observe = false; // of methods without a mode of their own
};

// Returns whether the key is one of the settings.
[[nodiscard]] bool is_route_setting(std::string_view key);

// Returns the names of all settings.
[[nodiscard]] std::vector<std::string> names_of_route_settings();

// Reads the settings among the entries of a route, in any order, and ignores the methods.
void read_route_settings(compilation& c, const node& route, route_settings_entry& into);

// Reads `mode: enforce` or `mode: observe`, of a route or of one method. Under `mode: observe` of the file,
// `enforce` is an error: it would promise a protection that the file's mode takes away, for each spelling of
// a path that no route matches.
void read_own_mode(compilation& c, const node& value, bool& observe);

[[nodiscard]] std::vector<section> route_settings_sections();

} // namespace scopegate::config
