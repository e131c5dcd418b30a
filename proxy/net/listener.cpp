#include "net/listener.hpp"

#include "net/listening_sockets.hpp"

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace scopegate::net {

namespace {

[[noreturn]] void fail(const stream_endpoint& address, const char* doing)
{
    const error_code why(errno, boost::system::system_category()); // before to_text() changes errno
    throw boost::system::system_error(why, std::string("can't ") + doing + " " + to_text(address));
}

[[noreturn]] void fail_for_other_file(const std::string& path)
{
    throw boost::system::system_error({EEXIST, boost::system::system_category()},
                                      "can't listen on unix:" + path +
                                          ": the file is not a socket; remove it or choose another path");
}

std::string path_of(const stream_endpoint& unix_address)
{
    return to_text(unix_address).substr(5);
}

// Removes the unix socket file of a killed process: no process accepts connections on it.
void remove_stale_unix_socket(const stream_endpoint& address, const std::string& path)
{
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode))
        return;
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool refused = ::connect(probe, address.data(), static_cast<socklen_t>(address.size())) != 0 &&
                         errno == ECONNREFUSED;
    ::close(probe);
    if (refused)
        ::unlink(path.c_str());
}

// Returns whether the path holds a file that we must not replace.
bool is_other_file(const std::string& path)
{
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 && !S_ISSOCK(found.st_mode);
}

// For lchown(): leave the group as it is. So it is no group's number.
constexpr gid_t same_group = static_cast<gid_t>(-1);

