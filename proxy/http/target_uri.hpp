// The target URI of a request (RFC 9110 section 7.1), compared with a URI that somebody wrote about the
// request: the `htu` of a DPoP proof. Pure.
#pragma once

#include "http/target.hpp"

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

// Whether `uri` is an http or https URI of that target after RFC 3986 sections 6.2.2 and 6.2.3: scheme and
// host in any letter case, a default port said or not, no path for `/`, the path as normalise_target has it
// by the same rules. Query and fragment play no part (RFC 9449 section 4.3); what has user information fits
// nothing. `scratch` is overwritten.
[[nodiscard]] bool names_target(std::string_view uri, const target_uri& target, const path_rules& rules,
                                std::string& scratch);

} // namespace scopegate::http
