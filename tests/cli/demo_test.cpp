// `scopegate demo` as a person uses it: its output is pasted into a shell, and each curl line must return the
// status in the comment above it.
#include "support/places.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace scopegate {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto test_timeout = 30s;
const std::string last_words = "Ctrl-C ends the demo.\n";

struct printed_request {
    std::string status; // the status in the comment
    std::string why;
    std::string line;
};

// A running demo. Its standard output is read to the end of the page, and its log is dropped.
class running_demo final {
public:
    explicit running_demo(const std::string& port)
    {
        int out[2];
        if (::pipe2(out, O_CLOEXEC) != 0)
            throw std::runtime_error("pipe");
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::dup2(out[1], 1);
            ::dup2(::open("/dev/null", O_WRONLY), 2);
            ::execl(SCOPEGATE_PROGRAM, SCOPEGATE_PROGRAM, "demo", "--port", port.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(out[1]);
        out_ = out[0];
        read_page();
    }
    ~running_demo()
    {
        if (pid_ > 0)
            end_with(SIGTERM); // so that its folder is removed too
        ::close(out_);
    }
    running_demo(const running_demo&) = delete;
    running_demo& operator=(const running_demo&) = delete;

    // Returns its exit code after the signal, or minus the number of the signal that killed it.
    int end_with(int signal)
    {
        ::kill(pid_, signal);
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

    [[nodiscard]] const std::string& page() const { return page_; }
    [[nodiscard]] std::string find(const std::string& pattern) const
    {
        std::smatch found;
        return std::regex_search(page_, found, std::regex(pattern)) ? found[1].str() : std::string();
    }
    [[nodiscard]] fs::path policy() const { return find("policy +(\\S+)"); }
    [[nodiscard]] std::string variables() const
    {
        std::string lines;
        const std::regex assignment("([A-Z]+='[^']*')\n");
        for (std::sregex_iterator at(page_.begin(), page_.end(), assignment), end; at != end; ++at)
            lines += (*at)[1].str() + "\n";
        return lines;
    }
    [[nodiscard]] std::vector<printed_request> requests() const
    {
        std::vector<printed_request> all;
        const std::regex pair("# ([0-9]{3}): ([^\n]+)\n(curl [^\n]+)\n");
        for (std::sregex_iterator at(page_.begin(), page_.end(), pair), end; at != end; ++at)
            all.push_back({(*at)[1], (*at)[2], (*at)[3]});
        return all;
    }

private:
    void read_page()
    {
        const auto until = steady::now() + test_timeout;
        while (!page_.ends_with(last_words) && steady::now() < until) {
            pollfd ready{out_, POLLIN, 0};
            ::poll(&ready, 1, 100);
            char bytes[4096];
            const auto n = ready.revents != 0 ? ::read(out_, bytes, sizeof bytes) : 0;
            if (ready.revents != 0 && n <= 0)
                throw std::runtime_error("the demo ended after: " + page_);
            page_.append(bytes, static_cast<std::size_t>(n));
        }
    }

    pid_t pid_ = -1;
    int out_ = -1;
    std::string page_;
};

// Returns all that a shell prints for this script.
std::string shell(const std::string& script)
{
    auto file = (fs::temp_directory_path() / "scopegate-demo-test-XXXXXX").string();
    const int fd = ::mkstemp(file.data());
    if (fd < 0 || ::write(fd, script.data(), script.size()) != static_cast<ssize_t>(script.size()))
        throw std::runtime_error("can't write " + file);
    ::close(fd);
    auto* pipe = ::popen(("no_proxy='*' sh " + file + " 2>/dev/null").c_str(), "r");
    std::string out;
    char bytes[4096];
    for (std::size_t n = 0; (n = std::fread(bytes, 1, sizeof bytes, pipe)) > 0;)
        out.append(bytes, n);
    ::pclose(pipe);
    fs::remove(file);
    return out;
}

std::string status_of(const std::string& answer)
{
    return answer.starts_with("HTTP/1.1 ") ? answer.substr(9, 3) : "no answer: " + answer;
}

TEST(demo, prints_lines_that_return_the_stated_status)
{
    running_demo demo("0");
    std::set<std::string> statuses;
    for (const auto& r : demo.requests()) {
        statuses.insert(r.status);
        EXPECT_EQ(status_of(shell(demo.variables() + r.line + "\n")), r.status) << r.why << "\n" << r.line;
    }
    EXPECT_EQ(statuses, (std::set<std::string>{"200", "201", "401", "403", "404", "405"})) << demo.page();
    EXPECT_EQ(demo.end_with(SIGINT), 0);
}

TEST(demo, tells_the_api_the_identity_and_the_client_the_missing_scope)
{
    const running_demo demo("0");
    for (const auto& r : demo.requests()) {
        const auto answer = shell(demo.variables() + r.line + "\n");
        if (r.line.find("$READER") != std::string::npos && r.status == "200") {
            EXPECT_NE(answer.find("\"user\":\"ann\""), std::string::npos) << answer;
        }
        if (r.why.find("lacks write:appointments") != std::string::npos) {
            EXPECT_NE(answer.find("error=\"insufficient_scope\""), std::string::npos) << answer;
            EXPECT_NE(answer.find("scope=\"write:appointments\""), std::string::npos) << answer;
        }
        if (r.why.find("only a viewer") != std::string::npos) {
            EXPECT_NE(answer.find("urn:scopegate:problem:scope-limited"), std::string::npos) << answer;
            EXPECT_EQ(answer.find("WWW-Authenticate"), std::string::npos) << answer;
        }
    }
}

TEST(demo, keeps_its_policy_private_and_removes_it_at_the_end)
{
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        running_demo demo("0");
        const auto folder = demo.policy().parent_path();
        struct stat found {};
        ASSERT_EQ(::stat(folder.c_str(), &found), 0) << demo.page();
        EXPECT_EQ(found.st_mode & 0777U, 0700U);
        for (const auto& entry : fs::directory_iterator(folder)) {
            std::ifstream file(entry.path());
            const std::string text{std::istreambuf_iterator<char>(file), {}};
            EXPECT_EQ(text.find("\"d\""), std::string::npos) << "a private key in " << entry.path();
        }
        EXPECT_EQ(demo.end_with(signal), 0) << "signal " << signal;
        EXPECT_FALSE(fs::exists(folder)) << "signal " << signal;
    }
}

TEST(demo, reloads_its_policy_after_an_edit)
{
    const running_demo demo("0");
    std::ifstream in(demo.policy());
    std::string text{std::istreambuf_iterator<char>(in), {}};
    const std::string before = "GET: public";
    ASSERT_NE(text.find(before), std::string::npos) << text;
    text.replace(text.find(before), before.size(), "GET: authenticated");
    std::ofstream(demo.policy()) << text;
    const auto health = "curl -i " + demo.find("proxy +(\\S+)") + "/healthz\n";
    const auto until = steady::now() + test_timeout;
    std::string status = "200";
    while (status == "200" && steady::now() < until)
        status = status_of(shell(health));
    EXPECT_EQ(status, "401");
}

TEST(demo, uses_a_free_port_if_the_requested_one_is_taken)
{
    const int holder = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(holder, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(holder, 1), 0);
    ASSERT_EQ(::getsockname(holder, reinterpret_cast<sockaddr*>(&address), &size), 0);
    const auto taken = std::to_string(ntohs(address.sin_port));
    const running_demo demo(taken);
    ::close(holder);
    const auto port = demo.find("Port " + taken + " is taken, so the proxy uses port ([0-9]+)\\.");
    EXPECT_NE(port, "") << demo.page();
    EXPECT_NE(port, taken);
    EXPECT_EQ(demo.find("proxy +http://127\\.0\\.0\\.1:([0-9]+) "), port);
    EXPECT_EQ(status_of(shell("curl -i http://127.0.0.1:" + port + "/healthz\n")), "200");
}

TEST(demo, refuses_an_invalid_port)
{
    const int status = std::system("'" SCOPEGATE_PROGRAM "' demo --port 70000 2>/dev/null");
    EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 2);
}

} // namespace
} // namespace scopegate
