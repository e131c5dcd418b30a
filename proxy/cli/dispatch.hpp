// Parses the command line, runs the command and returns the exit code: 0 on success, 1 if the input is wrong,
// 2 if the command line is wrong.
#pragma once

namespace scopegate::cli {

[[nodiscard]] int dispatch(int argc, char** argv);

} // namespace scopegate::cli
