// The log: JSON lines on standard output through spdlog. A line is handed over whole into memory and written
// later in large pieces, so that logging never makes a worker wait for whoever reads the output: flush_log
// writes, and so does every event of level warn or error. One log for the process; every function here may be
// called from any thread.
#pragma once

#include "policy/settings.hpp"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace scopegate::observe {

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

// Writes what was logged so far, as far as the reader takes it without making us wait. The control thread
// calls it every 200 ms. Where nobody reads, up to 16 MiB are kept; then lines are dropped, and a line says
// how many.
void flush_log() noexcept;
// At an orderly end: writes all, waiting up to 2 s for a reader that takes nothing.
void close_log() noexcept;

// For access_log.cpp: a finished line, newline not included. Never written at once, whatever it says.
void write_request_line(std::string_view line) noexcept;

} // namespace scopegate::observe
