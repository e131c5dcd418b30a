// How the program asks for memory, and how it lets go of what only the start needed: reading the file takes
// most of the program's code and libraries, and serving takes little of it.
#pragma once

namespace scopegate::control {

// All threads share one heap, which grows by a mebibyte at a time. A heap per thread, the C library's
// default, grows page by page with a system call for each, and new tokens are what fills it; the hot path
// asks for no memory, so that workers hardly meet at the one heap's lock. Free memory at the heap's end goes
// back from two mebibytes on, and the rest when memory_keeper trims. Blocks of 128 KiB are mapped for
// themselves, however often they come: by default the C library learns to keep ever larger ones. Before the
// first thread is started.
void share_one_heap() noexcept;

// Gives free heap back, and unmaps the pages of code and constants that were read so far; what is needed
// again comes back from the page cache at its next use. Any thread, at any time; costs a page fault per page
// that is in use.
void give_back_startup_memory() noexcept;

} // namespace scopegate::control
