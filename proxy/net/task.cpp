#include "net/task.hpp"

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

void release_spare_frames() noexcept {}

#else

namespace {

// Frames of up to 4 KiB, in size classes of 64 bytes.
constexpr std::size_t class_bytes = 64;
constexpr std::size_t class_count = 64;

struct free_frame {
    free_frame* next;
};

struct free_lists {
    std::array<free_frame*, class_count> heads{};
    ~free_lists()
    {
        for (auto*& head : heads)
            while (head != nullptr)
                ::operator delete(std::exchange(head, head->next));
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
    auto*& head = lists().heads[size_class];
    if (head == nullptr)
        return ::operator new((size_class + 1) * class_bytes);
    return std::exchange(head, head->next);
}

void release_frame(void* frame, std::size_t bytes) noexcept
{
    const auto size_class = (bytes - 1) / class_bytes;
    if (size_class >= class_count) {
        ::operator delete(frame);
        return;
    }
    auto*& head = lists().heads[size_class];
    head = ::new (frame) free_frame{head};
}

// The hot path does not count frames, so this keeps the first few of each list and frees every second one
// after them.
void release_spare_frames() noexcept
{
    constexpr int kept = 32;
    for (auto* frame : lists().heads) {
        for (int i = 0; i < kept && frame != nullptr; ++i)
            frame = frame->next;
        for (; frame != nullptr && frame->next != nullptr; frame = frame->next)
            ::operator delete(std::exchange(frame->next, frame->next->next));
    }
}

#endif

} // namespace scopegate::net
