#include "config/client_cert.hpp"

#include "config/values.hpp"
#include "http/head_parser.hpp"

#include <algorithm>
#include <array>

namespace scopegate::config {

namespace {

using policy::client_cert_header;

struct form_info {
    const char* word;
    client_cert_header::form how;
    const char* header; // its usual name
};
constexpr std::array forms = std::to_array<form_info>({
    {"rfc9440", client_cert_header::form::rfc9440, "Client-Cert"},
    {"xfcc", client_cert_header::form::xfcc, "X-Forwarded-Client-Cert"},
    {"pem-percent", client_cert_header::form::pem_percent, "SSL-Client-Cert"},
    {"base64", client_cert_header::form::base64, "X-Forwarded-Tls-Client-Cert"},
});

void read_form(compilation& c, const node& value, client_cert_header& into)
{
    std::vector<std::string> words;
    for (const auto& form : forms)
        words.emplace_back(form.word);
    if (const auto word = read_word(c, value, words)) {
        into.how = forms[*word].how;
        into.name = forms[*word].header;
    }
}

// Returns whether the field has no other meaning, here or in HTTP.
bool may_hold_certificate(std::string_view name) noexcept
{
    using enum http::field_id;
    constexpr http::field_set allowed{other, client_cert, client_certificate, x_forwarded};
    return allowed.contains(http::classify(name).id);
}

bool is_identity(const policy::policy& p, std::string_view name) noexcept
{
    const auto& all = p.upstream.headers;
    return std::any_of(all.begin(), all.end(), [name](const policy::identity_header& h) {
        return http::same_field_name(h.name, name);
    });
}

void read_header(compilation& c, const node& value, client_cert_header& into)
{
    const auto name = read_text(c, value);
    if (!name)
        return;
    if (!http::is_token(*name))
        c.out.error(value.at, as_written(value) + " is not a field name");
    else if (name->find('_') != std::string::npos)
        c.out.error(value.at,
                    as_written(value) + " has \"_\", which the upstream could read as \"-\": write \"-\"");
    else if (!may_hold_certificate(*name))
        c.out.error(value.at,
                    as_written(value) + " can't hold a certificate: this field has another meaning");
    else if (is_identity(c.policy, *name))
        c.out.error(value.at, as_written(value) + " is one of \"upstream.headers\": choose another name");
    else
        into.name = *name;
}

constexpr key<client_cert_header> client_cert_keys[] = {
    {"form", read_form, true}, // before the header, whose name it sets
    {"header", read_header},
};

} // namespace

void read_client_cert(compilation& c, const node& value, policy::server_settings& into)
{
    client_cert_header header;
    header.alone = true;
    if (value.is(node::kind::map))
        read_keys(c, value, client_cert_keys, header);
    else
        read_form(c, value, header);
    if (into.trusted_proxies.empty())
        c.out.error(value.at, "client_cert needs \"trusted_proxies\", the addresses whose header is trusted");
    into.client_cert = std::move(header);
}

section client_cert_section()
{
    return make_section("server.client_cert", client_cert_keys);
}

} // namespace scopegate::config
