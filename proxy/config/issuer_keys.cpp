#include "config/issuer_keys.hpp"

#include "config/identifiers.hpp"
#include "config/issuer_access.hpp"
#include "config/key_material.hpp"
#include "config/urls.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace scopegate::config {

namespace {

std::vector<std::string> algorithm_names()
{
    std::vector<std::string> out;
    for (std::size_t i = 0; i < jose::algorithm_count; ++i)
        out.emplace_back(jose::name(static_cast<jose::algorithm>(i)));
    out.emplace_back(jose::ed25519_name);
    return out;
}

// RFC 7518 section 3.2: the key must be at least as long as the hash output.
std::size_t hash_size(jose::algorithm a) noexcept
{
    return a == jose::algorithm::hs256 ? 32 : a == jose::algorithm::hs384 ? 48 : 64;
}

struct algorithm_kinds {
    bool symmetric = false;
    bool asymmetric = false;
    jose::algorithm largest = jose::algorithm::hs256; // of the symmetric ones, by its hash
};
algorithm_kinds kinds_of(const jose::algorithm_set& set)
{
    algorithm_kinds out;
    for (std::size_t i = 0; i < jose::algorithm_count; ++i) {
        const auto a = static_cast<jose::algorithm>(i);
        if (!set.contains(a))
            continue;
        (jose::is_symmetric(a) ? out.symmetric : out.asymmetric) = true;
        if (jose::is_symmetric(a))
            out.largest = a;
    }
    return out;
}

void check_secret(compilation& c, issuer_entry& entry, const algorithm_kinds& named)
{
    if (entry.keys != nullptr)
        c.out.error(entry.keys->key_at, "an issuer has \"keys\" or a \"secret\", not both");
    entry.settings.keys = {policy::key_location::kind::none, {}};
    if (entry.algorithms == nullptr)
        c.out.error(entry.secret_at, "a secret needs HS256, HS384 or HS512 in \"algorithms\"");
    else if (!named.symmetric)
        c.out.error(entry.algorithms->at, "a secret is for HS256, HS384 or HS512 only");
    else if (entry.settings.hmac_secret.reveal().size() < hash_size(named.largest))
        c.out.error(entry.secret_at, "the secret has " +
                                         std::to_string(entry.settings.hmac_secret.reveal().size()) +
                                         " bytes: " + std::string(jose::name(named.largest)) +
                                         " needs at least " + std::to_string(hash_size(named.largest)));
}

// Only a warning: the file is watched, and may be written later.
void warn_about_key_set(compilation& c, const node& value, const std::string& path)
{
    const auto problem = problem_of_key_set(read_regular_file(path, max_named_file).text);
    if (!problem.empty())
        c.out.warn(
            warning::unusable_key_set, value.at,
            as_written(value) +
                " is not a usable key set; requests with tokens get 503 until it is fixed: " + problem);
}

// `scopegate token` makes its key set with its first token. So a missing one means that the command has not
// run yet.
bool lacks_development_keys(compilation& c, const node& value, std::string_view file)
{
    std::error_code ignored;
    if (file.substr(file.rfind('/') + 1) != "scopegate-dev-keys.json" ||
        std::filesystem::exists(c.files.absolute(file), ignored))
        return false;
    static_cast<void>(c.files.watch(file));
    c.out.error(
        value.at,
        "the file " + as_written(value, file) +
            " does not exist; for development, \"scopegate token\" creates it and signs tokens with its key");
    return true;
}

// Returns the node of a URL with a tenant in place of the placeholder, as it can be checked. Messages show
// the URL as it is written.
node filled_in(const node& n, const policy::tenant_pattern& pattern)
{
    auto out = n;
    if (out.from == node::origin::here) {
        out.from = node::origin::variable;
        out.written = n.text;
    }
    out.text = pattern.name_of("TENANT");
    return out;
}

bool check_key_url(compilation& c, const node& value, issuer_entry& into)
{
    const auto pattern = policy::tenant_pattern_of(value.text);
    const bool has_brace = value.text.find('{') != std::string::npos;
    if (pattern && into.tenants == nullptr)
        c.out.error(value.at, shown_url(value) + " contains a placeholder, which needs \"tenants\"");
    else if (!pattern && has_brace && into.tenants != nullptr)
        c.out.error(value.at, shown_url(value) + " may contain {tenant} only once, as a whole path segment");
    else {
        into.settings.key_pattern = pattern;
        return check_keys_url(c, pattern ? filled_in(value, *pattern) : value, into);
    }
    return false;
}

} // namespace

