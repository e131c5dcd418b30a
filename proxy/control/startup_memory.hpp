// Lets go of the memory that only the start needed: reading the file takes most of the program's code and libraries, and
// serving takes little of it.
#pragma once

namespace scopegate::control {

// Gives free heap back, and unmaps the pages of code and constants that were read so far; what is needed again comes back
// from the page cache at its next use. Any thread, at any time; costs a page fault per page that is in use.
void give_back_startup_memory() noexcept;

} // namespace scopegate::control
