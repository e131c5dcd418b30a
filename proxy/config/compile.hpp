// Compiles the tree of routes.yaml to a policy. Each top-level key has its own source file; compile.cpp
// contains the table of keys.
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// Fills in the policy of `c`. If it reports errors to `c.out`, the policy must not be used.
void compile(compilation& c, const node& root);

void compile_paths(compilation& c, const node& value);
void compile_scopes(compilation& c, const node& value);
void compile_scope_cap(compilation& c, const node& value);
void compile_issuers(compilation& c, const node& value);
void compile_upstream(compilation& c, const node& value);
void compile_server(compilation& c, const node& value);
void compile_unlisted(compilation& c, const node& value);
void compile_routes(compilation& c, const node& value);
void compile_mode(compilation& c, const node& value);
void compile_metadata(compilation& c, const node* value); // null: the default
[[nodiscard]] bool names_resource(const node& metadata);  // whether it has its own `resource`
void compile_tokens(compilation& c, const node& value);
void compile_cors(compilation& c, const node& value);
void compile_log(compilation& c, const node& value);

// The keys that each source file defines.
[[nodiscard]] std::vector<section> scope_sections();
[[nodiscard]] std::vector<section> scope_cap_sections();
[[nodiscard]] std::vector<section> issuer_sections();
[[nodiscard]] std::vector<section> upstream_sections();
[[nodiscard]] std::vector<section> server_sections();
[[nodiscard]] std::vector<section> requirement_sections();
[[nodiscard]] std::vector<section> token_sections();
[[nodiscard]] std::vector<section> cors_sections();
[[nodiscard]] std::vector<section> other_sections(); // paths, metadata, log
[[nodiscard]] std::vector<section> all_sections();

} // namespace scopegate::config
