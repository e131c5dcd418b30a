#include "support/calendar.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace scopegate::test {

namespace {

gate_settings before(const recording_upstream& api, gate_settings settings)
{
    if (settings.upstream.empty())
        settings.upstream = api.url();
    return settings;
}

} // namespace

calendar::calendar(gate_settings settings) : gate(before(api, std::move(settings))) {}

calendar::~calendar()
{
    for (const auto& fault : api.faults())
        ADD_FAILURE() << "the API cannot accept what the gate sent: " << fault;
}

response calendar::ask_admin(std::string_view path) const
{
    return raw_client(gate.admin()).exchange(get(path, {}, "Connection: close\r\n"));
}

request calendar::forwarded(std::string_view request) const
{
    const auto before = api.requests().size();
    const auto answer = exchange(request);
    EXPECT_LT(answer.status, 300U) << answer;
    return api.wait_for_requests(before + 1).at(before);
}

std::string json_member(std::string_view object, std::string_view name)
{
    return log_line{std::string(object)}[name];
}

std::vector<std::string> field_names(const message& m)
{
    std::vector<std::string> names;
    for (const auto& [name, value] : m.fields) {
        names.push_back(name);
        std::transform(name.begin(), name.end(), names.back().begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    }
    return names;
}

} // namespace scopegate::test
