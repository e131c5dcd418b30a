#include "observe/log.hpp"

#include "base/json.hpp"
#include "observe/buffered_sink.hpp"
#include "observe/http_date.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

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

// Events and requests share the output. Only events have a level, and only they are written at once when they
// are urgent: a refused request is no emergency, and one write per line is what a flood of them would like to
// see.
struct outlet {
    outlet(level at, log_form f, int descriptor)
        : form(f), sink(std::make_shared<buffered_sink>(descriptor)), events("events", sink),
          requests("requests", sink)
    {
        events.set_level(as_spdlog(at));
        events.flush_on(spdlog::level::warn);
        requests.set_level(spdlog::level::info);
        requests.flush_on(spdlog::level::off);
    }
    ~outlet() { sink->drain(std::chrono::seconds(2)); }

    log_form form;
    std::shared_ptr<buffered_sink> sink;
    spdlog::logger events;
    spdlog::logger requests;
};

// A pointer, so that threads that log while the log is opened anew see one or the other. The replaced one is
// kept: some thread may be in the middle of a line. Destroyed, and thereby written out, at the end of the
// process.
class process_log final {
public:
    process_log() { open(level::warn, log_form::text, 2); }

    void open(level at, log_form form, int descriptor)
    {
        auto next = std::make_unique<outlet>(at, form, descriptor);
        const std::lock_guard lock(opening_);
        if (auto* before = current_.exchange(next.get()))
            before->sink->drain(std::chrono::seconds(2));
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

void append_json(std::string& line, level at, std::string_view event, std::initializer_list<log_field> fields)
{
    line += R"({"time":")";
    append_rfc3339(line, wall_now());
    line += R"(","level":")";
    line += word(at);
    line += R"(","event":)";
    json::append_quoted(line, event);
    for (const auto& f : fields) {
        line += ',';
        json::append_quoted(line, f.name);
        line += ':';
        if (f.type == log_field::kind::text)
            json::append_quoted(line, f.text);
        else if (f.type == log_field::kind::number)
            line += std::to_string(f.number);
        else
            line += f.number != 0 ? "true" : "false";
    }
    line += '}';
}

// A control character in a value could repaint a terminal.
void append_visible(std::string& line, std::string_view text)
{
    for (const char c : text)
        line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
}

void append_text(std::string& line, level at, std::string_view event, std::initializer_list<log_field> fields)
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

} // namespace

void open_log(level at, log_form form, int descriptor)
{
    the_log().open(at, form, descriptor);
}

void set_log_level(level at) noexcept
{
    the_log().current().events.set_level(as_spdlog(at));
}

void log_event(level at, std::string_view event, std::initializer_list<log_field> fields)
{
    auto& log = the_log().current();
    if (!log.events.should_log(as_spdlog(at)))
        return;
    std::string line;
    if (log.form == log_form::json)
        append_json(line, at, event, fields);
    else
        append_text(line, at, event, fields);
    log.events.log(as_spdlog(at), spdlog::string_view_t(line.data(), line.size()));
}

void flush_log() noexcept
{
    the_log().current().sink->drain(std::chrono::milliseconds(0));
}

void close_log() noexcept
{
    the_log().current().sink->drain(std::chrono::seconds(2));
}

void write_request_line(std::string_view line) noexcept
{
    the_log().current().requests.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

} // namespace scopegate::observe
