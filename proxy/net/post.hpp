// Posts work to a thread that must get it, even where memory is short for a while: waits until there is some.
// The thread that runs the context must not wait, for its work may be what frees memory: there it throws
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
void post_surely(asio::io_context& to, const F& work)
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
