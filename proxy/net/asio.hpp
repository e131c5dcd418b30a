// The names under which Asio is known here. For .cpp files and headers of net/, gate/ and control/ that need
// sockets.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

namespace scopegate::net {

namespace asio = boost::asio;
using boost::system::error_code;

} // namespace scopegate::net
