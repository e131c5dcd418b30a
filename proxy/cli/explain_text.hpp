// An explanation as text for a terminal.
#pragma once

#include "access/explain.hpp"

#include <ostream>
#include <string>

namespace scopegate::cli {

// Returns the text without what could repaint a terminal: a claim with "\u001b[2J" in it could show another
// decision than the one that was made.
[[nodiscard]] std::string visible(std::string text);

void print_text(const policy::policy& p, const access::explanation& e, std::ostream& out);

// Prints the members of a token, one on each line, with dates beside the seconds.
void print_claims(const tokens::unverified::members& said, std::ostream& out);

} // namespace scopegate::cli
