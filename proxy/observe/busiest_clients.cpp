#include "observe/busiest_clients.hpp"

#include <algorithm>

namespace scopegate::observe {

void busiest_clients::add(std::string_view client)
{
    const auto known = std::find_if(entries_.begin(), entries_.end(),
                                    [client](const entry& e) { return e.client == client; });
    if (known != entries_.end()) {
        ++known->count;
        return;
    }
    if (entries_.size() < most) {
        entries_.push_back({std::string(client), 1, 0});
        return;
    }
    auto& least = *std::min_element(entries_.begin(), entries_.end(),
                                    [](const entry& a, const entry& b) { return a.count < b.count; });
    least.client = client;
    least.error = least.count++;
}

} // namespace scopegate::observe
