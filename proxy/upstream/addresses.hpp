// Round robin over the upstream's addresses, and which ones are set aside because they failed. Has neither
// sockets nor a clock.
//
// Requests go to the addresses in turn. An address that fails is set aside for a second. Then one request
// tries it, and if it fails again, its time doubles, up to 30 seconds. Being set aside is only a preference:
// if all addresses are, requests go to all of them, because a wrong guess must not refuse what could be
// served.
#pragma once

#include "base/clock.hpp"
#include "net/address.hpp"
#include "wire/upstream.hpp"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace scopegate::upstream {

// An address as routes.yaml has it: an IP address or a unix socket, or a host name that needs a lookup.
struct listed_address {
    std::optional<net::stream_endpoint> endpoint; // empty: a host name
    std::string text;                             // host:port or unix:/path, for the log
};

// One socket address, with the idle connections to it. Confined to its worker's thread, as its counter is.
class address final : public boost::intrusive_ref_counter<address, boost::thread_unsafe_counter> {
public:
    address(std::size_t url_index, listed_address from) noexcept
        : url(url_index), endpoint(std::move(from.endpoint)), text(std::move(from.text))
    {
    }
    // Closes the idle connections. They may refer to this object.
    void close_idle() noexcept;
    // Returns whether the address is still in use. A lookup may have removed it.
    [[nodiscard]] bool is_listed() const noexcept { return listed_; }

    struct idle_connection {
        wire::upstream_ptr connection;
        steady_time until;
    };

    const std::size_t url;                              // the index of its URL
    const std::optional<net::stream_endpoint> endpoint; // empty: a host name without a lookup so far
    const std::string text;
    std::vector<idle_connection> idle; // the pool's

private:
    friend class addresses;
    bool listed_ = true;
    bool on_trial_ = false;      // a request tries it while it is set aside
    bool reported_ = false;      // the log says that it is set aside
    unsigned failures_ = 0;      // without a success between them; 0: it is not set aside
    steady_time aside_until_{};  // while it is set aside: the time of the next trial
    steady_time silent_until_{}; // no report before
};
using address_ptr = boost::intrusive_ptr<address>;

constexpr std::size_t max_tried_addresses = 3;

// Where one request goes, and where it has been. Its members are for `addresses` and the pool.
struct choice {
    [[nodiscard]] bool has_tried(const address& a) const noexcept;

    address_ptr at;        // null before the first choice
    bool is_trial = false; // `at` is set aside and needs a new connection to come back
    bool is_used = false;  // a connection to `at` was handed out
    std::array<address_ptr, max_tried_addresses - 1> tried; // before `at`
    std::size_t tried_count = 0;
    std::size_t unresolved = std::numeric_limits<std::size_t>::max(); // the URL whose lookup has failed
};

class addresses final {
public:
    static constexpr std::chrono::seconds min_backoff{1}, max_backoff{30};
    static constexpr std::size_t max_per_name = 64; // further addresses of a name are not used

    // `urls` must not be empty. The first request goes to the address with the index `start`, modulo their
    // number: workers that all began with the first one would favor it.
    addresses(const std::vector<listed_address>& urls, std::size_t start);

    // Chooses the address whose turn it is.
    void choose(choice& of, steady_time now) noexcept;
    // Chooses another address that the request has not tried, preferably one that is not set aside. Returns
    // false if the request has tried all of them or enough; then the choice is as before.
    [[nodiscard]] bool choose_other(choice& of, steady_time now) noexcept;
    // Returns whether choose_other() would succeed.
    [[nodiscard]] bool has_other(const choice& of) const noexcept;
    // Chooses another address of the same URL in place of one that a lookup has removed.
    [[nodiscard]] bool replace_removed(choice& of, steady_time now) noexcept;

    // Sets an address aside that has failed. Does nothing if it is the only one. Returns whether to log that:
    // once until it is back, and at most once a second.
    [[nodiscard]] bool set_aside(address& failed, steady_time now) noexcept;
    // Ends that after a success. Returns whether to log it.
    [[nodiscard]] bool restore(address& works) noexcept;

    // Sets the addresses that a URL's host name has, `found`, at least one. Those that it had before keep
    // their health and connections. Closes the idle connections of the others, which are removed.
    void update(std::size_t url, const std::vector<net::stream_endpoint>& found);

    [[nodiscard]] const std::vector<address_ptr>& all() const noexcept { return all_; }
    [[nodiscard]] std::size_t urls() const noexcept { return urls_; }

private:
    [[nodiscard]] bool choose_in_turn(choice& of, steady_time now, std::optional<std::size_t> url) noexcept;
    [[nodiscard]] static bool is_excluded(const choice& of, const address& a) noexcept;

    std::vector<address_ptr> all_; // not empty
    std::size_t urls_;             // how many
    std::size_t last_;             // the index of the last choice
};

} // namespace scopegate::upstream
