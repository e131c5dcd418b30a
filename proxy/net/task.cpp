#include "net/task.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

namespace scopegate::net {

#ifdef SCOPEGATE_SANITIZED

void* allocate_frame(std::size_t bytes)
{
    return ::operator new(bytes);
}

void release_frame(void* frame, std::size_t) noexcept
{
    ::operator delete(frame);
}

void release_unused_frames() noexcept {}

#else

namespace {

// Frames of up to 4 KiB in classes of 64 bytes.
constexpr std::size_t class_bytes = 64;
constexpr std::size_t class_count = 64;

struct free_frame {
    free_frame* next;
};

struct free_list {
    free_frame* head = nullptr;
    std::size_t size = 0;
    std::size_t unused = 0; // the smallest size since release_unused_frames()

    void free_first() noexcept
    {
        ::operator delete(std::exchange(head, head->next));
        --size;
    }
};

struct free_lists {
    std::array<free_list, class_count> of_size{};
    ~free_lists()
    {
        for (auto& list : of_size)
            while (list.head != nullptr)
                list.free_first();
    }
};

free_lists& lists() noexcept
{
    thread_local free_lists of_this_thread;
    return of_this_thread;
}

} // namespace

void* allocate_frame(std::size_t bytes)
{
    const auto size_class = (bytes - 1) / class_bytes;
    if (size_class >= class_count)
        return ::operator new(bytes);
    auto& list = lists().of_size[size_class];
    if (list.head == nullptr)
        return ::operator new((size_class + 1) * class_bytes);
    list.unused = std::min(list.unused, --list.size);
    return std::exchange(list.head, list.head->next);
}

void release_frame(void* frame, std::size_t bytes) noexcept
{
    const auto size_class = (bytes - 1) / class_bytes;
    if (size_class >= class_count) {
        ::operator delete(frame);
        return;
    }
    auto& list = lists().of_size[size_class];
    list.head = ::new (frame) free_frame{list.head};
    ++list.size;
}

void release_unused_frames() noexcept
{
    for (auto& list : lists().of_size) {
        for (auto surplus = (list.unused + 1) / 2; surplus > 0; --surplus)
            list.free_first();
        list.unused = list.size;
    }
}

#endif

} // namespace scopegate::net
