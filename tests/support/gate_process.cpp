#include "support/gate_process.hpp"

#include "support/places.hpp"
#include "support/socket.hpp"
#include "support/token_maker.hpp"

#include <boost/json.hpp>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace scopegate::test {

namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& path, std::string_view text)
{
    const auto fresh = path.string() + ".new";
    std::ofstream(fresh, std::ios::binary) << text;
    fs::rename(fresh, path);
}

std::string make_folder()
{
    auto name = (fs::temp_directory_path() / "scopegate-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("can't make a folder " + name);
    return name;
}

// Returns whether each of its threads has stopped. A signal only requests it.
bool is_stopped(pid_t process)
{
    for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
        std::ifstream in(task.path() / "stat");
        const std::string stat{std::istreambuf_iterator<char>(in), {}};
        const auto name_end = stat.rfind(')');
        if (name_end == std::string::npos || stat.substr(name_end, 3) != ") T")
            return false;
    }
    return true;
}

std::array<int, 2> make_pipe()
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        throw std::runtime_error(std::string("pipe: ") + std::strerror(errno));
    return ends;
}

std::string calendar_claims(std::string_view scope, std::int64_t expires_in, std::string_view more)
{
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    std::string claims = R"({"sub":"ada","client_id":"agenda","iss":")" + std::string(calendar_issuer);
    claims.append(R"(","aud":")").append(calendar_audience);
    claims.append(R"(","iat":)").append(std::to_string(now - 10));
    claims.append(R"(,"exp":)").append(std::to_string(now + expires_in));
    claims.append(R"(,"scope":")").append(scope).append("\"").append(more);
    return claims.append("}");
}

std::size_t memory_of(pid_t pid, std::string_view which)
{
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(which))
            return std::stoul(line.substr(which.size())) * 1024;
    throw std::runtime_error("/proc says nothing of its memory: the gate has ended");
}

} // namespace

// The process, with a thread for each of its outputs and one that waits for its exit.
class gate_process::child final {
public:
    child(const std::string& config, const gate_settings& settings)
    {
        const auto out = make_pipe();
        const auto err = make_pipe();
        const char* const arguments[] = {
            program(), "run", "--config", config.c_str(), settings.take_over ? "--takeover" : nullptr,
            nullptr};
        const rlimit files{settings.descriptors, settings.descriptors};
        const auto parent = ::getpid();
        pid_ = ::fork();
        if (pid_ < 0)
            throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
        if (pid_ == 0) { // between fork and exec, a threaded program may make only async-signal-safe calls
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (::getppid() != parent)
                ::_exit(127);
            if (settings.descriptors != 0)
                ::setrlimit(RLIMIT_NOFILE, &files);
            ::dup2(out[1], 1);
            ::dup2(err[1], 2);
            ::execv(program(), const_cast<char* const*>(arguments));
            ::_exit(127);
        }
        ::close(out[1]);
        ::close(err[1]);
        threads_[0] = std::thread([this, fd = out[0]] { read_log(fd); });
        threads_[1] = std::thread([this, fd = err[0]] { read_errors(fd); });
        threads_[2] = std::thread([this] { reap(); });
    }

    ~child()
    {
        send_signal(SIGKILL);
        for (auto& t : threads_)
            t.join();
    }

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

    void send_signal(int number) noexcept
    {
        const std::lock_guard lock(mutex_);
        if (!exited_)
            ::kill(pid_, number);
    }

