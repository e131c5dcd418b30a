// Lists, written as YAML or as one text from outside the file: `${ORIGINS}` with the value "a,b" is a list of
// two. Such a text is never one item, because an item that holds a whole list matches nothing that its author
// meant.
#pragma once

#include "config/schema.hpp"

#include <vector>

namespace scopegate::config {

// Whether an environment variable or another file brought a comma into the text.
[[nodiscard]] bool holds_outside_list(const node& n);

// Returns the items of a list, or of a text from outside where a list is expected. Items from outside are
// split at commas, without blanks around them. An error that is found is reported, and its item left out.
[[nodiscard]] std::vector<node> list_items(compilation& c, const node& n);

// The same where one item may stand without its list.
[[nodiscard]] std::vector<node> one_or_list_items(compilation& c, const node& n);

} // namespace scopegate::config
