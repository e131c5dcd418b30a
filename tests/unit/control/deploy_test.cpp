// Compares deploy/kubernetes*.yaml with the program's defaults: ports, probes, users and durations.
#include "policy/settings.hpp"
#include "support/places.hpp"
#include "support/temporary_folder.hpp"

#include <yaml-cpp/yaml.h>

#include <gmock/gmock.h>

#include <string>

namespace scopegate::control {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

std::string deploy(const std::string& file)
{
    return std::string(SCOPEGATE_SOURCE) + "/deploy/" + file;
}

YAML::Node named(const YAML::Node& list, const std::string& name)
{
    for (const auto& each : list)
        if (each["name"].as<std::string>() == name)
            return each;
    ADD_FAILURE() << "no entry is named " << name;
    return {};
}

long seconds_of(const policy::timeouts& t)
{
    return std::chrono::duration_cast<seconds>(t.drain_delay + t.drain).count();
}

class kubernetes : public testing::TestWithParam<const char*> {
protected:
    [[nodiscard]] bool native() const { return std::string(GetParam()) == "kubernetes.yaml"; }
    [[nodiscard]] YAML::Node gate() const
    {
        return named(pod_[native() ? "initContainers" : "containers"], "scopegate");
    }
    [[nodiscard]] YAML::Node api() const { return named(pod_["containers"], "calendar"); }
    [[nodiscard]] long api_sleep() const
    {
        const auto hook = api()["lifecycle"]["preStop"];
        return native() ? hook["sleep"]["seconds"].as<long>() : hook["exec"]["command"][1].as<long>();
    }

    std::vector<YAML::Node> documents_ = YAML::LoadAllFromFile(deploy(GetParam()));
    YAML::Node pod_ = documents_.at(0)["spec"]["template"]["spec"];
    policy::server_settings server_;
};

TEST_P(kubernetes, names_the_ports_that_the_program_listens_on)
{
    const auto ports = gate()["ports"];
    EXPECT_EQ(named(ports, "http")["containerPort"].as<unsigned>(), server_.listen.at(0).port);
    const auto health = named(ports, "health")["containerPort"].as<std::string>();
    EXPECT_THAT(test::content_of(deploy(GetParam())), HasSubstr("health: 0.0.0.0:" + health));
    EXPECT_NE(health, std::to_string(server_.admin->port));
    EXPECT_EQ(documents_.at(1)["spec"]["ports"][0]["targetPort"].as<std::string>(), "http");
}

TEST_P(kubernetes, probes_readiness_only_where_it_counts)
{
    const auto path = [&](const char* probe) { return gate()[probe]["httpGet"]["path"].as<std::string>(); };
    EXPECT_EQ(path("startupProbe"), "/livez") << "an API must be able to start while its issuer is down";
    EXPECT_EQ(path("livenessProbe"), "/livez") << "a gate without keys must not be restarted";
    EXPECT_EQ(path("readinessProbe"), "/readyz");
    for (const auto* probe : {"startupProbe", "livenessProbe", "readinessProbe"})
        EXPECT_EQ(gate()[probe]["httpGet"]["port"].as<std::string>(), "health") << probe;
}

TEST_P(kubernetes, probes_the_api_through_the_gate)
{
    const auto probe = api()["readinessProbe"]["httpGet"];
    EXPECT_EQ(probe["port"].as<unsigned>(), server_.listen.at(0).port);
    EXPECT_THAT(test::content_of(std::string(SCOPEGATE_SOURCE) + "/routes.yaml"),
                HasSubstr("  " + probe["path"].as<std::string>() + ":\n    GET: public"));
}

TEST_P(kubernetes, ends_the_api_when_the_gate_no_longer_needs_it)
{
    const auto grace = pod_["terminationGracePeriodSeconds"].as<long>();
    if (native()) {
        EXPECT_EQ(gate()["restartPolicy"].as<std::string>(), "Always");
        EXPECT_EQ(gate()["lifecycle"]["preStop"]["exec"]["command"][1].as<std::string>(), "drain");
        EXPECT_GE(api_sleep(), 10);
        EXPECT_GT(grace, api_sleep() + seconds_of(server_.timeouts));
    } else {
        EXPECT_GT(api_sleep(), seconds_of(server_.timeouts)) << "the API ends before the gate";
        EXPECT_GT(grace, api_sleep());
    }
}

TEST_P(kubernetes, runs_as_the_user_of_the_image_and_within_limits)
{
    const auto user = gate()["securityContext"]["runAsUser"].as<std::string>();
    EXPECT_THAT(test::content_of(deploy("Dockerfile")), HasSubstr("USER " + user + ":" + user + "\n"));
    EXPECT_THAT(test::content_of(deploy("image_root.sh")),
                HasSubstr("scopegate:x:" + user + ":" + user + ":"));
    EXPECT_NE(user, "65532") << "65532 is the user of distroless images";
    EXPECT_TRUE(gate()["resources"]["limits"]["memory"]);
    EXPECT_TRUE(gate()["resources"]["limits"]["cpu"]);
}

INSTANTIATE_TEST_SUITE_P(deploy, kubernetes, testing::Values("kubernetes.yaml", "kubernetes-plain.yaml"),
                         [](const auto& file) {
                             return std::string(file.param) == "kubernetes.yaml" ? "native" : "plain";
                         });

} // namespace
} // namespace scopegate::control