    int wait_for_exit(std::chrono::milliseconds wait)
    {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, wait, [&] { return exited_ && open_outputs_ == 0; }))
            return -1000;
        return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
    }

    template <class Found>
    bool wait_for_log(Found found)
    {
        std::unique_lock lock(mutex_);
        std::size_t seen = 0;
        return changed_.wait_for(lock, test_timeout, [&] {
            for (; seen < log_.size(); ++seen)
                if (found(log_[seen]))
                    return true;
            return exited_ &&
                   open_outputs_ == 0; // no more output comes: the caller finds that its line is missing
        }) && !(seen == log_.size());
    }

    [[nodiscard]] std::vector<log_line> log() const
    {
        const std::lock_guard lock(mutex_);
        return log_;
    }
    [[nodiscard]] std::string errors() const
    {
        const std::lock_guard lock(mutex_);
        return errors_;
    }
    [[nodiscard]] std::string all_output() const
    {
        std::string text = "the gate's log:\n";
        for (const auto& line : log())
            text += line.text + "\n";
        return text + "its standard error:\n" + errors();
    }

private:
    static const char* program()
    {
        static const char* const named = std::getenv("SCOPEGATE_PROGRAM");
        return named != nullptr ? named : SCOPEGATE_PROGRAM;
    }

    template <class Take>
    void read_output(int fd, Take take)
    {
        char bytes[16384];
        for (;;) {
            const auto got = ::read(fd, bytes, sizeof bytes);
            if (got < 0 && errno == EINTR)
                continue;
            const std::lock_guard lock(mutex_);
            if (got <= 0) {
                --open_outputs_;
                changed_.notify_all();
                break;
            }
            take(std::string_view(bytes, static_cast<std::size_t>(got)));
            changed_.notify_all();
        }
        ::close(fd);
    }

    void read_log(int fd)
    {
        std::string begun;
        read_output(fd, [&](std::string_view bytes) {
            begun += bytes;
            for (auto end = begun.find('\n'); end != std::string::npos; end = begun.find('\n')) {
                log_.push_back({begun.substr(0, end)});
                begun.erase(0, end + 1);
            }
        });
    }

    void read_errors(int fd)
    {
        read_output(fd, [&](std::string_view bytes) { errors_ += bytes; });
    }

    void reap()
    {
        siginfo_t ended{}; // only waits at first: until it is reaped, its number cannot be reused
        while (::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
        }
        const std::lock_guard lock(mutex_);
        ::waitpid(pid_, &status_, 0);
        exited_ = true;
        changed_.notify_all();
    }

    pid_t pid_ = -1;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<log_line> log_;
    std::string errors_;
    int open_outputs_ = 2;
    bool exited_ = false;
    int status_ = 0;
    std::array<std::thread, 3> threads_;
};

gate_process::gate_process(const gate_settings& settings) : folder_(make_folder())
{
    try {
        write_file(folder_ + "/keys.json", jwk_set_text({jose::algorithm::es256, jose::algorithm::rs256}));
        write_routes(settings);
        child_ = std::make_unique<child>(folder_ + "/routes.yaml", settings);
        const auto listening = [](std::string_view listener) {
            return [listener](const log_line& line) { return line["listener"] == listener; };
        };
        address_ = wait_for_event("listening", listening("server"))["address"];
        admin_ = wait_for_event("listening", listening("admin"))["address"];
    } catch (...) {
        child_.reset();
        fs::remove_all(folder_);
        throw;
    }
}

gate_process::~gate_process()
{
    child_.reset();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

pid_t gate_process::pid() const noexcept
{
    return child_->pid();
}

void gate_process::write_routes(const gate_settings& settings) const
{
    write_file(folder_ + "/routes.yaml", routes_yaml(settings));
}

void gate_process::send_signal(int number) const noexcept
{
    child_->send_signal(number);
}

void gate_process::freeze() const
{
    send_signal(SIGSTOP);
    while (!is_stopped(pid()))
        std::this_thread::yield();
}

int gate_process::stop(std::chrono::milliseconds wait)
{
    send_signal(SIGTERM);
    return wait_for_exit(wait);
}

int gate_process::wait_for_exit(std::chrono::milliseconds wait)
{
    return child_->wait_for_exit(wait);
}

std::vector<log_line> gate_process::log() const
{
    return child_->log();
}

std::string gate_process::errors() const
{
    return child_->errors();
}

log_line gate_process::wait_for_event(std::string_view event,
                                      const std::function<bool(const log_line&)>& fits) const
{
    log_line found;
    const bool came = child_->wait_for_log([&](const log_line& line) {
        if (line["event"] != event || (fits && !fits(line)))
            return false;
        found = line;
        return true;
    });
    if (!came)
        throw std::runtime_error("no fitting event \"" + std::string(event) + "\" came; " +
                                 child_->all_output());
    return found;
}

std::size_t gate_process::resident_bytes() const
{
    return memory_of(pid(), "VmRSS:");
}

std::size_t gate_process::peak_bytes() const
{
    return memory_of(pid(), "VmHWM:");
}

std::size_t gate_process::open_descriptors() const
{
    const fs::directory_iterator listed("/proc/" + std::to_string(pid()) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(listed), end(listed)));
}

