// Fields and parameters by which a client names another method than its request line does.
#pragma once

#include "http/head_parser.hpp"

#include <string_view>

namespace scopegate::access {

// Returns whether a framework that honors overrides would serve another method than `method`, which the
// decision is about. `fields` may be null. `query` begins with `?`, or is empty. A body may name a method
// too; this function cannot see that.
[[nodiscard]] bool names_another_method(const http::field_list* fields, std::string_view query,
                                        std::string_view method) noexcept;

} // namespace scopegate::access
