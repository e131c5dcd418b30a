// Protected resource metadata (RFC 9728): the document that tells applications which scopes there are and who
// issues tokens, and where it lies. Everything comes from the file, nothing from a request.
#pragma once

#include "policy/policy.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace scopegate::answers {

inline constexpr std::string_view metadata_well_known = "/.well-known/oauth-protected-resource";

// The JSON document, or empty where the policy names no resource.
[[nodiscard]] std::string metadata_document(const policy::policy& p);

// The document's URL: the well-known path put between host and path (section 3.1). `resource`: an http(s)
// URL.
[[nodiscard]] std::string metadata_url(std::string_view resource);

// The normalised paths it is served at: the plain one and, for a resource with a path, the suffixed one.
[[nodiscard]] std::vector<std::string> metadata_paths(std::string_view resource,
                                                      const http::path_rules& rules);

} // namespace scopegate::answers
