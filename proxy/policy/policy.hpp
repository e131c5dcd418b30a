// One compiled routes.yaml: immutable, shared by all workers, one generation per load. A request pins the
// generation it started with.
#pragma once

#include "http/readings.hpp"
#include "policy/limit.hpp"
#include "policy/route_tree.hpp"
#include "policy/settings.hpp"

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::policy {

struct route_match {
    enum class outcome : std::uint8_t { route, unlisted, wrong_method, no_route };
    outcome found = outcome::no_route;
    const route* matched = nullptr;     // null for unlisted paths and no_route
    const requirement* needs = nullptr; // null for wrong_method and no_route
    parameters values;
};

class policy final {
public:
    policy() = default;
    policy(const policy&) = delete; // routes are pointed to: it stays where it was made
    policy& operator=(const policy&) = delete;

    // --- filled by config/ ---
    std::string file; // routes.yaml's path, for messages
    scope_registry scopes;
    std::deque<route> routes;
    route_tree exact;  // over the templates' own literals
    route_tree folded; // over their folded literals (http::fold_path)
    std::vector<std::vector<const route*>>
        folded_alike; // by index of the first route of a folded shape: all that share it; else empty
    requirement unlisted_needs; // what `unlisted: authenticated` asks for
    bool unlisted_authenticated = false;
    std::uint32_t requirement_count = 0; // requirement::index runs below it
    std::vector<issuer_settings> issuers;
    std::string keys_cache; // the absolute path of a folder for last good key sets; empty: memory only
    std::chrono::seconds keys_max_age{0}; // how old keys may get while fetches fail; 0: no limit
    struct limit limit;
    server_settings server;
    upstream_settings upstream;
    http::path_rules paths;
    token_settings tokens;
    cors_settings cors;
    metadata_settings metadata;
    log_settings log;
    bool observe = false; // top-level `mode: observe`

    // --- asked by everyone ---
    // Step 3 (spec 2.1): a normalised path and a method. Allocates nothing; pointers live as long as the
    // policy. CONNECT and TRACE are wrong_method on a listed path and no_route on others, whatever `unlisted`
    // says.
    [[nodiscard]] route_match match(std::string_view path, std::string_view method) const noexcept;

    // Step 2's last rule: whether the folded form of the path, if an upstream took it for that, reaches a
    // template other than the matched one whose requirement for the method differs (none, or an unlisted
    // path, counts as a difference). Templates that fold alike and are declared side by side do not count
    // against each other. All that share the reached template's folded shape must agree; a `where` agrees
    // only if it would read the same value. `match` is that of the path itself; one that is refused anyway
    // (no needs) is no lookalike. Allocates nothing.
    [[nodiscard]] bool is_lookalike(std::string_view folded_path, std::string_view method,
                                    const route_match& match) const noexcept;

    // The same for one reading of several. Where the upstream is known to drop formats (paths.format), a
    // `where` must read the same value with and without.
    [[nodiscard]] bool is_lookalike(const http::read_path& read, std::string_view method,
                                    const route_match& match) const noexcept;

    // Which segments of a path that looks like a script or like a name with a format the matched route has as
    // literals.
    [[nodiscard]] static http::spelled_out spelled_out(std::string_view path,
                                                       const route_match& match) noexcept;

    // The top-level claims that the conditions of any requirement look at, each once: all of a token that is
    // asked for again with each request.
    [[nodiscard]] std::vector<std::string> claims_of_conditions() const;

    // `realm` of challenges: the first issuer's first audience, or its issuer where it has none.
    [[nodiscard]] std::string_view realm() const noexcept;
};

} // namespace scopegate::policy
