// `scopegate token`: signs a token with a local key, for development. Standard output holds only the token.
#include "base/regular_file.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/dev_key.hpp"
#include "cli/policy_file.hpp"
#include "config/yaml_source.hpp"
#include "jose/spiffe.hpp"
#include "observe/http_date.hpp"
#include "observe/request_id.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>

namespace scopegate::cli {

namespace {

struct token_options {
    std::string config, scope, claims, issuer, audience, subject, expires; // empty: not given
    std::string key_file = default_key_file;
    bool key_given = false;
};

bool takes_keys_from(const policy::issuer_settings& i, const std::string& jwks_file)
{
    std::error_code ignored;
    return i.keys.where == policy::key_location::kind::file &&
           std::filesystem::weakly_canonical(i.keys.value, ignored) ==
               std::filesystem::weakly_canonical(jwks_file, ignored);
}

// Returns the token's issuer: the one named in the options, or the one that takes its keys from our file, or
// the first.
const policy::issuer_settings* choose_issuer(const policy::policy& p, const token_options& o)
{
    const auto find = [&](auto matches) {
        const auto found = std::find_if(p.issuers.begin(), p.issuers.end(), matches);
        return found == p.issuers.end() ? nullptr : &*found;
    };
    if (!o.issuer.empty())
        return find([&](const auto& i) { return i.is_named(o.issuer); });
    if (const auto* ours = find([&](const auto& i) { return takes_keys_from(i, jwks_file_of(o.key_file)); }))
        return ours;
    return p.issuers.empty() ? nullptr : &p.issuers.front();
}

json::value text(std::string s)
{
    return json::value(std::move(s));
}

json::value seconds(wall_time t)
{
    return json::value::number(
        std::to_string(std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count()));
}

// Returns all claims that an issuer's settings may require (including RFC 9068 section 2.2).
json::value default_claims(const policy::issuer_settings& i, wall_time now)
{
    observe::request_id_buffer id;
    json::object members;
    const bool svid =
        jose::names_trust_domain(i.issuer); // its subject names the trust domain, and nothing else
    if (!svid)
        members.emplace_back("iss", text(i.issuer));
    members.emplace_back("sub", text(svid ? i.issuer + "/developer" : "developer"));
    members.emplace_back("client_id", text("scopegate-dev"));
    members.emplace_back("iat", seconds(now));
    members.emplace_back("exp", seconds(now + std::chrono::hours(1)));
    members.emplace_back("jti", text(std::string(observe::new_request_id(id))));
    json::value claims(std::move(members));
    if (!i.audience.empty())
        claims = with_claim(claims, i.audience_claim.name(), text(i.audience.front()));
    for (const auto& [path, any_of] : i.require)
        claims = with_claim(claims, path.name(), any_of.front());
    return claims;
}

// Returns the default claims, overridden by --claims, which the other options override.
json::value make_claims(const token_options& o, const policy::issuer_settings& i)
{
    const auto now = observe::wall_now();
    auto claims = default_claims(i, now);
    if (!o.claims.empty())
        claims = merged(claims, read_claims(o.claims));
    const auto set = [&](const std::string& option, std::string_view name) {
        if (!option.empty())
            claims = with_claim(claims, name, text(option));
    };
    if (!jose::names_trust_domain(o.issuer))
        set(o.issuer, "iss");
    set(o.audience, i.audience_claim.name());
    set(o.subject, "sub");
    if (!o.scope.empty() && !i.scope_claims.empty())
        claims = with_claim(claims, i.scope_claims.front().claim.name(),
                            jose::make_listing(i.scope_claims.front(), o.scope));
    if (!o.expires.empty())
        claims = with_claim(claims, "exp", seconds(now + parse_duration(o.expires)));
    return claims;
}

void report_created_key(const dev_key& key, const std::string& key_file)
{
    std::cerr << "created " << key_file << " (private: keep it out of version control) and " << key.jwks_file
              << " (its public half).\n";
}

// Returns the file's text, or an empty text if it can't be read: loading the file reports why.
std::string text_of(const std::string& config)
{
    return read_regular_file(config, config::max_source_size).text;
}

// Returns whether the position is outside a comment.
bool is_mentioned(std::string_view text, std::size_t at)
{
    const auto line = text.substr(0, at);
    return line.find('#', line.rfind('\n') + 1) == line.npos;
}

// A policy whose key set file is missing can't be loaded. Searches its text for a key set file with this
// name.
std::optional<std::filesystem::path> missing_key_set(const std::filesystem::path& name,
                                                     const std::string& config)
{
    constexpr std::string_view prefix = "file:", ends = " \t\r\n\"',}]";
    const auto text = text_of(config);
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
        const bool mentioned = is_mentioned(text, at);
        at += prefix.size();
        const std::filesystem::path named = text.substr(at, text.find_first_of(ends, at) - at);
        auto whole = (std::filesystem::path(config).parent_path() / named).lexically_normal();
        if (mentioned && named.filename() == name && named.string().find('$') == std::string::npos &&
            !std::filesystem::exists(whole))
            return whole;
    }
    return std::nullopt;
}

// Returns the issuer's key set file with this name, or any issuer's if `issuer` is empty.
std::optional<std::filesystem::path> key_set_of(const policy::policy& p, const std::string& issuer,
                                                const std::filesystem::path& name)
{
    for (const auto& i : p.issuers) {
        const std::filesystem::path file = i.keys.value;
        if (i.keys.where == policy::key_location::kind::file && file.filename() == name &&
            (issuer.empty() || i.is_named(issuer)))
            return file;
    }
    return std::nullopt;
}

// Returns the private key next to the public half that routes.yaml names (`keys:
// file:dev/scopegate-dev-keys.json`), or nothing if it names none of that name.
std::optional<std::string> named_key(const token_options& o, const std::string& config)
{
    const auto name = std::filesystem::path(jwks_file_of(o.key_file)).filename();
    const auto loaded = config::load_file(config, config::process_environment());
    auto key = loaded.policy ? key_set_of(*loaded.policy, o.issuer, name) : missing_key_set(name, config);
    if (!key)
        return std::nullopt;
    return key->replace_filename(std::filesystem::path(o.key_file).filename()).string();
}

// Returns the key that signs: the one named by --key, or else the one that routes.yaml names. The key in the
// working directory is used if routes.yaml names a folder with only a copy of the public half.
std::string key_file_for(const token_options& o, const std::string& config)
{
    const auto named = o.key_given ? std::nullopt : named_key(o, config);
    const auto exists = [](const std::string& file) { return std::filesystem::exists(file); };
    return named && (exists(*named) || !exists(jwks_file_of(*named))) ? *named : o.key_file;
}

// Creates a key whose public half routes.yaml already names: the file can't be loaded before that half
// exists.
void make_key_that_is_named(const std::string& key_file, const std::string& config)
{
    const std::filesystem::path public_half = jwks_file_of(key_file);
    if (std::filesystem::exists(key_file) || std::filesystem::exists(public_half) ||
        text_of(config).find(public_half.filename().string()) == std::string::npos)
        return;
    report_created_key(open_dev_key(key_file, jose::algorithm::es256), key_file);
}

// Returns the settings of the token's issuer. An issuer that the policy does not list gets the defaults.
policy::issuer_settings settings_for(const token_options& o, const std::optional<std::string>& config)
{
    policy::issuer_settings i;
    if (config) {
        make_key_that_is_named(o.key_file, *config);
        const auto policy = load_policy(*config);
        if (!policy)
            throw input_error("the token needs the issuer from the file; correct the file first");
        if (const auto* chosen = choose_issuer(*policy, o))
            i = *chosen;
        else if (!o.issuer.empty())
            std::cerr << "note: " << *config << " does not trust issuer " << o.issuer << '\n';
    }
    if (!o.issuer.empty())
        i.issuer = o.issuer;
    if (!o.audience.empty())
        i.audience = {o.audience};
    if (i.issuer.empty())
        throw usage_error("there is no routes.yaml to take the issuer from; pass --issuer");
    if (i.any_tenant() && o.issuer.empty())
        throw usage_error("the issuer " + i.issuer + " has many tenants; name one with --issuer");
    if (!config && i.audience.empty())
        throw usage_error("there is no routes.yaml to take the audience from; pass --audience");
    return i;
}

// Prefers ES256, which makes short tokens; otherwise returns the first algorithm that the issuer accepts.
jose::algorithm algorithm_for(const policy::issuer_settings& i)
{
    if (i.algorithms.contains(jose::algorithm::es256))
        return jose::algorithm::es256;
    for (std::size_t n = 0; n < jose::algorithm_count; ++n)
        if (const auto a = static_cast<jose::algorithm>(n);
            i.algorithms.contains(a) && !jose::is_symmetric(a))
            return a;
    return jose::algorithm::es256;
}

void report_needed_settings(const dev_key& key, const policy::issuer_settings& i)
{
    std::cerr << "For this key's tokens to be accepted, routes.yaml needs:\n\n"
                 "issuers:\n"
                 "  - issuer: "
              << i.issuer << '\n';
    if (!i.audience.empty())
        std::cerr << "    audience: " << i.audience.front() << '\n';
    std::cerr << "    keys: file:" << key.jwks_file << "\n\n";
}

jose::signing_key key_for(const token_options& o, const policy::issuer_settings& i)
{
    if (!i.hmac_secret.empty() && !o.key_given)
        for (const auto a : {jose::algorithm::hs256, jose::algorithm::hs384, jose::algorithm::hs512})
            if (i.algorithms.contains(a))
                return jose::signing_key::from_secret(i.hmac_secret, a);
    auto opened = open_dev_key(o.key_file, algorithm_for(i));
    if (opened.created) {
        report_created_key(opened, o.key_file);
        report_needed_settings(opened, i);
    } else if (!takes_keys_from(i, opened.jwks_file)) {
        std::cerr << "note: for this token to be accepted, issuer " << i.issuer
                  << " needs keys: file:" << opened.jwks_file << " in routes.yaml\n";
    }
    return std::move(opened.key);
}

int run_token(token_options o)
{
    const auto config = find_config(o.config);
    if (config)
        o.key_file = key_file_for(o, *config);
    const auto issuer = settings_for(o, config);
    const auto claims = make_claims(o, issuer);
    const auto key = key_for(o, issuer);
    json::object header;
    if (issuer.access_token_only)
        header.emplace_back("typ", text("at+jwt"));
    std::cout << jose::sign_compact(key, json::serialize(claims), header) << '\n';
    return exit_fine;
}

} // namespace

