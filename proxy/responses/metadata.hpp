// Builds protected resource metadata (RFC 9728): the document that tells applications the scopes and the
// authorization servers, and its location. Everything comes from the policy, nothing from a request.
#pragma once

#include "policy/policy.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace scopegate::responses {

inline constexpr std::string_view metadata_well_known = "/.well-known/oauth-protected-resource";

// Returns the URL that names a resource (an index as in requirement::resource). Empty if it has none.
[[nodiscard]] const std::string& resource_url(const policy::policy& p, std::size_t resource);

// Returns the JSON document about a resource, or an empty string if it has no URL. With several resources, a
// document lists the scopes that the routes of its resource need, and otherwise all.
[[nodiscard]] std::string metadata_document(const policy::policy& p, std::size_t resource = 0);

// Returns the document's URL: the well-known path, inserted between host and path (section 3.1). `resource`
// is an http(s) URL.
[[nodiscard]] std::string metadata_url(std::string_view resource);

// Returns the normalized paths that serve it: the plain one and, for a resource with a path, the suffixed
// one.
[[nodiscard]] std::vector<std::string> metadata_paths(std::string_view resource,
                                                      const http::path_rules& rules);

} // namespace scopegate::responses
