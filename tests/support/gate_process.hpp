// The real program, running: `scopegate run` on free loopback ports with a routes.yaml and a key set in a
// folder of its own. The destructor kills it and removes the folder; stop() is the orderly way. It accepts
// the tokens of calendar_token().
#pragma once

#include <chrono>
#include <csignal>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace scopegate::test {

inline constexpr std::string_view calendar_issuer = "https://issuer.example.com/";
inline constexpr std::string_view calendar_audience = "https://calendar.example.com";

// GET /public is public, and /any needs any token. /appointments has scopes for reading and writing.
// /users/{user} belongs to the user of the token.
inline constexpr std::string_view calendar_routes = R"(
scopes:
  read:appointments: See appointments
  write:appointments: Create, change and delete appointments
routes:
  /public: {ANY: public}
  /public/{rest...}: {ANY: public}
  /any: {GET: authenticated, POST: authenticated}
  /appointments: {GET: read:appointments, POST: write:appointments}
  /appointments/{id}: {GET: read:appointments, PUT: write:appointments, DELETE: [read:appointments, write:appointments]}
  /users/{user}: {GET: {scopes: read:appointments, where: {user: sub}}}
)";

// The settings that a test adds to the common routes.yaml. Texts are YAML, in flow style where a brace is
// shown.
struct gate_settings {
    std::string upstream = {};      // the URL, or a list of them
    std::string upstream_more = {}; // `headers: {...}, authorization: strip`, within upstream: {...}
    std::string limits = {};        // `headers: 4KiB`, within server: limits: {...}
    std::string timeouts = {};      // `idle: 1s`, within server: timeouts: {...}
    std::string server = {};        // `workers: 2`, within server: {...}
    std::string listen = "127.0.0.1:0";
    std::string routes{calendar_routes}; // whole top-level keys
    std::string more = {};               // further ones
    std::string issuer = {};             // `clock_skew: 0s`, within the issuer
    std::string admin = "127.0.0.1:0";
    // Settings of the process, not of the file.
    bool take_over = false;   // with --takeover
    unsigned descriptors = 0; // the most that it may open; 0: as many as the test
};

// A line of the log: its text, and its members as text (numbers and booleans in JSON's form).
struct log_line {
    std::string text;
    [[nodiscard]] std::string operator[](std::string_view member) const; // empty if absent
};

class gate_process final {
public:
    // Starts the program and waits until it listens. Throws with its output if it does not start.
    explicit gate_process(const gate_settings& settings);
    gate_process(const gate_process&) = delete;
    gate_process& operator=(const gate_process&) = delete;
    ~gate_process();

    [[nodiscard]] const std::string& address() const noexcept
    {
        return address_;
    }                                                                          // of the proxy: 127.0.0.1:PORT
    [[nodiscard]] const std::string& admin() const noexcept { return admin_; } // of the admin listener
    [[nodiscard]] pid_t pid() const noexcept;
    [[nodiscard]] const std::string& folder() const noexcept
    {
        return folder_;
    } // holds routes.yaml and keys.json

    // Replaces the file atomically, as an editor or a deployment does. The gate notices it by itself or on
    // SIGHUP.
    void write_routes(const gate_settings& settings) const;

    void send_signal(int number) const noexcept;
    // Sends SIGSTOP and waits until all threads have stopped. The gate learns of all later events at once,
    // after SIGCONT.
    void freeze() const;
    // Sends SIGTERM and waits for the exit. Returns the exit code, or minus the number of the signal that
    // ended it.
    [[nodiscard]] int stop(std::chrono::milliseconds wait = std::chrono::seconds(30));
    // Waits for the exit without causing it; returns -1000 on a timeout.
    int wait_for_exit(std::chrono::milliseconds wait);

    [[nodiscard]] std::vector<log_line> log() const;
    [[nodiscard]] std::string errors() const; // its standard error so far
    // Waits for a line of this event that fits. Throws with the whole log if none comes. Skips the first
    // `skip` of them.
    [[nodiscard]] log_line wait_for_event(std::string_view event,
                                          const std::function<bool(const log_line&)>& fits = {}) const;

    // Current values from /proc.
    [[nodiscard]] std::size_t resident_bytes() const; // RSS
    [[nodiscard]] std::size_t peak_bytes() const;     // the peak
    [[nodiscard]] std::size_t open_descriptors() const;

private:
    class child;
    std::string folder_;
    std::unique_ptr<child> child_;
    std::string address_, admin_;
};

// Returns the text of routes.yaml that a gate_process with these settings uses.
[[nodiscard]] std::string routes_yaml(const gate_settings& settings);

// Returns a token of the calendar's issuer for its audience, valid for an hour: subject `ada`, client
// `agenda`. `more` contains further members of the claims, as JSON with a leading comma. It may not repeat a
// member.
[[nodiscard]] std::string calendar_token(std::string_view scope, std::string_view more = {});
[[nodiscard]] std::string expired_token();
// Returns a token with a short life, exact if the issuer has `clock_skew: 0s`.
[[nodiscard]] std::string brief_token(std::string_view scope, std::chrono::milliseconds life);
// Returns a token that is signed with a stranger's key of the same kid.
[[nodiscard]] std::string forged_token(std::string_view scope);

} // namespace scopegate::test
