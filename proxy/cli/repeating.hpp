// Calls a function again and again on an io_context, until the object goes: flushing the log, looking at
// files.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <utility>

namespace scopegate::cli {

class repeating final {
public:
    // The first call comes after one period. The io_context must outlive this.
    repeating(boost::asio::io_context& on, std::chrono::milliseconds every, std::function<void()> f)
        : timer_(on), every_(every), f_(std::move(f))
    {
        wait();
    }

private:
    void wait()
    {
        timer_.expires_after(every_);
        timer_.async_wait([this](const boost::system::error_code& stopped) {
            if (stopped)
                return;
            wait(); // first: what f_ throws must not end it
            f_();
        });
    }
    boost::asio::steady_timer timer_;
    std::chrono::milliseconds every_;
    std::function<void()> f_;
};

} // namespace scopegate::cli
