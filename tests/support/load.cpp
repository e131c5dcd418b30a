#include "support/load.hpp"

#include "support/raw_client.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace scopegate::test {

struct load::state {
    std::string address, request;
    std::function<bool(const load_answer&)> right;
    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    std::size_t answers = 0, callers = 0;
    std::vector<std::string> wrong;
    bool stopped = false;
    std::vector<std::thread> threads;
};

load::load(std::string address, std::size_t callers, std::string request,
           std::function<bool(const load_answer&)> right)
    : state_(std::make_unique<state>())
{
    state_->address = std::move(address);
    state_->request = std::move(request);
    state_->right = std::move(right);
    state_->callers = callers;
    for (std::size_t i = 0; i < callers; ++i)
        state_->threads.emplace_back([this, i] { ask(i); });
}

load::~load()
{
    stop();
}

void load::ask(std::size_t caller) const
{
    auto& s = *state_;
    std::optional<raw_client> client;
    for (bool goes_on = true; goes_on;) {
        load_answer got;
        got.fresh = !client;
        try {
            if (!client)
                client.emplace(s.address);
            const auto answer = client->exchange(s.request);
            got.status = answer.end == ending::complete ? answer.status : 0;
            got.body = answer.body;
            std::ostringstream text;
            text << "client " << caller << (got.fresh ? " on a fresh connection " : " on a kept connection ")
                 << answer.end << answer;
            got.what = text.str();
            if (answer.end != ending::complete || answer.value("Connection") == "close")
                client.reset();
        } catch (const std::runtime_error& refused) { // nobody listens
            const std::lock_guard lock(s.mutex);
            --s.callers;
            s.changed.notify_all();
            return;
        }
        const bool is_right = s.right(got);
        const std::lock_guard lock(s.mutex);
        ++s.answers;
        if (!is_right && s.wrong.size() < 20)
            s.wrong.push_back(got.what);
        s.changed.notify_all();
        goes_on = !s.stopped;
    }
}

void load::wait_for_answers(std::size_t count) const
{
    auto& s = *state_;
    std::unique_lock lock(s.mutex);
    const auto goal = s.answers + count;
    if (!s.changed.wait_for(lock, 3 * test_timeout, [&] { return s.answers >= goal || s.callers == 0; }) ||
        s.answers < goal)
        throw std::runtime_error("the load got no further than " + std::to_string(s.answers) + " answers");
}

void load::wait_for_the_end()
{
    auto& s = *state_;
    std::unique_lock lock(s.mutex);
    if (!s.changed.wait_for(lock, 3 * test_timeout, [&] { return s.callers == 0; }))
        throw std::runtime_error("somebody still accepts connections");
}

void load::stop()
{
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopped = true;
    }
    for (auto& t : state_->threads)
        if (t.joinable())
            t.join();
}

std::size_t load::answers() const
{
    const std::lock_guard lock(state_->mutex);
    return state_->answers;
}

std::vector<std::string> load::wrong() const
{
    const std::lock_guard lock(state_->mutex);
    return state_->wrong;
}

} // namespace scopegate::test
