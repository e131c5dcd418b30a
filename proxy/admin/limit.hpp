// POST /limit (spec 2.4): an authorization server asks, while it issues a token, which of the scopes that an
// application wants its user's claims allow. Changes nothing and remembers nothing.
#pragma once

#include "admin/page.hpp"
#include "control/service.hpp"

#include <boost/system/result.hpp>

#include <string>
#include <string_view>

namespace scopegate::admin {

// What is wrong with a question, in words for who asked. Repeats nothing of the claims.
struct bad_question {
    std::string why;
};
[[noreturn]] void throw_exception_from_error(const bad_question& q, const boost::source_location& where);

// {"scopes":["read:a"],"claims":{...}}, strict JSON with just these two members, as the rules of the policy
// have it: {"scopes":[...],"removed":[...]}.
[[nodiscard]] boost::system::result<std::string, bad_question> limit_scopes(const policy::policy& p,
                                                                            std::string_view question);

// The same as a page: 200, or 400 with what is wrong.
[[nodiscard]] response limit_page(const request& asked, control::service& shown);

} // namespace scopegate::admin
