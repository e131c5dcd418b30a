#include "observe/log.hpp"

#include "observe/event_limit.hpp"
#include "observe/log_line.hpp"
#include "observe/log_output.hpp"
#include "observe/request_burst.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/sink.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace scopegate::observe {

namespace {

spdlog::level::level_enum as_spdlog(level at) noexcept
{
    switch (at) {
    case level::debug:
        return spdlog::level::debug;
    case level::info:
        return spdlog::level::info;
    case level::warn:
        return spdlog::level::warn;
    case level::error:
        return spdlog::level::err;
    }
    return spdlog::level::err;
}

std::string_view word(level at) noexcept
{
    switch (at) {
    case level::debug:
        return "debug";
    case level::info:
        return "info";
    case level::warn:
        return "warn";
    case level::error:
        return "error";
    }
    return "error";
}

// Passes spdlog's lines to the output. They arrive fully formatted, so no pattern is applied.
class output_sink final : public spdlog::sinks::sink {
public:
    output_sink(std::shared_ptr<log_output> to, line_kind kind) : to_(std::move(to)), kind_(kind) {}
    void log(const spdlog::details::log_msg& message) override
    {
        const bool urgent = kind_ == line_kind::event && message.level >= spdlog::level::warn;
        to_->add(kind_, {message.payload.data(), message.payload.size()}, urgent);
        if (urgent && !to_->has_writer())
            to_->drain(std::chrono::milliseconds(0));
    }
    void flush() override {}
    void set_pattern(const std::string&) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

private:
    std::shared_ptr<log_output> to_;
    line_kind kind_;
};

// Events and requests share the output. Only events have a level, and only they can be urgent: a refused
// request is not an emergency.
struct outlet {
    outlet(level at, log_form f, int descriptor)
        : form(f), output(std::make_shared<log_output>(descriptor, log_output::bounds{})),
          events("events", std::make_shared<output_sink>(output, line_kind::event)),
          requests("requests", std::make_shared<output_sink>(output, line_kind::request))
    {
        events.set_level(as_spdlog(at));
        requests.set_level(spdlog::level::info);
    }
    ~outlet() { output->drain(std::chrono::seconds(2)); }

    log_form form;
    std::shared_ptr<log_output> output;
    spdlog::logger events;
    spdlog::logger requests;
};

// Holds a pointer, so that threads that log while the log is reopened see either the old or the new outlet.
// The old one is kept because a thread may be in the middle of a line. Outlets are destroyed, and so written
// out, when the process ends.
class process_log final {
public:
    process_log() { open(level::warn, log_form::text, 2); }

    void open(level at, log_form form, int descriptor)
    {
        auto next = std::make_unique<outlet>(at, form, descriptor);
        const std::lock_guard lock(opening_);
        if (auto* before = current_.exchange(next.get()))
            before->output->drain(std::chrono::seconds(2));
        outlets_.push_back(std::move(next));
    }
    [[nodiscard]] outlet& current() const noexcept { return *current_.load(std::memory_order_acquire); }

private:
    std::mutex opening_;
    std::vector<std::unique_ptr<outlet>> outlets_;
    std::atomic<outlet*> current_ = nullptr;
};

process_log& the_log()
{
    static process_log log;
    return log;
}

event_limit& repeated_events()
{
    static event_limit limit;
    return limit;
}

using field_span = std::span<const log_field>;

void append_json(std::string& line, level at, std::string_view event, field_span fields)
{
    auto json = open_line(line, wall_now(), word(at), event);
    for (const auto& f : fields) {
        json.escaped_name(f.name);
        if (f.type == log_field::kind::text)
            json.value(f.text);
        else if (f.type == log_field::kind::number)
            json.value(f.number);
        else
            json.value(f.number != 0);
    }
    json.close_object();
}

// Replaces control characters, which could repaint a terminal.
void append_visible(std::string& line, std::string_view text)
{
    for (const char c : text)
        line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
}

void append_text(std::string& line, level at, std::string_view event, field_span fields)
{
    line += at == level::warn ? "warning" : word(at);
    line += ": ";
    std::transform(event.begin(), event.end(), std::back_inserter(line),
                   [](char c) { return c == '_' ? ' ' : c; });
    auto separator = " (";
    for (const auto& f : fields) {
        line += separator;
        separator = ", ";
        line += f.name;
        line += ": ";
        if (f.type == log_field::kind::text)
            append_visible(line, f.text);
        else if (f.type == log_field::kind::number)
            line += std::to_string(f.number);
        else
            line += f.number != 0 ? "yes" : "no";
    }
    if (fields.size() > 0)
        line += ')';
}

void write_event(outlet& log, level at, std::string_view event, field_span fields)
{
    std::string line;
    if (log.form == log_form::json)
        append_json(line, at, event, fields);
    else
        append_text(line, at, event, fields);
    log.events.log(as_spdlog(at), spdlog::string_view_t(line.data(), line.size()));
}

} // namespace

void open_log(level at, log_form form, int descriptor)
{
    the_log().open(at, form, descriptor);
}

void set_log_level(level at) noexcept
{
    the_log().current().events.set_level(as_spdlog(at));
}

// Loses the line if memory runs out: the event itself still has to be handled.
void log_event(level at, std::string_view event, std::initializer_list<log_field> fields)
try {
    auto& log = the_log().current();
    if (log.events.should_log(as_spdlog(at)))
        write_event(log, at, event, {fields.begin(), fields.size()});
} catch (const std::bad_alloc&) {
}

void log_repeated(level at, std::string_view event, std::initializer_list<log_field> fields)
try {
    auto& log = the_log().current();
    if (!log.events.should_log(as_spdlog(at)))
        return;
    const auto suppressed = repeated_events().admit(event, at, std::chrono::steady_clock::now());
    if (!suppressed)
        return;
    std::vector<log_field> all(fields);
    if (*suppressed > 0)
        all.emplace_back("suppressed", *suppressed);
    write_event(log, at, event, all);
} catch (const std::bad_alloc&) {
}

void write_counts(bool all)
{
    constexpr std::chrono::milliseconds left_to_a_later_line{1500};
    auto& log = the_log().current();
    const auto age = all ? std::chrono::milliseconds(-1) : left_to_a_later_line;
    for (const auto& held : repeated_events().take_held_back(age, std::chrono::steady_clock::now())) {
        const log_field suppressed("suppressed", held.count);
        write_event(log, held.at, held.event, {&suppressed, 1});
    }
    for (const auto& line : take_burst_lines(wall_now()))
        log.output->add(line_kind::event, line, false);
}

log_writer::log_writer() : output_(the_log().current().output)
{
    output_->start([] {
        try {
            write_counts(false);
        } catch (const std::exception&) { // out of memory: only a line with counts is lost
        }
    });
}

log_writer::~log_writer()
{
    output_->stop();
}

void flush_log() noexcept
{
    the_log().current().output->drain(std::chrono::milliseconds(0));
}

void close_log() noexcept
{
    try {
        write_counts(true);
    } catch (const std::exception&) { // the queued lines are still written
    }
    the_log().current().output->drain(std::chrono::seconds(2));
}

log_memory log_memory_in_use() noexcept
{
    const auto used = the_log().current().output->memory();
    return {used.bytes, used.bound};
}

void write_request_line(std::string_view line) noexcept
{
    the_log().current().requests.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

} // namespace scopegate::observe
