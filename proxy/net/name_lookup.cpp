#include "net/name_lookup.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <utility>

namespace scopegate::net {

namespace {

// Outlives a caller that leaves at its deadline.
struct awaited_lookup {
    explicit awaited_lookup(const asio::any_io_executor& on) : done(on) {}
    asio::steady_timer done;
    found_addresses found{boost::system::in_place_error, asio::error::timed_out};
};

} // namespace

void look_up_name(const asio::any_io_executor& on, const std::string& host, std::uint16_t port,
                  std::function<void(found_addresses)> done)
{
    using resolver = asio::ip::tcp::resolver;
    const auto names = std::make_shared<resolver>(on);
    auto tell = [names, done = std::move(done)](const error_code& failed,
                                                const resolver::results_type& entries) {
        if (failed)
            return done(failed);
        std::vector<asio::ip::tcp::endpoint> found;
        for (const auto& entry : entries)
            found.push_back(entry.endpoint());
        done(std::move(found));
    };
    names->async_resolve(host, std::to_string(port), asio::ip::resolver_base::numeric_service,
                         std::move(tell));
}

asio::awaitable<found_addresses> resolve(std::string host, std::uint16_t port, steady_time deadline)
{
    const auto executor = co_await asio::this_coro::executor;
    const auto pending = std::make_shared<awaited_lookup>(executor);
    pending->done.expires_at(deadline);
    auto note = [pending](found_addresses found) {
        pending->found = std::move(found);
        pending->done.cancel();
    };
    look_up_name(executor, host, port, std::move(note));
    co_await pending->done.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return std::move(pending->found);
}

} // namespace scopegate::net
