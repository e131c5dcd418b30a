// A calendar whose gate speaks TLS, for the wire tests of TLS.
#pragma once

#include "support/calendar.hpp"
#include "support/tls_client.hpp"
#include "support/tls_files.hpp"
#include "support/tls_relay.hpp"

#include <memory>
#include <utility>

namespace scopegate::test {

inline gate_settings with_tls(const tls_files& files, gate_settings settings = {}, bool mutual = false)
{
    settings.server = settings.server.empty() ? files.server_yaml(mutual)
                                              : files.server_yaml(mutual) + ", " + settings.server;
    return settings;
}

// A calendar whose gate speaks TLS. A relay in front of it connects plain-text clients to the gate over TLS.
class tls_calendar final {
public:
    explicit tls_calendar(gate_settings settings = {}) : c(with_tls(files, std::move(settings)))
    {
        tls_relay_settings s;
        s.ca = files.ca.pem();
        relay = std::make_unique<tls_relay>(c.gate.address(), s);
    }
    [[nodiscard]] raw_client connect() const { return raw_client(relay->address()); }
    [[nodiscard]] tls_client secured(tls_client_settings settings = {}) const
    {
        settings.ca = files.ca.pem();
        return tls_client(c.gate.address(), settings);
    }

    tls_files files;
    calendar c;
    std::unique_ptr<tls_relay> relay;
};

} // namespace scopegate::test
