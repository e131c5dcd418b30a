#include "wire/stream.hpp"

#include "net/deadlines.hpp"

namespace scopegate::wire {

net::task<flush_result> flush_all(stream& to, std::chrono::milliseconds pause)
{
    for (;;) {
        const auto sent = to.flush();
        if (sent != flush_result::would_block)
            co_return sent;
        const auto woken = co_await to.writable(net::coarse_now() + pause);
        if (woken != net::readiness::ready)
            co_return woken == net::readiness::timed_out ? flush_result::would_block : flush_result::failed;
    }
}

} // namespace scopegate::wire
