// Bodies, streamed with back-pressure: what was read is sent before more is read, and nothing is ever held
// whole. One coroutine serves both directions.
#pragma once

#include "base/clock.hpp"
#include "gate/minimum_rate.hpp"
#include "net/deadlines.hpp"
#include "net/task.hpp"
#include "wire/stream.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::gate {

// How a body's transfer ended.
enum class relay_end : std::uint8_t {
    complete,
    source_late,      // nothing came for too long
    source_slow,      // too little came in a long time
    source_cut,       // the source ended or failed before the body did
    source_malformed, // see wire::stream::fault
    too_large,
    sink_late, // the sink took nothing for too long
    sink_gone,
    expired, // the token that it was permitted with
};

// Selects the trailers that are forwarded: all except those that http::keeps_trailer drops, the identity
// headers of these names, and those that the head's Connection named.
class trailer_filter final {
public:
    trailer_filter(std::span<const std::string> identity, std::vector<std::string> named) noexcept
        : identity_(identity), named_(std::move(named))
    {
    }
    // Returns the lines that go on. The view is valid until the next call.
    [[nodiscard]] std::string_view keep(std::string_view lines);

private:
    std::span<const std::string> identity_;
    std::vector<std::string> named_;
    std::string kept_;
};

struct relay_options {
    std::chrono::milliseconds source;         // between two reads
    std::chrono::milliseconds sink;           // between two writes
    steady_time not_after = net::no_deadline; // when it ends, even within a transfer
    minimum_rate* rate = nullptr;             // of the source; null: it may be as slow as it likes
    trailer_filter* trailers = nullptr;       // null: trailers are dropped
    std::uint64_t* moved = nullptr;           // counts the bytes that are moved, unless null
};

// Moves what was received of one body to the other, without reading or sending.
struct moved {
    wire::body_state state; // of the source
    std::size_t bytes;
};
moved move_received(wire::stream& source, wire::stream& sink, trailer_filter* trailers = nullptr);

// Moves the rest of a body from `source` to `sink`, and first sends what was prepared there (a head, the data
// that was received). Each wait follows the options as they stand when the wait begins. Returns `complete`,
// or why the transfer ended.
[[nodiscard]] net::task<relay_end> relay_body(wire::stream& source, wire::stream& sink,
                                              const relay_options& options);

} // namespace scopegate::gate
