// Clients that send requests all the time, each on a connection that it keeps as long as the gate allows.
// They show what is lost when something happens to the gate or the API. They run as threads of the test's
// process.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace scopegate::test {

// The result of one client. `fresh`: it was the first response on its connection.
struct load_answer {
    unsigned status = 0; // 0: no response
    std::string body;
    bool fresh = false;
    std::string what; // for a failure message
};

class load final {
public:
    // `right` decides whether a response is right; it is called from many threads.
    load(std::string address, std::size_t callers, std::string request,
         std::function<bool(const load_answer&)> right);
    ~load();

    // Waits until this many further right responses have come. Throws on a timeout.
    void wait_for_answers(std::size_t count) const;
    // Waits until no process accepts connections any more, and all clients have noticed it.
    void wait_for_the_end();
    void stop();

    [[nodiscard]] std::size_t answers() const;
    [[nodiscard]] std::vector<std::string> wrong() const; // the results that were not right

private:
    struct state;
    void ask(std::size_t caller) const;
    std::unique_ptr<state> state_;
};

} // namespace scopegate::test