std::string log_line::operator[](std::string_view member) const
{
    boost::system::error_code failed;
    const auto parsed = boost::json::parse(text, failed);
    const auto* object = failed ? nullptr : parsed.if_object();
    const auto* found = object != nullptr ? object->if_contains(member) : nullptr;
    if (found == nullptr)
        return {};
    return found->is_string() ? std::string(found->get_string()) : boost::json::serialize(*found);
}

std::string routes_yaml(const gate_settings& s)
{
    const auto list = [](std::string_view more) {
        return more.empty() ? std::string() : ", " + std::string(more);
    };
    std::string yaml = "# scopegate: allow hosts-not-listed\nupstream: {url: " +
                       (s.upstream.starts_with('[') ? s.upstream : "\"" + s.upstream + "\"") +
                       list(s.upstream_more) + "}\n";
    yaml.append("issuers:\n  - issuer: ").append(calendar_issuer);
    yaml.append("\n    audience: ").append(calendar_audience).append("\n    keys: file:keys.json\n");
    yaml += s.issuer.empty() ? std::string() : "    " + s.issuer + "\n";
    yaml += "server: {listen: " + s.listen + ", admin: \"" + s.admin + "\"";
    yaml += s.server.find("workers") == std::string::npos ? ", workers: 1" : "";
    // Otherwise only root could read its files in /proc, which tests read.
    yaml += s.server.find("core_dumps") == std::string::npos ? ", core_dumps: true" : "";
    const bool own_drain = s.timeouts.find("drain") != std::string::npos;
    yaml += ", timeouts: {" + (own_drain ? s.timeouts : "drain_delay: 0" + list(s.timeouts)) + "}";
    yaml += s.limits.empty() ? std::string() : ", limits: {" + s.limits + "}";
    const bool own_log = s.more.starts_with("log:");
    return yaml + list(s.server) + (own_log ? "}\n" : "}\nlog: {requests: all}\n") + s.routes + "\n" + s.more;
}

std::string calendar_token(std::string_view scope, std::string_view more)
{
    return make_token(calendar_claims(scope, 3600, more), jose::algorithm::es256);
}

std::string expired_token()
{
    return make_token(calendar_claims("read:appointments", -600, {}), jose::algorithm::es256);
}

std::string brief_token(std::string_view scope, std::chrono::milliseconds life)
{
    const std::chrono::duration<double> end = std::chrono::system_clock::now().time_since_epoch() + life;
    return make_token(R"({"sub":"ada","client_id":"agenda","iss":")" + std::string(calendar_issuer) +
                          R"(","aud":")" + std::string(calendar_audience) + R"(","scope":")" +
                          std::string(scope) + R"(","exp":)" + std::to_string(end.count()) + "}",
                      jose::algorithm::es256);
}

std::string forged_token(std::string_view scope)
{
    const auto& trusted = key_for(jose::algorithm::es256);
    return make_token(calendar_claims(scope, 3600, {}),
                      other_key_for(jose::algorithm::es256).with_kid(trusted.kid()));
}

} // namespace scopegate::test
