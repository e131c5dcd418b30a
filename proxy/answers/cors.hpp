// Cross-origin requests of browser applications (`cors:`, the Fetch standard): preflights are answered here,
// and our own refusals and the API's answers can be read by the origins that the file allows; an API that
// says itself with whom it shares an answer has the last word. Pure; without `cors:` nothing of this happens.
#pragma once

#include "answers/answer_book.hpp"
#include "http/head_parser.hpp"
#include "http/target.hpp"

#include <variant>

namespace scopegate::answers {

// Whether the request is a preflight that is answered here: OPTIONS with Origin and
// Access-Control-Request-Method. Any other OPTIONS is a request like any, and all are without `cors:`.
[[nodiscard]] bool is_preflight(const policy::policy& p, std::string_view method,
                                const http::field_list& fields) noexcept;

// Its answer. To an allowed origin: what it may send, where the asked-for method has a route; otherwise the
// refusal that the request itself would get, so that default deny is logged and told as such. To any other
// origin an answer that allows nothing, whatever the path: it learns nothing of the routes.
[[nodiscard]] std::variant<answer, policy::denial>
answer_preflight(const policy::policy& p, const http::field_list& fields,
                 const result<http::request_target>& target);

// Lets the origin that asked read the answer, where it is allowed to.
void share(const policy::cors_settings& cors, const http::field_list& fields, answer& a);

// The same for an answer of the API's to a request with the fields `asked`: appends the lines (CRLF each)
// that its head lacks. None where it has Access-Control-Allow-Origin: two of them are as good as none to a
// browser.
void append_sharing(const policy::cors_settings& cors, const http::field_list& asked,
                    const http::field_list& answered, std::string& lines);

} // namespace scopegate::answers
