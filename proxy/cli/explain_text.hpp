// Prints an explanation as text for a terminal.
#pragma once

#include "access/explain.hpp"

#include <ostream>
#include <string>

namespace scopegate::cli {

// Replaces control characters, which could repaint a terminal: a claim with "\u001b[2J" in it could display a
// decision that was never made.
[[nodiscard]] std::string visible(std::string text);

void print_text(const policy::policy& p, const access::explanation& e, std::ostream& out);

// Prints the members of a token, one per line, with dates next to times in seconds.
void print_claims(const tokens::unverified::members& claims, std::ostream& out);

} // namespace scopegate::cli
