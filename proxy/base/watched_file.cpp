#include "base/watched_file.hpp"

#include "base/descriptor.hpp"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/stat.h>

namespace scopegate {

std::string fingerprint_of(const std::string& path)
{
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0)
        return "-";
    return std::to_string(found.st_dev) + ':' + std::to_string(found.st_ino) + ':' +
           std::to_string(found.st_size) + ':' + std::to_string(found.st_mtim.tv_sec) + '.' +
           std::to_string(found.st_mtim.tv_nsec);
}

bool is_open_for_writing(const std::string& path) noexcept
{
    const descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    // The kernel grants a read lease only if nobody has the file open for writing. It signals a writer that
    // arrives while the lease is held. SIGURG is ignored by default; SIGIO would end the process.
    if (!file.is_open() || ::fcntl(file.get(), F_SETSIG, SIGURG) != 0)
        return false;
    if (::fcntl(file.get(), F_SETLEASE, F_RDLCK) != 0)
        return errno == EAGAIN;
    ::fcntl(file.get(), F_SETLEASE, F_UNLCK);
    return false;
}

} // namespace scopegate
