// Checks each routes.yaml in deploy/examples against tokens in its issuer's format, from tests/cases/examples
// (its README describes them). The tokens are signed with a test key. All other parts up to the decision are
// those of production.
#include "config/load.hpp"
#include "support/places.hpp"
#include "unit/access/evaluate.hpp"
#include "unit/tokens/calendar_policy.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace scopegate::control {
namespace {

namespace fs = std::filesystem;
using test::now;

const fs::path examples = fs::path(SCOPEGATE_SOURCE) / "deploy" / "examples";
const fs::path cases = fs::path(SCOPEGATE_TEST_CASES) / "examples";

json::value number(std::int64_t n)
{
    return json::value::number(std::to_string(n));
}

std::vector<std::string> lines(std::string_view text)
{
    std::vector<std::string> out;
    for (auto end = text.find("\r\n"); end != text.npos; end = text.find("\r\n")) {
        out.emplace_back(text.substr(0, end));
        text.remove_prefix(end + 2);
    }
    return out;
}

// The example as the proxy would load it, with the keys of its one issuer at hand.
class loaded_example final {
public:
    explicit loaded_example(const std::string& name)
    {
        const auto none = [](const std::string&) { return std::optional<std::string>(); };
        auto file = config::load_file((examples / (name + ".yaml")).string(), none);
        for (const auto& each : file.errors)
            ADD_FAILURE() << each.text();
        for (const auto& each : file.warnings)
            ADD_FAILURE() << each.text();
        policy_ = std::move(file.policy);
        if (!policy_)
            return;
        auto keys = std::make_shared<test::given_keys>(policy_->issuers.size());
        keys->give(0, test::keys_for({jose::algorithm::rs256}));
        validator_ = std::make_unique<tokens::validator>(policy_, std::move(keys), 1 << 20);
    }
    [[nodiscard]] bool ok() const noexcept { return validator_ != nullptr; }

    access::test::evaluated ask(std::string_view method, std::string_view target, std::string_view token)
    {
        const auto credentials = "Bearer " + std::string(token);
        http::field_list fields(1);
        fields.front().name = "Authorization";
        fields.front().value = credentials;
        fields.front().id = http::field_id::authorization;
        access::token_authority authority;
        authority.validator = validator_.get();
        return access::test::evaluate(*policy_, {method, target, {}, &fields}, authority, now, scratch_);
    }

private:
    std::shared_ptr<const policy::policy> policy_;
    std::unique_ptr<tokens::validator> validator_;
    access::access_scratch scratch_;
};

std::string_view outcome(const access::test::evaluated& v)
{
    return name(v.why());
}

std::string signed_token(const json::value& row)
{
    auto claims = *row.find("claims")->if_object();
    claims.emplace_back("iat", number(1'799'999'990));
    claims.emplace_back("exp", number(1'800'003'600));
    const auto* typ = row.find("typ");
    return test::make_token(json::serialize(json::value(std::move(claims))), jose::algorithm::rs256,
                            {{"typ", typ != nullptr ? *typ : json::value()}});
}

void check_good(loaded_example& example, const json::value& row, const std::string& token)
{
    for (const auto& [request, expected] : *row.find("requests")->if_object()) {
        const auto space = request.find(' ');
        const auto v = example.ask(request.substr(0, space), request.substr(space + 1), token);
        EXPECT_EQ(outcome(v), *expected.if_string()) << request;
        const auto* told = row.find("headers");
        if (told == nullptr || !v.found.token)
            continue;
        std::vector<std::string> wanted;
        for (const auto& header : *told->if_array())
            wanted.push_back(*header.if_string());
        EXPECT_THAT(lines(v.found.token->identity_lines), ::testing::UnorderedElementsAreArray(wanted))
            << request;
    }
}

class example : public ::testing::TestWithParam<std::string> {};

TEST_P(example, accepts_its_issuers_access_tokens_and_no_others)
{
    loaded_example subject(GetParam());
    ASSERT_TRUE(subject.ok());
    std::ifstream in(cases / (GetParam() + ".json"));
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const auto rows = json::parse(text);
    ASSERT_TRUE(rows) << "missing or malformed cases: tests/cases/examples/" << GetParam() << ".json";

    int good = 0, refused = 0;
    for (const auto& row : *rows->if_array()) {
        SCOPED_TRACE(*row.find("title")->if_string());
        const auto token = signed_token(row);
        if (const auto* why = row.find("refused")) {
            ++refused;
            EXPECT_EQ(outcome(subject.ask("GET", "/appointments", token)), *why->if_string());
        } else {
            ++good;
            check_good(subject, row, token);
        }
    }
    EXPECT_GE(good, 1);
    EXPECT_GE(refused, 2) << "the cases must refuse an ID token and a token for another API";
}

std::vector<std::string> names()
{
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(examples))
        if (entry.path().extension() == ".yaml")
            found.push_back(entry.path().stem().string());
    std::sort(found.begin(), found.end());
    return found;
}

INSTANTIATE_TEST_SUITE_P(deploy, example, ::testing::ValuesIn(names()), [](const auto& test) {
    auto name = test.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

} // namespace
} // namespace scopegate::control
