// Parses the command line, runs the command and returns the exit code. 0 means success, 1 wrong input, and 2
// a wrong command line.
#pragma once

namespace scopegate::cli {

[[nodiscard]] int dispatch(int argc, char** argv);

} // namespace scopegate::cli
