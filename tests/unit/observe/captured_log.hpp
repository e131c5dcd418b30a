// Redirects the log into a pipe for the lifetime of this object.
#pragma once

#include "observe/log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace scopegate::observe {

class captured_log final {
public:
    explicit captured_log(level at = level::info, log_form form = log_form::json)
    {
        if (::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) != 0)
            throw std::runtime_error("pipe2");
        open_log(at, form, ends_[1]);
    }
    ~captured_log()
    {
        open_log(level::warn, log_form::text, 2);
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    captured_log(const captured_log&) = delete;
    captured_log& operator=(const captured_log&) = delete;

    // Returns the bytes written since the last call, without flushing.
    [[nodiscard]] std::string written() const
    {
        std::string all;
        char piece[65536];
        for (;;) {
            const auto n = ::read(ends_[0], piece, sizeof piece);
            if (n <= 0)
                return all;
            all.append(piece, static_cast<std::size_t>(n));
        }
    }
    // Returns the same once it has this many lines, or fewer lines after 10 s.
    [[nodiscard]] std::string awaited(std::ptrdiff_t lines) const
    {
        std::string all;
        pollfd ready{ends_[0], POLLIN, 0};
        while (std::count(all.begin(), all.end(), '\n') < lines && ::poll(&ready, 1, 10'000) == 1)
            all += written();
        return all;
    }
    [[nodiscard]] std::string flushed() const
    {
        flush_log();
        return written();
    }

private:
    int ends_[2] = {-1, -1};
};

} // namespace scopegate::observe
