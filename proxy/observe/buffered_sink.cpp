#include "observe/buffered_sink.hpp"

#include "observe/http_date.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace scopegate::observe {

namespace {

// A pipe of which poll says that it has room takes PIPE_BUF bytes without blocking, and no more is promised.
std::size_t piece_of(int descriptor) noexcept
{
    struct stat status {};
    const bool file = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
    return file ? 1024 * 1024 : PIPE_BUF;
}

bool has_room(int descriptor, std::chrono::milliseconds patience) noexcept
{
    pollfd asked{descriptor, POLLOUT, 0};
    return ::poll(&asked, 1, static_cast<int>(patience.count())) == 1 && asked.revents == POLLOUT;
}

} // namespace

buffered_sink::buffered_sink(int descriptor, std::size_t bound)
    : descriptor_(descriptor), piece_(piece_of(descriptor)), bound_(bound)
{
}

void buffered_sink::log(const spdlog::details::log_msg& message)
{
    const std::lock_guard lock(keeping_);
    if (kept_.size() + message.payload.size() >= bound_) {
        ++dropped_;
        return;
    }
    kept_.append(message.payload.data(), message.payload.size());
    kept_ += '\n';
}

// Moves what was kept to where it is sent from; the two strings swap their memory, so that neither grows
// anew.
bool buffered_sink::take_kept() noexcept
{
    sending_.clear();
    sent_ = 0;
    const std::lock_guard lock(keeping_);
    sending_.swap(kept_);
    if (dropped_ > 0) {
        sending_ +=
            R"({"level":"error","event":"log_lines_dropped","count":)" + std::to_string(dropped_) + "}\n";
        dropped_ = 0;
    }
    return !sending_.empty();
}

void buffered_sink::drain(std::chrono::milliseconds patience) noexcept
{
    const std::lock_guard lock(writing_);
    while (sent_ < sending_.size() || take_kept()) {
        if (!has_room(descriptor_, patience))
            return;
        const auto size = std::min(piece_, sending_.size() - sent_);
        const auto written = ::write(descriptor_, sending_.data() + sent_, size);
        if (written > 0)
            sent_ += static_cast<std::size_t>(written);
        else if (written < 0 && errno != EINTR)
            return; // nobody will read it any more, or not now; what is kept stays within its bound
    }
}

} // namespace scopegate::observe
