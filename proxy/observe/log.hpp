// The log: JSON lines on standard output through spdlog. A line is handed over whole into memory, and
// log_writer's thread writes it, so that logging never makes a worker wait for the reader of the output.
// Without that thread, as in a command, an event of level warn or error is written at once. One log for the
// process; every function here may be called from any thread.
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

// One member of an event: a name from us, a value from anywhere (escaped when it is written). Views: for the
// call only.
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

// How lines look: json for a running proxy; text for a person who gave a command (`warning: what happened
// (name: value)`).
enum class log_form : std::uint8_t { json, text };

// Says where the log goes and from which level on events are written. Until it is called, events of level
// warn and above go to standard error as text, so that a command's own output stays clean. A reload calls
// set_log_level alone.
void open_log(level at, log_form form = log_form::json, int descriptor = 1);
void set_log_level(level at) noexcept;

// `log_event(level::info, "listening", {{"address", "0.0.0.0:8080"}})`: one line of time, level, event and
// the fields. `event` is a word or two in snake_case. Never give it a token, a secret, a path or a query.
void log_event(level at, std::string_view event, std::initializer_list<log_field> fields = {});

// The same for what a client, an upstream or an issuer can cause again and again: at most one line per event
// and second. The next line has the number of those left out in `suppressed`; if none follows, a line of its
// own has it.
void log_repeated(level at, std::string_view event, std::initializer_list<log_field> fields = {});

// Writes the log in a thread of its own for as long as this lives: an event of level warn or error at once,
// other lines within 20 ms. Where the reader is slow, up to 16 MiB of request lines and 1 MiB of events are
// kept; lines beyond that are dropped, and an event tells how many. Make it behind open_log.
class log_writer final {
public:
    log_writer();
    ~log_writer(); // stops it, and writes no more: see close_log
    log_writer(const log_writer&) = delete;
    log_writer& operator=(const log_writer&) = delete;

private:
    std::shared_ptr<log_output> output_;
};

// Writes what was logged so far, as far as the reader takes it without making us wait. Does nothing while a
// log_writer lives. For tests.
void flush_log() noexcept;
// At an orderly end, behind the log_writer: writes all that was counted and kept, waiting up to 2 s for a
// reader that takes nothing.
void close_log() noexcept;

// How many bytes the log's queues hold, and the most that they ever hold.
struct log_memory {
    std::size_t bytes = 0;
    std::size_t bound = 0;
};
[[nodiscard]] log_memory log_memory_in_use() noexcept;

// For access_log.cpp: a finished line, newline not included. Never urgent, whatever it says.
void write_request_line(std::string_view line) noexcept;

// Writes the lines that count suppressed events and refusals; log_writer calls it once a second. `all`: also
// for events whose next line would have the count.
void write_counts(bool all);

} // namespace scopegate::observe