void register_token(CLI::App& app, action& chosen)
{
    auto* command = app.add_subcommand("token", "sign a token with a local key, for development");
    auto o = std::make_shared<token_options>();
    add_config_option(*command, o->config);
    command->add_option("--scope", o->scope, "the scopes it has")->type_name("\"A B\"");
    command->add_option("--claims", o->claims, "more claims: JSON or a JSON file (- is standard input)")
        ->type_name("JSON|FILE");
    command->add_option("--expires", o->expires, "how long it is valid (1h); -1m makes an expired token")
        ->type_name("TIME");
    command->add_option("--subject", o->subject, "its sub (developer)")->type_name("SUB");
    command->add_option("--issuer", o->issuer, "its iss; by default an issuer of the file")->type_name("URL");
    command->add_option("--audience", o->audience, "its aud; by default that issuer's first")
        ->type_name("AUD");
    auto* key =
        command
            ->add_option("--key", o->key_file,
                         std::string("the private key, created if it is absent (") + default_key_file + ")")
            ->type_name("FILE");
    command->footer("Prints only the token on standard output.\n\n"
                    "Examples:\n"
                    "  scopegate token --scope \"read:appointments write:appointments\"\n"
                    "  curl -H \"Authorization: Bearer $(scopegate token --scope read:appointments)\" "
                    "http://127.0.0.1:8080/appointments\n"
                    "  scopegate token --claims '{\"roles\": [\"viewer\"]}' --expires 5m");
    command->callback([o, key, &chosen] {
        o->key_given = key->count() > 0;
        chosen = [o] { return run_token(*o); };
    });
}

} // namespace scopegate::cli
