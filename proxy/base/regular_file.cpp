#include "base/regular_file.hpp"

#include "base/descriptor.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace scopegate {

file_content read_regular_file(const std::string& path, std::size_t max_size)
{
    if (path.find('\0') != std::string::npos)
        return {{}, "the name contains a NUL"};
    const descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    struct stat what {};
    if (!file.is_open() || ::fstat(file.get(), &what) != 0)
        return {{}, last_system_problem()};
    if (!S_ISREG(what.st_mode))
        return {{}, "it is not a regular file"};
    constexpr std::size_t piece = 64 * 1024;
    std::string text;
    // The text may be a secret. A string that is reallocated while it grows would leave a copy of a part
    // behind.
    text.reserve(std::min(static_cast<std::size_t>(what.st_size), max_size) + 2 * piece);
    for (;;) { // Reads to the end instead of the initial size: the file may grow meanwhile.
        const auto old_size = text.size();
        text.resize(old_size + piece);
        const auto got = ::read(file.get(), text.data() + old_size, text.size() - old_size);
        if (got < 0 && errno != EINTR)
            return {{}, last_system_problem()};
        text.resize(old_size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (text.size() > max_size)
            return {{}, "it is larger than " + std::to_string(max_size / 1024) + " KiB"};
        if (got == 0)
            return {std::move(text), {}};
    }
}

} // namespace scopegate
