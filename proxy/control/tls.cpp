#include "control/tls.hpp"

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

} // namespace

tls_contexts load_tls(const policy::policy& p)
{
    tls_contexts made;
    if (const auto& tls = p.server.tls)
        made.server = try_to(
            [&] {
                return std::make_shared<const net::tls_context>(
                    net::tls_server_files{tls->certificate, tls->key, tls->client_ca});
            },
            p.file, tls->mark, made);
    if (const auto& tls = p.upstream.tls)
        made.upstream = try_to(
            [&] {
                return std::make_shared<const net::tls_context>(
                    net::tls_client_files{tls->ca, tls->certificate, tls->key}, tls->server_name);
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
