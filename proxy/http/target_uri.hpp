// Compares the target URI of a request (RFC 9110 section 7.1) with a URI that a client wrote about the
// request: the `htu` of a DPoP proof. Pure.
#pragma once

#include "http/target.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace scopegate::http {

// A request's target as clients see it. Views.
struct target_uri {
    bool tls = false;
    std::string_view authority; // host, or host:port; empty if unknown, and then no URI matches
    std::string_view prefix;    // path prefix that was removed in front of Scopegate; may be empty
    std::string_view path;      // normalized
};

// The parts of an http or https URI that a client wrote.
struct written_uri {
    bool tls = false;
    std::string_view authority;
    std::string_view path; // normalized
};

// Splits a URI. Returns nothing if it is not an http or https URI, contains user information, or has a path
// that no request can have. Ignores query and fragment. The views point into `uri` or `scratch`, which is
// overwritten.
[[nodiscard]] std::optional<written_uri> read_target_uri(std::string_view uri, const path_rules& rules,
                                                         std::string& scratch);

// Returns whether the URI is that of the target, by the rules of the function below.
[[nodiscard]] bool names_target(const written_uri& uri, const target_uri& target) noexcept;

// Returns whether `uri` is an http or https URI of that target after RFC 3986 sections 6.2.2 and 6.2.3.
// Scheme and host are compared ignoring letter case. The default port may be present or absent, and an empty
// path equals `/`. The path is normalized by the same rules as in normalize_target. Query and fragment are
// ignored (RFC 9449 section 4.3). A URI with user information never matches. `scratch` is overwritten.
[[nodiscard]] bool names_target(std::string_view uri, const target_uri& target, const path_rules& rules,
                                std::string& scratch);

} // namespace scopegate::http
