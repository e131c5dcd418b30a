// The real program, running: `scopegate run` on free loopback ports with a routes.yaml and a key set in a
// folder of its own. Killed and tidied up when the object goes; stop() is the orderly way. The tokens of
// calendar_token() are good here.
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

// GET /public is public, /any needs any token, /appointments reads and writes, /users/{user} is the caller's
// own.
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

// What a test's routes.yaml says beside what all of them say. Texts are YAML: flow style where a brace is
// shown.
struct gate_settings {
    std::string upstream = {};      // the URL
    std::string upstream_more = {}; // `headers: {...}, authorization: strip`, within upstream: {...}
    std::string limits = {};        // `headers: 4KiB`, within server: limits: {...}
    std::string timeouts = {};      // `idle: 1s`, within server: timeouts: {...}
    std::string server = {};        // `workers: 2`, within server: {...}
    std::string listen = "127.0.0.1:0";
    std::string routes{calendar_routes}; // whole top-level keys
    std::string more = {};               // further ones
    std::string issuer = {};             // `clock_skew: 0s`, within the issuer
    std::string admin = "127.0.0.1:0";
    // Not in the file: how it is started.
    bool take_over = false;   // with --takeover
    unsigned descriptors = 0; // how many it may open at most; 0: as many as the test
};

// A line of the log: its text, and its members as text (numbers and booleans as JSON has them).
struct log_line {
    std::string text;
    [[nodiscard]] std::string operator[](std::string_view member) const; // empty: absent
};

class gate_process final {
public:
    // Starts it and waits until it listens. Throws, with what it said, where it does not come up.
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
    } // routes.yaml and keys.json are here

    // Replaces the file in one step, as an editor or a deployment does. The gate notices by itself or by
    // SIGHUP.
    void write_routes(const gate_settings& settings) const;

    void send_signal(int number) const noexcept;
    // SIGSTOP, and waits until all threads have stopped: what happens from now on, it learns of at once,
    // after SIGCONT.
    void freeze() const;
    // SIGTERM, then waits for the end. The exit code; minus the signal's number where one ended it.
    [[nodiscard]] int stop(std::chrono::milliseconds wait = std::chrono::seconds(30));
    // Waits for the end without causing it; -1000 where it does not come.
    int wait_for_exit(std::chrono::milliseconds wait);

    [[nodiscard]] std::vector<log_line> log() const;
    [[nodiscard]] std::string errors() const; // what it wrote to standard error
    // Waits for a line of this event that fits; throws with the whole log where none comes. The first `skip`
    // are passed over.
    [[nodiscard]] log_line wait_for_event(std::string_view event,
                                          const std::function<bool(const log_line&)>& fits = {}) const;

    // From /proc, at this moment.
    [[nodiscard]] std::size_t resident_bytes() const; // RSS
    [[nodiscard]] std::size_t peak_bytes() const;     // the most that it ever was
    [[nodiscard]] std::size_t open_descriptors() const;

private:
    class child;
    std::string folder_;
    std::unique_ptr<child> child_;
    std::string address_, admin_;
};

// The text of routes.yaml that a gate_process of these settings runs with.
[[nodiscard]] std::string routes_yaml(const gate_settings& settings);

// A token of the calendar's issuer for its audience, good for an hour: subject `ada`, client `agenda`. `more`
// are further members of the claims, as JSON with a leading comma, and may not repeat one.
[[nodiscard]] std::string calendar_token(std::string_view scope, std::string_view more = {});
[[nodiscard]] std::string expired_token();
// Good for so long only, where the issuer has `clock_skew: 0s`.
[[nodiscard]] std::string brief_token(std::string_view scope, std::chrono::milliseconds life);
// Signed with a stranger's key of the same kid.
[[nodiscard]] std::string forged_token(std::string_view scope);

} // namespace scopegate::test
