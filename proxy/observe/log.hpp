// The log: JSON lines on standard output, through spdlog. Complete lines are queued in memory and written by
// log_writer's thread, so a slow reader of the output never blocks a worker. Without that thread, as in a
// command, an event of level warn or error is written at once. The process has one log, and every function
// here may be called on any thread.
#pragma once

#include "policy/settings.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

namespace scopegate::observe {

class log_output;

using level = policy::log_settings::level;

// One member of an event: a name chosen by us, and a value from any source (it is escaped when written). The
// views need to live only during the call.
struct log_field {
    enum class kind : std::uint8_t { text, number, boolean };

    log_field(std::string_view n, std::string_view v) noexcept : name(n), text(v) {}
    log_field(std::string_view n, const char* v) noexcept : name(n), text(v) {}
    template <class T>
    requires std::integral<T> log_field(std::string_view n, T v)
    noexcept
        : name(n), type(std::same_as<T, bool> ? kind::boolean : kind::number),
          number(static_cast<std::int64_t>(v))
    {
    }

    std::string_view name;
    kind type = kind::text;
    std::string_view text;
    std::int64_t number = 0;
};

// The format of the lines: json for a running proxy, text for the user of a command (`warning: what happened
// (name: value)`).
enum class log_form : std::uint8_t { json, text };

// Sets the destination of the log and the lowest level of events to write. Before the first call, events of
// level warn and above go to standard error as text, which keeps a command's own output clean. A reload calls
// only set_log_level.
void open_log(level at, log_form form = log_form::json, int descriptor = 1);
void set_log_level(level at) noexcept;

// Writes one line with the time, the level, the event and the fields: `log_event(level::info, "listening",
// {{"address", "0.0.0.0:8080"}})`. `event` is a word or two in snake_case. Never pass a token, a secret, a
// path or a query.
void log_event(level at, std::string_view event, std::initializer_list<log_field> fields = {});

// Does the same for events that a client, an upstream or an issuer can cause repeatedly: at most one line per
// event and second. The next line reports the number of omitted ones in `suppressed`. If no line follows, a
// line of its own reports it.
void log_repeated(level at, std::string_view event, std::initializer_list<log_field> fields = {});

// Writes the log on its own thread while this object lives: events of level warn or error at once, other
// lines within 20 ms. With a slow reader, up to 16 MiB of request lines and 1 MiB of events are kept. Lines
// beyond that are dropped, and an event reports their number. Create it after open_log.
class log_writer final {
public:
    log_writer();
    ~log_writer(); // stops the thread without a final write; see close_log
    log_writer(const log_writer&) = delete;
    log_writer& operator=(const log_writer&) = delete;

private:
    std::shared_ptr<log_output> output_;
};

// Writes what was logged so far, but only as much as the reader takes without blocking. Does nothing while a
// log_writer lives. For tests.
void flush_log() noexcept;
// Writes all counts and queued lines at an orderly end, after the log_writer is gone. Waits up to 2 s for a
// reader that accepts nothing.
void close_log() noexcept;

// The bytes that the log's queues hold now, and the most that they can hold.
struct log_memory {
    std::size_t bytes = 0;
    std::size_t bound = 0;
};
[[nodiscard]] log_memory log_memory_in_use() noexcept;

// Writes a finished request line, given without its newline. For access_log.cpp. Such lines are never urgent.
void write_request_line(std::string_view line) noexcept;

// Writes the lines that count suppressed events and refusals. log_writer calls it once a second. `all`
// includes events whose next line would still report the count.
void write_counts(bool all);

} // namespace scopegate::observe
