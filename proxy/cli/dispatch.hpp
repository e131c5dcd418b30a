// The command line: which command, with which options, and the exit code (0 fine, 1 the input is wrong, 2 the
// command line is wrong).
#pragma once

namespace scopegate::cli {

[[nodiscard]] int dispatch(int argc, char** argv);

} // namespace scopegate::cli
