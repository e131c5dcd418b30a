// Callers that ask on and on, each on a connection that it keeps as long as the gate lets it: what is lost
// when something happens to the gate or the API meanwhile. Threads of the test's process.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace scopegate::test {

// What one caller got. `fresh`: it was the first answer on its connection.
struct load_answer {
    unsigned status = 0; // 0: none
    std::string body;
    bool fresh = false;
    std::string what; // for a failure message
};

class load final {
public:
    // `right` says of each answer whether it is one; called from many threads.
    load(std::string address, std::size_t callers, std::string request,
         std::function<bool(const load_answer&)> right);
    ~load();

    // Waits until so many more right answers have come. Throws where they don't.
    void wait_for_answers(std::size_t count) const;
    // Waits until nobody accepts connections any more, and all callers have seen that.
    void wait_for_the_end();
    void stop();

    [[nodiscard]] std::size_t answers() const;
    [[nodiscard]] std::vector<std::string> wrong() const; // what was not right

private:
    struct state;
    void ask(std::size_t caller) const;
    std::unique_ptr<state> state_;
};

} // namespace scopegate::test
