// Lists, written as YAML or as one text from outside the file: `${ORIGINS}` with the value "a,b" is a list of
// two. Such a text is never a single item, because an item that contains a whole list would match nothing
// that its author meant.
#pragma once

#include "config/schema.hpp"

#include <vector>

namespace scopegate::config {

// Returns whether an environment variable or another file added a comma to the text.
[[nodiscard]] bool holds_outside_list(const node& n);

// Returns the items of a list, or of a text from outside if a list is expected. Text from outside is split at
// commas, and its items are trimmed. Reports errors and omits the items in question.
[[nodiscard]] std::vector<node> list_items(compilation& c, const node& n);

// Does the same if one item may be written without a list.
[[nodiscard]] std::vector<node> one_or_list_items(compilation& c, const node& n);

} // namespace scopegate::config
