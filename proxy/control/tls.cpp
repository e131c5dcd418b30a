#include "control/tls.hpp"

#include "base/regular_file.hpp"

#include <utility>

namespace scopegate::control {

namespace {

template <class Make>
std::shared_ptr<const net::tls_context> try_to(Make make, const std::string& file, policy::source_mark at,
                                               tls_contexts& into)
{
    try {
        const auto made = make();
        for (const auto& warning : made->warnings())
            into.warnings.push_back({file, at, warning, config::warning::certificate_dates});
        return made;
    } catch (const net::tls_error& wrong) {
        into.errors.push_back({file, at, wrong.what()});
        return nullptr;
    }
}

// Returns the keys of session tickets, or null if there are no tickets. Throws net::tls_error.
std::shared_ptr<const net::ticket_keys> keys_of(const policy::server_tls& tls,
                                                const std::shared_ptr<net::ticket_keys>& of_process)
{
    if (!tls.tickets)
        return nullptr;
    if (tls.ticket_keys.empty())
        return of_process ? of_process : std::make_shared<net::ticket_keys>();
    constexpr std::size_t max_size = 64UL * 1024;
    std::vector<net::ticket_keys::file> files;
    for (const auto& name : tls.ticket_keys) {
        auto content = read_regular_file(name, max_size);
        if (!content.problem.empty())
            throw net::tls_error("can't read the file \"" + name + "\": " + content.problem);
        files.push_back({name, secret(std::move(content.text))});
    }
    return std::make_shared<const net::ticket_keys>(files);
}

} // namespace

tls_contexts load_tls(const policy::policy& p, const std::shared_ptr<net::ticket_keys>& tickets)
{
    tls_contexts made;
    if (const auto& tls = p.server.tls)
        made.server = try_to(
            [&] {
                return std::make_shared<const net::tls_context>(net::tls_server_files{
                    tls->certificate, tls->key, tls->client_ca, keys_of(*tls, tickets)});
            },
            p.file, tls->mark, made);
    if (const auto& tls = p.upstream.tls)
        made.upstream = try_to(
            [&] {
                std::vector<std::string> names;
                for (std::size_t url = 0; url < p.upstream.addresses.size(); ++url)
                    names.push_back(p.upstream.server_name(url));
                return std::make_shared<const net::tls_context>(
                    net::tls_client_files{tls->ca, tls->certificate, tls->key}, std::move(names));
            },
            p.file, tls->mark, made);
    // Their connections make contexts of their own, when keys are fetched: this only checks the files.
    for (const auto& issuer : p.issuers)
        if (!issuer.certificate_file.empty() && !issuer.key_file.empty())
            static_cast<void>(try_to(
                [&] {
                    return std::make_shared<const net::tls_context>(
                        net::tls_client_files{issuer.ca_file, issuer.certificate_file, issuer.key_file},
                        "localhost");
                },
                p.file, issuer.certificate_mark, made));
    return made;
}

} // namespace scopegate::control
