#include "net/gather.hpp"

#include <cstring>

namespace scopegate::net {

bool gather::add(std::string_view piece) noexcept
{
    if (piece.empty())
        return true;
    if (first_ != count_) {
        auto& last = pieces_[count_ - 1];
        if (static_cast<const char*>(last.iov_base) + last.iov_len == piece.data()) {
            last.iov_len += piece.size();
            return true;
        }
    }
    if (count_ == capacity)
        return false;
    pieces_[count_++] = {const_cast<char*>(piece.data()), piece.size()}; // sendmsg only reads
    return true;
}

std::size_t gather::bytes() const noexcept
{
    std::size_t sum = 0;
    for (auto i = first_; i < count_; ++i)
        sum += pieces_[i].iov_len;
    return sum;
}

void gather::move_to(std::span<char> into) noexcept
{
    std::size_t filled = 0;
    for (auto i = first_; i < count_; ++i) {
        std::memcpy(into.data() + filled, pieces_[i].iov_base, pieces_[i].iov_len);
        filled += pieces_[i].iov_len;
    }
    clear();
    add({into.data(), filled});
}

void gather::consume(std::size_t bytes) noexcept
{
    while (bytes > 0) {
        auto& piece = pieces_[first_];
        if (bytes < piece.iov_len) {
            piece.iov_base = static_cast<char*>(piece.iov_base) + bytes;
            piece.iov_len -= bytes;
            return;
        }
        bytes -= piece.iov_len;
        ++first_;
    }
    if (first_ == count_)
        clear();
}

bool gather::send_now(stream& to) noexcept
{
    failed_ = false;
    while (!empty()) {
        const auto sent = to.write_some({pieces_.data() + first_, count_ - first_});
        if (sent.how != transfer::status::done) {
            failed_ = sent.how == transfer::status::failed;
            return false;
        }
        consume(sent.bytes);
    }
    return true;
}

} // namespace scopegate::net
