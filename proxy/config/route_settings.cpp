#include "config/route_settings.hpp"

#include "config/timeouts.hpp"
#include "config/values.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

constexpr key<route_settings_entry> setting_keys[] = {
    {"timeouts",
     [](compilation& c, const node& value, route_settings_entry& into) {
         compile_route_timeouts(c, value, into.settings.timeouts);
     }},
    {"body",
     [](compilation& c, const node& value, route_settings_entry& into) {
         if (const auto size = read_size(c, value, 0, max_body_limit))
             into.settings.body = *size;
     }},
    {"mode", [](compilation& c, const node& value,
                route_settings_entry& into) { read_own_mode(c, value, into.observe); }},
    {"authorization",
     [](compilation& c, const node& value, route_settings_entry& into) {
         into.settings.strip_authorization = read_word(c, value, {"forward", "strip"}) == 1U;
     }},
};

} // namespace

bool is_route_setting(std::string_view key)
{
    return std::any_of(std::begin(setting_keys), std::end(setting_keys),
                       [&](const auto& k) { return k.name == key; });
}

std::vector<std::string> names_of_route_settings()
{
    return make_section({}, setting_keys).keys;
}

void read_route_settings(compilation& c, const node& route, route_settings_entry& into)
{
    node own;
    own.type = node::kind::map;
    for (const node& entry : route.items)
        if (is_route_setting(entry.key))
            own.items.push_back(entry);
    if (!own.items.empty())
        read_keys(c, own, setting_keys, into);
}

void read_own_mode(compilation& c, const node& value, bool& observe)
{
    const auto mode = read_word(c, value, {"enforce", "observe"});
    observe = mode == 1U;
    if (mode == 0U && c.policy.observe)
        c.out.error(value.at, as_written(value) +
                                  " has no effect under the \"mode: observe\" of the file: to enforce some "
                                  "routes only, remove that, and write \"mode: observe\" at the others");
}

std::vector<section> route_settings_sections()
{
    return {make_section("routes.*", setting_keys)};
}

} // namespace scopegate::config
