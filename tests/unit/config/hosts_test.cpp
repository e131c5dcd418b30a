// The names of this server: `server.hosts`, `external_url` and a configured `metadata.resource`.
#include "yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scopegate::config {
namespace {

using test::policy_from_yaml;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string common =
    "upstream: http://127.0.0.1:3000\nroutes: {/a: {GET: authenticated}}\n"
    "issuers: [{issuer: \"https://id.example\", audience: \"https://default.example\"}]\n";

std::vector<std::string> authorities(const std::string& more)
{
    std::vector<std::string> out;
    const auto p = policy_from_yaml(common + more);
    for (const auto& own : p->server.authorities)
        out.push_back((!own.tls ? "" : *own.tls ? "https://" : "http://") + own.authority + own.prefix);
    return out;
}

TEST(hosts, are_in_lower_case_without_duplicates)
{
    const auto p =
        policy_from_yaml(common + "server: {hosts: [API.Example.com, api.example.com, \"[FE80::1]:80\"]}\n");
    EXPECT_THAT(p->server.hosts, ElementsAre("api.example.com", "[fe80::1]:80"));
    EXPECT_THAT(policy_from_yaml(common)->server.hosts, IsEmpty());
}

TEST(hosts, exclude_names_that_are_no_addresses)
{
    EXPECT_THAT(authorities(""), IsEmpty()) << "an audience is a name, not an address";
    EXPECT_THAT(authorities("metadata: {name: Calendar}\n"), IsEmpty());
    EXPECT_THAT(authorities("metadata: off\n"), IsEmpty());
    EXPECT_THAT(authorities("metadata: {resource: \"https://Default.example:443/x\"}\n"),
                ElementsAre("https://default.example"));
    EXPECT_THAT(authorities("metadata: {resource: \"https://[::1]:8443\"}\n"),
                ElementsAre("https://[::1]:8443"));
    EXPECT_THAT(authorities("server: {hosts: [b.example, c.example:81]}\n"),
                ElementsAre("b.example", "c.example:81"));
    EXPECT_THAT(authorities("server: {external_url: \"http://A.example/x/\", hosts: [b.example]}\n"
                            "metadata: {resource: \"https://b.example\"}\n"),
                ElementsAre("http://a.example/x", "b.example", "https://b.example"));
}

// The host may serve other APIs beside /x.
TEST(hosts, keep_the_path_of_external_url)
{
    EXPECT_THAT(authorities("server: {external_url: \"https://a.example/x\", hosts: [\"a.example:443\"]}\n"
                            "metadata: {resource: \"https://a.example\"}\n"),
                ElementsAre("https://a.example/x"));
}

TEST(keys_max_age, is_off_by_default)
{
    EXPECT_EQ(policy_from_yaml(common)->keys_max_age.count(), 0);
    EXPECT_EQ(policy_from_yaml(common + "keys_max_age: 24h\n")->keys_max_age, std::chrono::hours(24));
}

} // namespace
} // namespace scopegate::config
