// One compiled routes.yaml: immutable and shared by all workers. Each load makes a new policy and publishes
// it as a snapshot. A request keeps the snapshot that it started with.
#pragma once

#include "http/readings.hpp"
#include "policy/route_tree.hpp"
#include "policy/scope_cap.hpp"
#include "policy/settings.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::policy {

struct route_match {
    // `ambiguous`: a template matches, but its parameters can be read in several ways.
    enum class outcome : std::uint8_t { route, unlisted, wrong_method, no_route, ambiguous };
    outcome found = outcome::no_route;
    const route* matched = nullptr;     // null for unlisted paths and no_route
    const requirement* needs = nullptr; // null for wrong_method, no_route and ambiguous
    parameters values;
};

class policy final {
public:
    policy() = default;
    policy(const policy&) = delete; // not movable, because pointers refer to its routes
    policy& operator=(const policy&) = delete;

    // --- filled by config/ ---
    std::string file; // routes.yaml's path, for messages
    scope_registry scopes;
    std::deque<route> routes;
    route_tree exact;                               // over the templates' own literals
    route_tree folded{route_tree::matching::loose}; // over their folded literals (http::fold_path)
    // Indexed by the first route of a folded shape: all routes that share the shape. Empty at other indexes.
    std::vector<std::vector<const route*>> folded_alike;
    requirement unlisted_needs; // the requirement of `unlisted: authenticated`
    bool unlisted_authenticated = false;
    std::uint32_t requirement_count = 0; // requirement::index is below it
    std::vector<issuer_settings> issuers;
    std::string keys_cache; // the absolute path of a folder for the last good key sets; empty: memory only
    std::chrono::seconds keys_max_age{0}; // how old keys may get while fetches fail; 0: no limit
    struct scope_cap scope_cap;
    server_settings server;
    upstream_settings upstream;
    // Indexed by route::settings. The first is the server's own, which all other routes and unlisted paths
    // share.
    std::vector<route_settings> settings = std::vector<route_settings>(1);
    http::path_rules paths;
    token_settings tokens;
    cors_settings cors;
    metadata_settings metadata;
    log_settings log;
    bool observe = false; // top-level `mode: observe`

    // --- used by all other components ---

    // Matches a normalized path and a method. Allocates nothing. Pointers live as long as the policy. CONNECT
    // and TRACE yield wrong_method on a listed path and no_route on others, even with `unlisted:
    // authenticated`.
    [[nodiscard]] route_match match(std::string_view path, std::string_view method) const noexcept;

    // Returns the settings of requests that match the route: its own, or the server's. Null means no route.
    // Allocates nothing. The reference lives as long as the policy.
    [[nodiscard]] const route_settings& settings_of(const route* matched) const noexcept
    {
        return settings[matched != nullptr ? matched->settings : 0];
    }

    // Returns whether the path is a lookalike: an upstream that uses the folded form would reach another
    // template than the matched one, with another requirement for the method. A missing requirement and an
    // unlisted path count as a difference. Templates that fold alike and are declared side by side do not
    // count against each other. All templates that share the reached template's folded shape must agree. Two
    // `where` conditions agree only if they read the same value. `match` is the match of the path itself. A
    // match that is refused anyway (no needs) is never a lookalike. Allocates nothing.
    [[nodiscard]] bool is_lookalike(std::string_view folded_path, std::string_view method,
                                    const route_match& match) const noexcept;

    // Does the same for one of several readings. If the upstream drops formats (paths.format), it must lose
    // no text of a value that a `where` reads, nor with a value the text that tells two routes apart.
    [[nodiscard]] bool is_lookalike(const http::read_path& read, std::string_view method,
                                    const route_match& match) const noexcept;

    // Returns which segments of the path are literals of the matched route: the one that looks like a script,
    // and the one that looks like a name with a format.
    [[nodiscard]] static http::spelled_out spelled_out(std::string_view path,
                                                       const route_match& match) noexcept;

    // Returns the top-level claims that the conditions of any requirement read, each once. Only these claims
    // of a cached token are needed again with each request.
    [[nodiscard]] std::vector<std::string> claims_of_conditions() const;

    // Returns the index of the issuer whose tokens have this `iss`. An issuer of exactly this name goes
    // before one of all tenants. Allocates nothing.
    [[nodiscard]] std::optional<std::size_t> issuer_named(std::string_view iss) const noexcept;

    // Returns the `realm` of challenges: the first issuer's first audience, or the issuer itself if it has
    // none.
    [[nodiscard]] std::string_view realm() const noexcept;
};

} // namespace scopegate::policy
