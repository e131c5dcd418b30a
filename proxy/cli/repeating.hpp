// Calls a function periodically on an io_context until this object is destroyed, for example to flush the log
// or to poll files.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <utility>

namespace scopegate::cli {

class repeating final {
public:
    // The first call happens after one period. The io_context must outlive this object.
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
            wait(); // first, so that an exception from f_ does not end the repetition
            f_();
        });
    }
    boost::asio::steady_timer timer_;
    std::chrono::milliseconds every_;
    std::function<void()> f_;
};

} // namespace scopegate::cli
