// When a file that changed may be read: not while somebody still writes it. A half-written routes.yaml can be
// valid and lack its `limit`.
#pragma once

#include <string>
#include <utility>

namespace scopegate {

// Tells a file from its later selves by device, inode, size and time of change. Follows links, because
// Kubernetes swaps a symbolic link above the file. `-` for a file that is not there.
[[nodiscard]] std::string fingerprint_of(const std::string& path);

// Returns whether a process has the file open for writing. Only the owner of a file, or root, can find out:
// false for others, and on file systems that cannot tell.
[[nodiscard]] bool is_open_for_writing(const std::string& path) noexcept;

// Notices a change once two looks in a row have seen the same. Time between looks is the caller's matter.
class two_looks final {
public:
    // Whether `seen` is what the look before saw, too.
    [[nodiscard]] bool agree(const std::string& seen)
    {
        const bool same = seen == before_;
        before_ = seen;
        return same;
    }

private:
    std::string before_;
};

} // namespace scopegate
