// Defines our names for Asio's types. For .cpp files, and for headers of net/, gate/ and control/ that need
// sockets.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

namespace scopegate::net {

namespace asio = boost::asio;
using boost::system::error_code;

} // namespace scopegate::net
