// POST /limit: while an authorization server issues a token, it asks which of the requested scopes the user's
// claims allow. Changes nothing and stores nothing.
#pragma once

#include "admin/page.hpp"
#include "control/service.hpp"

#include <boost/system/result.hpp>

#include <string>
#include <string_view>

namespace scopegate::admin {

// Says what is wrong with a request to /limit. Never repeats the claims.
struct bad_cap_request {
    std::string why;
};
[[noreturn]] void throw_exception_from_error(const bad_cap_request& q, const boost::source_location& where);

// Applies the policy's scope caps. `question` is strict JSON with exactly two members:
// {"scopes":["read:a"],"claims":{...}}. Returns {"scopes":[...],"removed":[...]}.
[[nodiscard]] boost::system::result<std::string, bad_cap_request>
cap_requested_scopes(const policy::policy& p, std::string_view question);

// Returns 200 with that result, or 400 with what is wrong.
[[nodiscard]] response scope_cap_page(const request& asked, control::service& shown);

} // namespace scopegate::admin