void read_keys_location(compilation& c, const node& value, issuer_entry& into)
{
    using kind = policy::key_location::kind;
    into.keys = &value;
    const auto text = read_text(c, value);
    if (!text || *text == "discover")
        return;
    if (text->starts_with("file:")) {
        const auto name = std::string_view(*text).substr(5);
        if (lacks_development_keys(c, value, name))
            return;
        if (auto path = read_file_name(c, value, name)) {
            warn_about_key_set(c, value, *path);
            into.settings.keys = {kind::file, std::move(*path)};
        }
    } else if (text->find("://") != std::string::npos) {
        if (check_key_url(c, value, into))
            into.settings.keys = {kind::url, *text};
    } else {
        const std::vector<std::string> words{"discover", "file:" + *text};
        auto found = ", found " + shown_url(value);
        if (const auto near = suggestion(*text, {words.data(), 1}); near.empty())
            found += value.from == node::origin::here ? "; did you mean " + in_quotes(words[1]) + "?" : "";
        else
            found += near;
        const bool printable = shown_url(value).front() == '"'; // it may contain a password
        c.out.error(value.at,
                    "expected discover, an https URL or file:PATH" + (printable ? found : std::string()));
    }
}

void read_algorithms(compilation& c, const node& value, issuer_entry& into)
{
    into.algorithms = &value;
    jose::algorithm_set named;
    for (const auto& name : read_text_list(c, value)) {
        if (const auto a = jose::algorithm_named(name.text))
            named.insert(*a);
        else if (name.text == "none")
            c.out.error(name.at, "\"none\" is never accepted: anyone could make such a token");
        else
            c.out.error(name.at,
                        "unknown algorithm " + name.shown + suggestion(name.text, algorithm_names()));
    }
    into.usable = into.usable && !named.empty();
    into.settings.algorithms = named;
}

void read_secret(compilation& c, const node& value, issuer_entry& into)
{
    into.secret_at = value.at;
    into.usable = into.usable && expect(c, value, node::kind::scalar);
    into.settings.hmac_secret = secret(value.text);
}

void check_keys_and_algorithms(compilation& c, issuer_entry& entry)
{
    if (!entry.usable)
        return;
    const auto named = kinds_of(entry.settings.algorithms);
    if (entry.algorithms != nullptr && named.symmetric && named.asymmetric)
        c.out.error(
            entry.algorithms->at,
            "HS algorithms can't be mixed with others: a public key must never be used as the secret");
    else if (entry.secret_at.line != 0)
        check_secret(c, entry, named);
    else if (entry.algorithms != nullptr && named.symmetric)
        c.out.error(entry.algorithms->at, "HS algorithms need a \"secret\" (or \"secret_file\")");
    const bool fetches = entry.settings.fetches_keys();
    if (entry.ca != nullptr && !fetches && entry.introspection == nullptr)
        c.out.warn(warning::idle_ca, entry.ca->key_at,
                   "\"ca\" has no effect: nothing is fetched for this issuer");
}

void check_issuer_name(compilation& c, const issuer_entry& entry)
{
    if (entry.settings.issuer.empty() || (entry.tenants != nullptr && !entry.settings.pattern))
        return;
    const auto& pattern = entry.settings.pattern;
    const auto checked = pattern && entry.tenants != nullptr ? filled_in(entry.name, *pattern) : entry.name;
    const auto& name = checked.text;
    if (const auto why = issuer_problem(name); !why.empty()) {
        c.out.error(entry.name.at, shown_url(entry.name) + why);
        return;
    }
    const bool discovers =
        entry.secret_at.line == 0 &&
        (entry.keys == nullptr ? entry.introspection == nullptr : entry.keys->text == "discover");
    const auto url = parse_web_url(name);
    if (!discovers) {
        if (url && !url->is_protected())
            c.out.warn(warning::issuer_without_https, entry.name.at,
                       "the issuer " + as_written(entry.name) +
                           " should be an https URL (RFC 8414); write the name that the tokens' iss has");
    } else if (check_keys_url(c, checked, entry) && !url->query.empty()) {
        c.out.error(entry.name.at,
                    shown_url(checked) + " has a query; an issuer must not have one (RFC 8414)");
    }
}

} // namespace scopegate::config
