// The target URI of a request (RFC 9110 section 7.1), compared with a URI that somebody wrote about the
// request: the `htu` of a DPoP proof. Pure.
#pragma once

#include "http/target.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace scopegate::http {

// How callers see a request. Views.
struct target_uri {
    bool tls = false;
    std::string_view authority; // host, or host:port; empty: nobody knows, and no URI fits
    std::string_view prefix;    // of the path, taken away in front of the gate; empty: none
    std::string_view path;      // normalised
};

// An http or https URI that somebody wrote, taken apart.
struct written_uri {
    bool tls = false;
    std::string_view authority;
    std::string_view path; // normalised
};

// Takes a URI apart: nothing for what is no http or https URI, has user information or a path that no request
// can have. Query and fragment are left out. The views are of `uri` or `scratch`, which is overwritten.
[[nodiscard]] std::optional<written_uri> read_target_uri(std::string_view uri, const path_rules& rules,
                                                         std::string& scratch);

// Returns whether the URI is that of the target, as the function below says.
[[nodiscard]] bool names_target(const written_uri& uri, const target_uri& target) noexcept;

// Whether `uri` is an http or https URI of that target after RFC 3986 sections 6.2.2 and 6.2.3: scheme and
// host in any letter case, a default port said or not, no path for `/`, the path as normalise_target has it
// by the same rules. Query and fragment play no part (RFC 9449 section 4.3); what has user information fits
// nothing. `scratch` is overwritten.
[[nodiscard]] bool names_target(std::string_view uri, const target_uri& target, const path_rules& rules,
                                std::string& scratch);

} // namespace scopegate::http
