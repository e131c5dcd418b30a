// Decides when a changed file may be read: never while a process is still writing it. A half-written
// routes.yaml can be valid but lack its `limit`.
#pragma once

#include <string>
#include <utility>

namespace scopegate {

// Returns device, inode, size and change time of a file, which together identify its version. Follows links,
// because Kubernetes swaps a symbolic link above the file. Returns `-` for a missing file.
[[nodiscard]] std::string fingerprint_of(const std::string& path);

// Returns whether a process has the file open for writing. Only the owner of the file or root can find out.
// Returns false for others, and on file systems that can't tell.
[[nodiscard]] bool is_open_for_writing(const std::string& path) noexcept;

// Accepts a change once two checks in a row have seen the same state. The caller chooses the time between
// checks.
class stability_check final {
public:
    // Returns whether the previous check saw the same state as `seen`.
    [[nodiscard]] bool is_stable(const std::string& seen)
    {
        const bool same = seen == before_;
        before_ = seen;
        return same;
    }

private:
    std::string before_;
};

} // namespace scopegate
