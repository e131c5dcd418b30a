#include "support/connect_proxy.hpp"

#include "support/socket.hpp"

#include <array>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

namespace scopegate::test {

namespace {

constexpr std::string_view established = "HTTP/1.1 200 Connection established\r\n\r\n";

// Reads a head, or as much of it as comes.
std::string head_from(const socket_handle& client)
{
    std::string head;
    std::array<char, 4096> piece{};
    while (head.find("\r\n\r\n") == std::string::npos) {
        const auto got = client.receive(piece.data(), piece.size());
        if (got.how != socket_handle::outcome::data)
            break;
        head.append(piece.data(), got.bytes);
    }
    return head;
}

// Copies what has come from one side to the other. Returns false at the end.
bool copy(const socket_handle& from, const socket_handle& to)
{
    std::array<char, 16 * 1024> piece{};
    const auto got = from.receive(piece.data(), piece.size());
    return got.how == socket_handle::outcome::data && to.send({piece.data(), got.bytes});
}

void relay(const socket_handle& client, const socket_handle& server)
{
    for (;;) {
        std::array<pollfd, 2> both{{{client.descriptor(), POLLIN, 0}, {server.descriptor(), POLLIN, 0}}};
        if (::poll(both.data(), both.size(), static_cast<int>(test_timeout.count()) * 1000) <= 0)
            return;
        if (both[0].revents != 0 && !copy(client, server))
            return;
        if (both[1].revents != 0 && !copy(server, client))
            return;
    }
}

} // namespace

class connect_proxy::server final {
public:
    explicit server(std::string to)
        : to_(std::move(to)), listener_(socket_handle::listen_at()), thread_([this] { accept_all(); })
    {
    }

    ~server()
    {
        stopped_ = true;
        listener_.wake();
        {
            const std::lock_guard lock(mutex_);
            for (const auto& client : clients_)
                client->wake();
        }
        thread_.join();
        for (auto& each : threads_)
            each.join();
    }

    void be(way how, std::string bytes)
    {
        const std::lock_guard lock(mutex_);
        how_ = how;
        bytes_ = std::move(bytes);
    }

    [[nodiscard]] std::string authority() const { return "127.0.0.1:" + std::to_string(listener_.port()); }

    [[nodiscard]] std::vector<std::string> heads() const
    {
        const std::lock_guard lock(mutex_);
        return heads_;
    }

private:
    void accept_all()
    {
        while (!stopped_) {
            const int accepted = ::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
            if (accepted < 0)
                return;
            const std::lock_guard lock(mutex_);
            clients_.push_back(std::make_shared<socket_handle>(accepted));
            threads_.emplace_back([this, client = clients_.back()] { serve(*client); });
        }
    }

    void serve(const socket_handle& client)
    {
        try {
            auto head = head_from(client);
            way how{};
            std::string bytes;
            {
                const std::lock_guard lock(mutex_);
                heads_.push_back(std::move(head));
                how = how_;
                bytes = how_ == way::tunnel ? std::string(established) : bytes_;
            }
            if (!client.send(bytes))
                return;
            if (how == way::bytes)
                static_cast<void>(head_from(client)); // waits until the client leaves
            else
                relay(client, socket_handle::connect_to(to_));
        } catch (const std::exception&) { // the client sees that the connection ends
        }
        client.wake();
    }

    const std::string to_;
    socket_handle listener_;
    std::atomic<bool> stopped_{false};
    mutable std::mutex mutex_; // guards these
    way how_ = way::tunnel;
    std::string bytes_;
    std::vector<std::string> heads_;
    std::vector<std::shared_ptr<socket_handle>> clients_;
    std::vector<std::thread> threads_;
    std::thread thread_; // last, since it uses the others
};

connect_proxy::connect_proxy(std::string to) : server_(std::make_unique<server>(std::move(to))) {}

connect_proxy::~connect_proxy() = default;

void connect_proxy::be(way how, std::string bytes)
{
    server_->be(how, std::move(bytes));
}

std::string connect_proxy::url() const
{
    return "http://" + server_->authority();
}

std::string connect_proxy::authority() const
{
    return server_->authority();
}

std::vector<std::string> connect_proxy::heads() const
{
    return server_->heads();
}

} // namespace scopegate::test
