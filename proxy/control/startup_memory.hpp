// Configures the heap, and releases memory that only the start needed. Reading the policy uses most of the
// program's code and libraries; serving uses little of it.
#pragma once

namespace scopegate::control {

// Makes all threads share one heap, which grows by a mebibyte at a time. The C library's default, a heap per
// thread, grows page by page with one system call each, and new tokens are what fills it. The hot path does
// not allocate, so workers rarely contend for the heap's lock.
//
// Free memory at the heap's end is returned from two mebibytes on, and the rest when memory_keeper trims.
// Blocks of 128 KiB and more are always mapped separately: by default the C library learns to keep ever
// larger ones. Call this before the first thread starts.
void use_single_arena() noexcept;

// Returns free heap to the system, and unmaps the pages of code and constants that were used so far. A page
// that is needed again comes back from the page cache, at the cost of one page fault. May be called on any
// thread at any time.
void release_startup_memory() noexcept;

} // namespace scopegate::control
