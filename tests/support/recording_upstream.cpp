#include "support/recording_upstream.hpp"

#include "base/json.hpp"

#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace scopegate::test {

namespace {

std::string echo(const request& r)
{
    std::string body = "{\"method\":";
    json::append_quoted(body, r.method);
    body += ",\"target\":";
    json::append_quoted(body, r.target);
    body += ",\"body_bytes\":" + std::to_string(r.body.size()) + "}";
    auto answer = ok(body, "Content-Type: application/json\r\n");
    if (r.method == "HEAD")
        answer.resize(answer.size() - body.size());
    return answer;
}

} // namespace

class recording_upstream::server final {
public:
    explicit server(const std::string& address) : listener_(socket_handle::listen_at(address))
    {
        const bool is_unix = address.starts_with("unix:");
        authority_ = is_unix ? address : "127.0.0.1:" + std::to_string(listener_.port());
        url_ = is_unix ? address : "http://" + authority_;
        acceptor_ = std::thread([this] { accept_all(); });
    }

    ~server()
    {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = released_ = true;
            for (auto& c : connections_)
                if (!c.ended)
                    c.socket.wake();
        }
        changed_.notify_all();
        stop_listening();
        for (auto& c : connections_)
            c.thread.join();
    }

    struct connection {
        socket_handle socket;
        std::size_t number = 0;
        bool idle = true; // waits for a request
        bool ended = false;
        std::thread thread{};
    };

    void stop_listening()
    {
        listener_.wake();
        if (acceptor_.joinable())
            acceptor_.join();
        listener_.close();
    }

    void accept_all()
    {
        for (;;) {
            socket_handle accepted(::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!accepted.is_open())
                return;
            const std::lock_guard lock(mutex_);
            auto& made = connections_.emplace_back();
            made.socket = std::move(accepted);
            made.number = connections_.size();
            if (stopping_)
                made.socket.wake();
            made.thread = std::thread([this, &made] { serve(made); });
            changed_.notify_all();
        }
    }

    void serve(connection& c);

    template <class Condition>
    void wait_until(const std::string& what, Condition condition)
    {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, test_timeout, condition))
            throw std::runtime_error("the upstream waited 10 s for " + what + "; it has " +
                                     std::to_string(requests_.size()) + " requests, " +
                                     std::to_string(done_) + " done, " + std::to_string(connections_.size()) +
                                     " connections, " + std::to_string(ended_) + " ended" +
                                     (faults_.empty() ? "" : "; fault: " + faults_.front()));
    }

    class exchange_of;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::list<connection> connections_; // guarded, except the socket: its own thread uses it, and wake()
    std::vector<request> requests_;
    std::vector<std::string> faults_;
    std::map<std::string, upstream_script> scripts_;
    std::size_t done_ = 0, ended_ = 0;
    bool released_ = false, stopping_ = false;

    socket_handle listener_;
    std::string authority_, url_;
    std::thread acceptor_;
};

class recording_upstream::server::exchange_of final : public upstream_exchange {
public:
    exchange_of(server& s, connection& c, message_reader& reader, request asked)
        : server_(s), connection_(c), reader_(reader), asked_(std::move(asked))
    {
        const std::lock_guard lock(server_.mutex_);
        index_ = server_.requests_.size();
        server_.requests_.push_back(asked_);
        server_.changed_.notify_all();
    }
    ~exchange_of()
    {
        const std::lock_guard lock(server_.mutex_);
        ++server_.done_;
        server_.changed_.notify_all();
    }

    const request& asked() const noexcept override { return asked_; }
    void read_body() override
    {
        if (is_over_ || std::exchange(body_read_, true))
            return;
        if (asked_.has("Expect"))
            send("HTTP/1.1 100 Continue\r\n\r\n");
        const auto end = reader_.read_request_body(asked_);
        asked_.whole = end == ending::complete;
        const std::lock_guard lock(server_.mutex_);
        server_.requests_[index_] = asked_;
        if (end == ending::malformed)
            server_.faults_.push_back(reader_.fault());
        is_over_ = end != ending::complete;
    }
    std::size_t take_body() override
    {
        if (is_over_ || std::exchange(body_read_, true))
            return 0;
        const auto taken = reader_.skip(std::stoull(asked_.value("Content-Length")));
        is_over_ = taken != std::stoull(asked_.value("Content-Length"));
        return taken;
    }
    std::string receive(std::size_t bytes) override { return reader_.read_bytes(bytes); }
    void send(std::string_view bytes) override
    {
        if (!is_over_)
            is_over_ = !connection_.socket.send(bytes);
    }
    bool wait_for_release() override
    {
        std::unique_lock lock(server_.mutex_);
        server_.changed_.wait_for(lock, 2 * test_timeout, [&] { return server_.released_; });
        return server_.released_ && !server_.stopping_;
    }
    void wait_for_close() override
    {
        char bytes[65536];
        for (auto got = connection_.socket.receive(bytes, sizeof bytes);
             got.how == socket_handle::outcome::data; got = connection_.socket.receive(bytes, sizeof bytes)) {
        }
        is_over_ = true;
    }
    void close() override { is_over_ = true; }
    void reset() override
    {
        const std::lock_guard lock(server_.mutex_);
        connection_.socket.reset();
        is_over_ = true;
    }

