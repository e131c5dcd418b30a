// A connection whose two bodies are its bytes, as in a tunnel: what relays and tunnels work with.
#pragma once

#include "http1/message_io.hpp"

namespace scopegate::gate {

struct raw_memory {
    net::buffer slice;
    net::gather out;
};

class raw_stream final : private raw_memory, public http1::message_stream<wire::stream> {
public:
    // `framing` is that of the body that the peer sends.
    raw_stream(net::stream_ptr connection, net::buffer_pool& buffers,
               http::body_framing framing = {http::body_kind::until_close, 0})
        : message_stream(std::move(connection), {buffers, slice, out}, false)
    {
        io_.begin_reading(framing, {}, {});
        io_.begin_writing(http1::body_writer(false));
    }
};

} // namespace scopegate::gate
