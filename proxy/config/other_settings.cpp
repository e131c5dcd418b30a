// `paths:`, `metadata:`, `log:`, `mode:` and `unlisted:`, which have few keys each.
#include "config/compile.hpp"
#include "config/resources.hpp"
#include "config/values.hpp"

namespace scopegate::config {

namespace {

constexpr key<http::path_rules> path_keys[] = {
    {"case",
     [](compilation& c, const node& value, http::path_rules& into) {
         into.case_exact = read_word(c, value, {"fold", "exact"}) == 1U;
     }},
    {"encoded_slash",
     [](compilation& c, const node& value, http::path_rules& into) {
         into.keep_encoded_slash = read_word(c, value, {"reject", "keep"}) == 1U;
     }},
    {"semicolon",
     [](compilation& c, const node& value, http::path_rules& into) {
         into.keep_semicolon = read_word(c, value, {"reject", "keep"}) == 1U;
     }},
    {"format",
     [](compilation& c, const node& value, http::path_rules& into) {
         into.format =
             static_cast<http::format_rule>(read_word(c, value, {"reject", "drop", "keep"}).value_or(0U));
     }},
};

// Returns the URL of external_url, without a slash that only ends the host.
std::string text_of(const policy::external_url& url)
{
    return (url.tls ? "https://" : "http://") + url.authority + url.prefix;
}

constexpr key<policy::metadata_settings> metadata_keys[] = {
    {"resource",
     [](compilation& c, const node& value, policy::metadata_settings& into) {
         if (auto text = read_resource(c, value))
             into.resource = std::move(*text);
     },
     false, true},
    {"name",
     [](compilation& c, const node& value, policy::metadata_settings& into) {
         if (auto text = read_text(c, value))
             into.name = std::move(*text);
     },
     false, true},
    {"resources", read_resources},
};

constexpr key<policy::log_settings> log_keys[] = {
    {"level",
     [](compilation& c, const node& value, policy::log_settings& into) {
         if (const auto word = read_word(c, value, {"debug", "info", "warn", "error"}))
             into.at = static_cast<policy::log_settings::level>(*word);
     }},
    {"requests",
     [](compilation& c, const node& value, policy::log_settings& into) {
         if (const auto word = read_word(c, value, {"all", "denied", "off"}))
             into.which = static_cast<policy::log_settings::requests>(*word);
     }},
    {"paths",
     [](compilation& c, const node& value, policy::log_settings& into) {
         if (const auto word = read_word(c, value, {"none", "unmatched", "all"}))
             into.paths = static_cast<policy::log_settings::path_lines>(*word);
     }},
    {"unverified",
     [](compilation& c, const node& value, policy::log_settings& into) {
         into.unverified = read_flag(c, value).value_or(into.unverified);
     }},
    {"burst",
     [](compilation& c, const node& value, policy::log_settings& into) {
         if (const auto count = read_count(c, value, 0, 1'000'000))
             into.burst = *count;
     }},
};

} // namespace

void compile_paths(compilation& c, const node& value)
{
    read_keys(c, value, path_keys, c.policy.paths);
}

void compile_log(compilation& c, const node& value)
{
    read_keys(c, value, log_keys, c.policy.log);
}

void compile_mode(compilation& c, const node& value)
{
    c.policy.observe = read_word(c, value, {"enforce", "observe"}) == 1U;
}

void compile_unlisted(compilation& c, const node& value)
{
    c.policy.unlisted_authenticated = read_word(c, value, {"deny", "authenticated"}) == 1U;
    if (!c.policy.unlisted_authenticated)
        return;
    c.policy.unlisted_needs.needs = policy::requirement::kind::authenticated;
    c.policy.unlisted_needs.mark = value.key_at;
    c.policy.unlisted_needs.index = c.policy.requirement_count++;
}

bool names_resource(const node& metadata)
{
    return metadata.find("resource") != nullptr || metadata.find("resource_file") != nullptr;
}

// The default resource is external_url, whose host serves the document. The second choice is the first
// audience that can name a resource. Server and issuers have been compiled before.
void compile_metadata(compilation& c, const node* value)
{
    auto& metadata = c.policy.metadata;
    if (value != nullptr && value->is(node::kind::scalar)) {
        static_cast<void>(read_word(c, *value, {"off"}));
        return;
    }
    if (value != nullptr)
        read_keys(c, *value, metadata_keys, metadata);
    const auto& outside = c.policy.server.external_url;
    if (metadata.resource.empty() && outside && is_resource(text_of(*outside)))
        metadata.resource = text_of(*outside);
    for (const auto& issuer : c.policy.issuers)
        for (const auto& audience : issuer.audience)
            if (metadata.resource.empty() && is_resource(audience) && !is_of_a_resource(c.policy, audience))
                metadata.resource = audience;
    if (value != nullptr && value->is(node::kind::map) && metadata.resource.empty() &&
        metadata.resources.empty() && !names_resource(*value))
        c.out.warn(warning::no_metadata, value->at,
                   "no audience is an https URL: without \"resource\" there is no metadata document");
}

std::vector<section> other_sections()
{
    return {make_section("paths", path_keys), make_section("metadata", metadata_keys), resources_section(),
            make_section("log", log_keys)};
}

} // namespace scopegate::config
