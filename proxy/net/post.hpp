// Posts work to a thread that must get it. If memory is short, waits until the post succeeds. The thread that
// runs the context must not wait, because its own work may be what frees memory: there this throws
// std::bad_alloc.
#pragma once

#include "net/asio.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <new>
#include <thread>

namespace scopegate::net {

template <class F>
void post_with_retry(asio::io_context& to, const F& work)
{
    for (;;) {
        try {
            asio::post(to, work);
            return;
        } catch (const std::bad_alloc&) {
            if (to.get_executor().running_in_this_thread())
                throw;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
}

} // namespace scopegate::net
