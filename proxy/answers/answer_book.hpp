// What a refusal looks like on the wire: status, challenge (RFC 6750, 9470), problem body (RFC 9457) and the
// fields that go with them. One table says it per reason; challenges are prepared per policy. No sockets: the
// gate, `explain`, `test` and a later forward-auth all read from here.
#pragma once

#include "policy/decide.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::answers {

// The fixed part of an answer, by reason.
struct answer_row {
    unsigned status;
    std::string_view title;
    std::string_view
        detail; // also the challenge's error_description: visible ASCII without quotes and backslashes
    std::string_view error; // the challenge's `error`; empty: a challenge without (no_token), see `challenge`
    bool challenge;         // whether there is a WWW-Authenticate at all
    bool close;             // whether the connection ends with it: the framing can't be trusted any more
};
// THE table. Total over the enum.
[[nodiscard]] const answer_row& row(reason r) noexcept;

// An answer, complete but for what only the wire knows (Date, Connection).
struct answer {
    unsigned status = 500;
    bool close = false;
    std::string fields; // `Name: value` CRLF each: Content-Type, Cache-Control, WWW-Authenticate, Allow, ...
    std::string body;   // problem+json

    void add(std::string_view name, std::string_view value)
    {
        fields.append(name).append(": ").append(value).append("\r\n");
    }
};

// Name and value of each field, for who shows them. Views into the answer.
[[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> fields_of(const answer& a);

// An answer ready to send, appended to `out`: status line, fields, Date, Connection, Content-Length, body
// (left out where `head_only`, as for HEAD). `keep_alive`: whether the caller would go on; the answer's own
// `close` overrules it.
void write(const answer& a, bool head_only, bool keep_alive, std::string_view date, std::string& out);

class answer_book final {
public:
    // Prepares the challenges of every requirement. The policy must outlive the book.
    explicit answer_book(const policy::policy& p);

    // The refusal as an answer. `request_id` is well-formed already. Nothing of the token or the target is in
    // it.
    [[nodiscard]] answer make(const policy::denial& d, std::string_view request_id) const;

    // The same, ready to send (see answers::write).
    void write(const policy::denial& d, std::string_view request_id, bool head_only, bool keep_alive,
               std::string_view date, std::string& out) const;

    // RFC 9728: the metadata document, empty where there is none, and whether a normalised path names it
    // (both forms; never where there is no document).
    [[nodiscard]] std::string_view metadata_document() const noexcept { return metadata_document_; }
    [[nodiscard]] bool is_metadata_path(std::string_view path) const noexcept;
    // The answer to a request for it, whoever asks: public, cacheable, readable by browser applications of
    // any origin. GET and HEAD have the document, OPTIONS the answer to a preflight, other methods a 405.
    [[nodiscard]] answer make_metadata(std::string_view method, std::string_view request_id) const;

private:
    // What all refusals for one reason begin with.
    struct beginning {
        std::string bearer, dpop; // the fields, as far as the challenge's error and its description
        std::string problem;      // the problem as far as `detail`, without the closing brace
    };

    // What one alternative of a requirement is called.
    struct prepared_alternative {
        std::string attribute; // `scope="..."`
        std::string names;     // ["...","..."]
    };

    void prepare_beginnings();
    [[nodiscard]] answer make(const policy::denial& d, std::string_view request_id,
                              std::string_view allow) const;
    // The alternative that a refusal names; null: none.
    [[nodiscard]] const prepared_alternative* prepared_of(const policy::denial& d) const noexcept;
    void append_fields(std::string& out, const policy::denial& d) const;
    void append_problem(std::string& out, const policy::denial& d, std::string_view request_id) const;

    const policy::policy& policy_;
    std::vector<beginning> beginnings_; // by reason
    std::string resource_metadata_;     // `resource_metadata="..."`, or empty
    std::string metadata_document_;
    std::vector<std::string> metadata_paths_;
    std::vector<std::vector<prepared_alternative>> prepared_; // by requirement index and alternative
};

} // namespace scopegate::answers
