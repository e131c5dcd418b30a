// Finds the clients that are added most often, in bounded memory (the space-saving algorithm of Metwally,
// Agrawal and El Abbadi). A client with more than a sixteenth of all requests is always among them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::observe {

class busiest_clients final {
public:
    static constexpr std::size_t most = 16;

    struct entry {
        std::string client;
        std::uint64_t count = 0;
        std::uint64_t error = 0; // how much of the count may belong to other clients
        [[nodiscard]] std::uint64_t at_least() const noexcept { return count - error; }
    };

    // Counts one request of the client.
    void add(std::string_view client);
    // Returns the busiest clients, unordered.
    [[nodiscard]] const std::vector<entry>& entries() const noexcept { return entries_; }

private:
    std::vector<entry> entries_;
};

} // namespace scopegate::observe