// Returns the number of a group. Throws boost::system::system_error for an unknown name.
gid_t group_of(const std::string& name)
{
    gid_t number = 0;
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (failed == std::errc() && end == name.data() + name.size() && number != same_group)
        return number;
    std::vector<char> buffer(64UL * 1024); // the members of a large group fit
    ::group entry{};
    ::group* found = nullptr;
    if (::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        throw boost::system::system_error({ENOENT, boost::system::system_category()},
                                          "there is no group \"" + name + "\"");
    return found->gr_gid;
}

// Gives a unix socket's file its mode and group, whatever the umask is. On Linux bind() gives the file the
// socket's mode minus the umask. At first only the owner has access, since the file still has our own group.
// Clients can't connect before listen(). A link that another user of the folder puts in the file's place is
// not followed.
int bind_with_access(int fd, const stream_endpoint& address, const socket_file& file)
{
    const auto path = path_of(address);
    const auto group = file.group.empty() ? std::nullopt : std::optional(group_of(file.group));
    ::fchmod(fd, file.mode & S_IRWXU);
    int failed = ::bind(fd, address.data(), static_cast<socklen_t>(address.size()));
    if (failed == 0 && group)
        failed = ::lchown(path.c_str(), static_cast<uid_t>(-1), *group);
    return failed != 0 ? failed : ::fchmodat(AT_FDCWD, path.c_str(), file.mode, AT_SYMLINK_NOFOLLOW);
}

int open_listening(const stream_endpoint& address, bool share_port, const socket_file& file = {})
{
    const int family = address.data()->sa_family;
    const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        fail(address, "open");
    const int on = 1;
    if (family != AF_UNIX) {
        ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (share_port)
            ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // inherited by accepted sockets
    }
    const int unbound = family == AF_UNIX
                            ? bind_with_access(fd, address, file)
                            : ::bind(fd, address.data(), static_cast<socklen_t>(address.size()));
    if (unbound != 0 || ::listen(fd, 4096) != 0) {
        const int why = errno;
        ::close(fd);
        errno = why;
        fail(address, "listen on");
    }
    return fd;
}

// Listens on a neighboring path first and then renames it, so that the path accepts connections at every
// moment.
int replace_unix_socket(const stream_endpoint& address, const std::string& path, const socket_file& file)
{
    const auto beside = path + '~';
    if (is_other_file(beside))
        fail_for_other_file(beside);
    ::unlink(beside.c_str());
    const int fd = open_listening(unix_endpoint(beside), false, file);
    if (::rename(beside.c_str(), path.c_str()) == 0)
        return fd;
    const int why = errno;
    ::unlink(beside.c_str());
    ::close(fd);
    errno = why;
    fail(address, "listen on");
}

ino_t inode_of(const std::string& path) noexcept
{
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

} // namespace

bound_listener::bound_listener(const stream_endpoint& address, unsigned count, bool take_over,
                               const socket_file& file)
    : address_(address)
{
    const bool is_unix = address.data()->sa_family == AF_UNIX;
    if (is_unix) {
        const auto path = path_of(address);
        if (is_other_file(path))
            fail_for_other_file(path);
        if (!take_over)
            remove_stale_unix_socket(address, path);
        descriptors_.push_back(take_over ? replace_unix_socket(address, path, file)
                                         : open_listening(address, false, file));
        unix_path_ = path;
        unix_inode_ = inode_of(path);
        while (descriptors_.size() < count)
            descriptors_.push_back(::fcntl(descriptors_.front(), F_DUPFD_CLOEXEC, 0));
        return;
    }
    // Bind without SO_REUSEPORT first. With it, a second process of the same user would silently share a port
    // in use. A forgotten policy would then serve half of the connections.
    if (!take_over)
        ::close(open_listening(address, false));
    descriptors_.push_back(open_listening(address, true));
    auto length = static_cast<socklen_t>(address_.capacity());
    ::getsockname(descriptors_.front(), address_.data(), &length);
    address_.resize(length);
    while (descriptors_.size() < count)
        descriptors_.push_back(open_listening(address_, true));
}

bound_listener::bound_listener(bound_listener&& other) noexcept
    : address_(other.address_), descriptors_(std::exchange(other.descriptors_, {})),
      unix_path_(std::exchange(other.unix_path_, {})), unix_inode_(other.unix_inode_)
{
}

bound_listener::~bound_listener()
{
    for (const int fd : descriptors_)
        if (fd >= 0)
            ::close(fd);
    if (!unix_path_.empty() && inode_of(unix_path_) == unix_inode_)
        ::unlink(unix_path_.c_str());
}

std::vector<ino_t> bound_listener::inodes() const
{
    std::vector<ino_t> out;
    for (const int fd : descriptors_)
        if (fd >= 0)
            out.push_back(inode_of_socket(fd));
    return out;
}

int bound_listener::release(unsigned worker)
{
    return std::exchange(descriptors_.at(worker), -1);
}

acceptor::acceptor(asio::io_context& context, int descriptor, on_accept accepted,
                   on_no_descriptors no_descriptors)
    : descriptor_(context.get_executor(), descriptor), pause_(context), accepted_(std::move(accepted)),
      no_descriptors_(std::move(no_descriptors))
{
}

void acceptor::start()
{
    wait();
}

void acceptor::revive()
{
    if (!awaited_ && descriptor_.is_open())
        wait();
}

void acceptor::wait()
{
    descriptor_.async_wait(asio::posix::descriptor_base::wait_read, [this](const error_code& failed) {
        if (failed == asio::error::operation_aborted || !descriptor_.is_open())
            return;
        awaited_ = false;
        if (!failed && accept_some() != queue::stuck) {
            wait();
            return;
        }
        // Out of descriptors or memory: pending connections stay in the queue, and accepting is retried soon.
        pause_.expires_after(std::chrono::milliseconds(50));
        pause_.async_wait([this](const error_code& stopped) {
            awaited_ = false;
            if (!stopped && descriptor_.is_open())
                wait();
        });
        awaited_ = true;
    });
    awaited_ = true;
}

acceptor::queue acceptor::accept_some()
{
    // Accept a bounded batch, so that a flood of connections does not starve the open ones.
    for (int i = 0; i < 64; ++i) {
        stream_endpoint remote;
        auto length = static_cast<socklen_t>(remote.capacity());
        const int fd =
            ::accept4(descriptor_.native_handle(), remote.data(), &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK)
                return queue::empty;
            if ((errno == EMFILE || errno == ENFILE) && no_descriptors_)
                no_descriptors_();
            return queue::stuck;
        }
        remote.resize(length);
        accepted_(fd, remote);
    }
    return queue::longer;
}

void acceptor::stop()
{
    if (!descriptor_.is_open())
        return;
    while (accept_some() == queue::longer) {
    }
    pause_.cancel();
    error_code ignored;
    descriptor_.close(ignored);
}

} // namespace scopegate::net
