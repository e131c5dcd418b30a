#include "cli/demo_guide.hpp"

#include <chrono>
#include <span>

namespace scopegate::cli {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view issuer_name = "https://issuer.example";
constexpr std::string_view audience = "https://calendar.example.com";
constexpr std::string_view read_scope = "read:appointments";
constexpr std::string_view both_scopes = "read:appointments write:appointments";
constexpr auto token_life = 12h;

json::value text(std::string_view s)
{
    return json::value(std::string(s));
}

json::value seconds(wall_time t)
{
    return json::value::number(
        std::to_string(std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count()));
}

std::string loopback(std::uint16_t port)
{
    return "127.0.0.1:" + std::to_string(port);
}

} // namespace

// Uses ES256 to keep the tokens short.
demo_issuer::demo_issuer() : key_(jose::signing_key::generate(jose::algorithm::es256).with_kid("demo")) {}

std::string demo_issuer::key_set() const
{
    return jose::public_jwk_set(std::span(&key_, 1)) + "\n";
}

std::string demo_issuer::token(std::string_view subject, std::string_view scope, std::string_view role,
                               wall_time now, std::chrono::seconds life) const
{
    json::object claims;
    claims.emplace_back("iss", text(issuer_name));
    claims.emplace_back("aud", text(audience));
    claims.emplace_back("sub", text(subject));
    claims.emplace_back("roles", text(role));
    claims.emplace_back("scope", text(scope));
    claims.emplace_back("exp", seconds(now + life));
    return jose::sign_compact(key_, json::serialize(json::value(std::move(claims))));
}

std::string demo_policy(const demo_place& at)
{
    return "# scopegate: allow hosts-not-listed\n"
           "# The policy of the running `scopegate demo`. Change it and save: it is reloaded within a "
           "second.\n"
           "upstream: http://" +
           loopback(at.api_port) + "\n\nserver:\n  listen: " + loopback(at.proxy_port) +
           "\n  admin: off\n\nissuers:\n  - issuer: " + std::string(issuer_name) +
           "\n    audience: " + std::string(audience) + "\n    keys: file:" + std::string(demo_key_file) +
           R"(

scopes:
  read:appointments: See appointments
  write:appointments: Create, change and delete appointments

# Whatever an application asked for: viewers only ever read.
limit:
  roles:
    claim: roles
    allow:
      viewer: [read:appointments]
      editor: [read:appointments, write:appointments]

routes:
  /appointments:
    GET: read:appointments
    POST: write:appointments
  /appointments/{id}:
    GET: read:appointments
    PUT: write:appointments
    DELETE: write:appointments
  /healthz:
    GET: public
)";
}

void print_guide(std::ostream& out, const demo_place& at, const demo_issuer& issuer, wall_time now)
{
    const auto proxy = "http://" + loopback(at.proxy_port);
    const auto all = " " + proxy + "/appointments";
    const auto token = [&](std::string_view name, std::string_view subject, std::string_view scope,
                           std::string_view role, std::chrono::seconds life) {
        out << name << "='" << issuer.token(subject, scope, role, now, life) << "'\n";
    };
    const auto request = [&](std::string_view status, std::string_view why, const std::string& rest) {
        out << "# " << status << ": " << why << "\ncurl -i" << rest << '\n';
    };
    const auto with = [](const std::string& variable) {
        return " -H \"Authorization: Bearer $" + variable + "\"";
    };

    out << "proxy   " << proxy << "  (call this one)\n"
        << "API     http://" << loopback(at.api_port) << "  (a calendar without any access control)\n"
        << "policy  " << at.policy_file << "  (edit it: it is reloaded within a second)\n"
        << "issuer  in this process; its key is new and valid for this demo only\n"
        << "\nPaste these tokens into another terminal, then any of the lines below them.\n\n";
    token("READER", "ann", read_scope, "editor", token_life);
    token("WRITER", "bob", both_scopes, "editor", token_life);
    token("VIEWER", "cleo", both_scopes, "viewer", token_life);
    token("EXPIRED", "ann", both_scopes, "editor", -1h);
    out << '\n';
    request("200", "the token has read:appointments", with("READER") + all);
    request("201", "the token has write:appointments",
            with("WRITER") + R"( -d '{"title": "Dentist", "start": "2026-03-02T09:30"}')" + all);
    request("401", "no token; WWW-Authenticate names the scope to ask for", all);
    request("401", "the token has expired", with("EXPIRED") + all);
    request("403", "the token lacks write:appointments", with("READER") + " -X DELETE" + all + "/1");
    request("403", "the token has write:appointments, but its user is only a viewer",
            with("VIEWER") + " -X DELETE" + all + "/1");
    request("404", "the policy does not list the path, so no token can access it",
            with("WRITER") + " " + proxy + "/admin");
    request("405", "the policy does not list the method; Allow lists those it does",
            with("WRITER") + " -X PATCH" + all);
    request("200", "a public path", " " + proxy + "/healthz");
    request("200", "metadata for applications: the scopes that exist",
            " " + proxy + "/.well-known/oauth-protected-resource");
    out << "\nRefused requests are logged below. Ctrl-C ends the demo.\n" << std::flush;
}

} // namespace scopegate::cli
