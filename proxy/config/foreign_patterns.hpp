// Finds patterns of other programs in templates: `*`, `:id`, `<id>`, `[id]`, `(.*)`. Here each would be a
// literal that no request contains, and a wider route would apply instead.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scopegate::config {

// Returns why a segment without braces is refused, and what to write instead. Returns an empty string for a
// literal. `last` means that no segment follows. Percent-encoded characters are always literal.
[[nodiscard]] std::string why_foreign(std::string_view segment, bool last);

// Returns why a segment with text beside its parameters is refused, such as `{id}*` and `^{id}$`. `texts` are
// before, between and behind the parameters. Returns an empty string if nothing resembles another dialect.
[[nodiscard]] std::string why_foreign_beside_parameters(std::string_view segment,
                                                        const std::vector<std::string_view>& texts);

// Returns what to write for a parameter of another dialect, such as `{id:[0-9]+}` or `{*path}`: "; did you
// mean ...?". Returns an empty string if the text resembles none.
[[nodiscard]] std::string suggest_parameter(std::string_view braced, bool last);

} // namespace scopegate::config
