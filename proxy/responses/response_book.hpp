// Builds problem responses: status, challenge (RFC 6750, 9470), problem body (RFC 9457) and the other
// headers. One table defines them per reason; challenges are prepared per policy. No sockets: the gate,
// `explain` and `test` share this code, and a later forward-auth will too.
#pragma once

#include "policy/decide.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::responses {

// The response for one reason: a row of the second of two tables (the first is base/reason.hpp).
struct response_row {
    // The kind of challenge in WWW-Authenticate.
    enum class challenge : std::uint8_t {
        none,
        scheme, // with the scheme that the token had, or should have had
        proof,  // about the DPoP proof, hence always with the scheme DPoP
        login,  // with everything that the login must satisfy (RFC 9470)
    };

    unsigned status;
    std::string_view title;
    // Is also the challenge's error_description: visible ASCII without quotes and backslashes.
    std::string_view detail;
    challenge challenges = challenge::none;
    std::string_view error{}; // the challenge's `error`; empty: it has none (no_token)
    bool close = false;       // whether to close the connection, as its framing can't be trusted
    bool scopes = false;      // whether the problem lists the required and the missing scopes
    bool allow = false;       // whether to send Allow, with the route's methods
    unsigned retry_after = 0; // seconds for Retry-After; 0: not sent
};
// Returns the row of the table. Every reason has one.
[[nodiscard]] const response_row& row(reason r) noexcept;

// A complete response, except for Date and Connection, which only the connection knows.
struct response {
    unsigned status = 500;
    bool close = false;
    // `Name: value` and CRLF each: Content-Type, Cache-Control, WWW-Authenticate, Allow, ...
    std::string fields;
    std::string body; // problem+json

    void add(std::string_view name, std::string_view value)
    {
        fields.append(name).append(": ").append(value).append("\r\n");
    }
};

// Returns the name and value of each header, for display. The views point into `a`.
[[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> fields_of(const response& a);

// Appends the response to `out`, ready to send: status line, headers, Date, Connection, Content-Length, body.
// `head_only` omits the body, as for HEAD. `keep_alive` is whether the connection could stay open; the
// response's own `close` overrides it.
void write(const response& a, bool head_only, bool keep_alive, std::string_view date, std::string& out);

class response_book final {
public:
    // Prepares the challenges of every requirement. The policy must outlive the book.
    explicit response_book(const policy::policy& p);

    // Builds the problem response for a denial. `request_id` must be well-formed. The response contains
    // nothing of the token or the target.
    [[nodiscard]] response make(const policy::denial& d, std::string_view request_id) const;

    // Appends the same response, ready to send (see responses::write).
    void write(const policy::denial& d, std::string_view request_id, bool head_only, bool keep_alive,
               std::string_view date, std::string& out) const;

    // Returns whether a normalized path names a protected resource metadata document (RFC 9728).
    [[nodiscard]] bool is_metadata_path(std::string_view path) const noexcept
    {
        return document_at(path) != nullptr;
    }
    // Builds the response to a request for the document at that path. It is public, cacheable, and readable
    // by browser applications of any origin. GET and HEAD return the document, OPTIONS the preflight
    // response, other methods 405.
    [[nodiscard]] response make_metadata(std::string_view path, std::string_view method,
                                         std::string_view request_id) const;

private:
    // The common beginning of all problem responses for one reason.
    struct beginning {
        std::string bearer, dpop; // the headers, up to the challenge's error and its description
        std::string problem;      // the problem up to `detail`, without the closing brace
    };

    // The scope names of one alternative of a requirement.
    struct prepared_alternative {
        std::string attribute; // `scope="..."`
        std::string names;     // ["...","..."]
    };

    // The metadata document of one resource. Empty if the policy has none.
    struct document {
        std::string text;
        std::string attribute;          // `resource_metadata="..."`
        std::vector<std::string> paths; // normalized
    };

    void prepare_beginnings();
    void prepare_documents();
    [[nodiscard]] const document* document_at(std::string_view path) const noexcept;
    [[nodiscard]] response make(const policy::denial& d, std::string_view request_id,
                                std::string_view allow) const;
    // Returns the alternative that a denial names, or null.
    [[nodiscard]] const prepared_alternative* prepared_of(const policy::denial& d) const noexcept;
    void append_fields(std::string& out, const policy::denial& d) const;
    void append_problem(std::string& out, const policy::denial& d, std::string_view request_id) const;

    const policy::policy& policy_;
    std::vector<beginning> beginnings_;                       // by reason
    std::vector<document> documents_;                         // by requirement::resource
    std::vector<std::vector<prepared_alternative>> prepared_; // by requirement index and alternative
};

} // namespace scopegate::responses