    // Returns whether the connection can take another request.
    [[nodiscard]] bool goes_on()
    {
        if (!body_read_ && asked_.has("Expect")) // responded without asking for the body
            return false;
        read_body();
        return !is_over_;
    }

private:
    server& server_;
    connection& connection_;
    message_reader& reader_;
    request asked_;
    std::size_t index_ = 0;
    bool body_read_ = false, is_over_ = false;
};

void recording_upstream::server::serve(connection& c)
{
    message_reader reader(c.socket);
    try {
        for (bool goes_on = true; goes_on;) {
            request asked;
            asked.connection = c.number;
            const auto end = reader.read_request_head(asked);
            upstream_script script;
            {
                const std::lock_guard lock(mutex_);
                if (end == ending::malformed)
                    faults_.push_back(reader.fault());
                if (end != ending::complete || stopping_)
                    break;
                c.idle = false;
                if (const auto found = scripts_.find(asked.target.substr(0, asked.target.find('?')));
                    found != scripts_.end())
                    script = found->second;
            }
            exchange_of exchange(*this, c, reader, std::move(asked));
            if (script) {
                script(exchange);
            } else {
                exchange.read_body();
                exchange.send(echo(exchange.asked()));
            }
            goes_on = exchange.goes_on();
            const std::lock_guard lock(mutex_);
            c.idle = true;
        }
    } catch (const std::exception& failed) {
        const std::lock_guard lock(mutex_);
        faults_.emplace_back(failed.what());
    }
    const std::lock_guard lock(mutex_);
    c.socket.close();
    c.ended = true;
    ++ended_;
    changed_.notify_all();
}

recording_upstream::recording_upstream(const std::string& address)
    : server_(std::make_unique<server>(address))
{
}
recording_upstream::~recording_upstream() = default;

std::string recording_upstream::url() const
{
    return server_->url_;
}

std::string recording_upstream::authority() const
{
    return server_->authority_;
}

void recording_upstream::on(const std::string& path, upstream_script script)
{
    const std::lock_guard lock(server_->mutex_);
    server_->scripts_[path] = std::move(script);
}

void recording_upstream::answer(const std::string& path, std::string bytes)
{
    on(path, [bytes = std::move(bytes)](upstream_exchange& x) {
        x.read_body();
        x.send(bytes);
    });
}

void recording_upstream::release()
{
    const std::lock_guard lock(server_->mutex_);
    server_->released_ = true;
    server_->changed_.notify_all();
}

void recording_upstream::close_idle()
{
    std::size_t open = 0;
    {
        const std::lock_guard lock(server_->mutex_);
        for (auto& c : server_->connections_)
            if (c.idle && !c.ended)
                c.socket.wake();
        for (const auto& c : server_->connections_)
            open += !c.idle && !c.ended ? 1 : 0;
    }
    server_->wait_until("idle connections to end",
                        [&] { return server_->ended_ + open >= server_->connections_.size(); });
}

void recording_upstream::stop_listening()
{
    server_->stop_listening();
}

std::vector<request> recording_upstream::requests() const
{
    const std::lock_guard lock(server_->mutex_);
    return server_->requests_;
}

std::size_t recording_upstream::connections() const
{
    const std::lock_guard lock(server_->mutex_);
    return server_->connections_.size();
}

std::vector<request> recording_upstream::wait_for_requests(std::size_t count) const
{
    server_->wait_until(std::to_string(count) + " requests", [&] { return server_->done_ >= count; });
    return requests();
}

void recording_upstream::wait_for_heads(std::size_t count) const
{
    server_->wait_until(std::to_string(count) + " requests to arrive",
                        [&] { return server_->requests_.size() >= count; });
}

void recording_upstream::wait_for_closed(std::size_t count) const
{
    server_->wait_until(std::to_string(count) + " connections to end",
                        [&] { return server_->ended_ >= count; });
}

std::vector<std::string> recording_upstream::faults() const
{
    const std::lock_guard lock(server_->mutex_);
    return server_->faults_;
}

std::string ok(std::string_view body, std::string_view fields)
{
    std::string text = "HTTP/1.1 200 OK\r\n";
    text.append(fields).append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
    return text.append(body);
}

std::string chunks(std::string_view body, std::size_t size, std::string_view trailers)
{
    std::string text;
    while (!body.empty()) {
        const auto piece = body.substr(0, size);
        constexpr char hex[] = "0123456789abcdef";
        std::string digits;
        for (auto n = piece.size(); n > 0; n /= 16)
            digits.insert(digits.begin(), hex[n % 16]);
        text.append(digits).append("\r\n").append(piece).append("\r\n");
        body.remove_prefix(piece.size());
    }
    return text.append("0\r\n").append(trailers).append("\r\n");
}

upstream_script closes_before_answer()
{
    return sends_then_closes({});
}

upstream_script sends_then_closes(std::string bytes)
{
    return [bytes = std::move(bytes)](upstream_exchange& x) {
        x.read_body();
        x.send(bytes);
        x.close();
    };
}

upstream_script sends_then_resets(std::string bytes)
{
    return [bytes = std::move(bytes)](upstream_exchange& x) {
        x.read_body();
        x.send(bytes);
        x.reset();
    };
}

upstream_script answers_when_released(std::string bytes)
{
    return [bytes = std::move(bytes)](upstream_exchange& x) {
        x.read_body();
        if (x.wait_for_release())
            x.send(bytes);
    };
}

} // namespace scopegate::test
