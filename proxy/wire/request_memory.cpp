#include "wire/request_memory.hpp"

#include <cstring>
#include <utility>

namespace scopegate::wire {

void request_memory::append_request(std::size_t filled, std::string_view bytes)
{
    if (filled + bytes.size() > request_bytes.size()) {
        auto larger = buffers.take(filled + bytes.size());
        if (filled > 0)
            std::memcpy(larger.data(), request_bytes.data(), filled);
        std::memcpy(larger.data() + filled, bytes.data(), bytes.size());
        request_bytes = std::move(larger);
    } else {
        std::memmove(request_bytes.data() + filled, bytes.data(), bytes.size());
    }
}

} // namespace scopegate::wire
