#include "support/introspection_endpoint.hpp"

#include <utility>

namespace scopegate::test {

namespace {

std::string decoded(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

std::string status(std::string_view line, std::string_view fields = {}, std::string_view body = "{}")
{
    auto text = ok(body, fields);
    return text.replace(0, std::string_view("HTTP/1.1 200 OK").size(), line);
}

} // namespace

introspection_endpoint::introspection_endpoint()
{
    server_.on("/introspect", [this](upstream_exchange& x) { serve(x); });
    server_.answer("/elsewhere", ok(R"({"active":true,"scope":"read:appointments"})"));
}

void introspection_endpoint::knows(const std::string& token, std::string answer)
{
    const std::lock_guard lock(mutex_);
    answers_[token] = std::move(answer);
}

void introspection_endpoint::be(mood m)
{
    const std::lock_guard lock(mutex_);
    mood_ = m;
}

std::size_t introspection_endpoint::calls(const std::string& token) const
{
    const std::lock_guard lock(mutex_);
    const auto found = calls_.find(token);
    return found != calls_.end() ? found->second : 0;
}

std::size_t introspection_endpoint::calls() const
{
    const std::lock_guard lock(mutex_);
    std::size_t all = 0;
    for (const auto& [token, count] : calls_)
        all += count;
    return all;
}

void introspection_endpoint::serve(upstream_exchange& x)
{
    x.read_body();
    const auto token = form_parameter(x.asked().body, "token");
    std::string truth;
    auto how = mood::serving;
    {
        const std::lock_guard lock(mutex_);
        ++calls_[token];
        const auto found = answers_.find(token);
        truth = found != answers_.end() ? found->second : R"({"active":false})";
        how = mood_;
    }
    const auto good = ok(truth, "Content-Type: application/json\r\n");
    switch (how) {
    case mood::serving:
        return x.send(good);
    case mood::failing:
        return x.send(status("HTTP/1.1 500 Internal Server Error"));
    case mood::refusing:
        return x.send(status("HTTP/1.1 401 Unauthorized", {}, R"({"error":"invalid_client"})"));
    case mood::hanging:
        if (x.wait_for_release())
            x.send(good);
        return;
    case mood::garbage:
        return x.send(ok("<html>log in</html>"));
    case mood::twice:
        return x.send(ok(R"({"active":false,"active":true})"));
    case mood::an_array:
        return x.send(ok(R"([{"active":true}])"));
    case mood::redirecting:
        return x.send(status("HTTP/1.1 302 Found", "Location: /elsewhere\r\n", truth));
    case mood::huge:
        return x.send(ok(R"({"active":true,"scope":"read:appointments","pad":")" +
                         std::string(1024 * 1024, 'x') + "\"}"));
    case mood::cut_short:
        x.send(std::string_view(good).substr(0, good.size() - 1));
        return x.close();
    case mood::closing:
        return x.close();
    }
}

std::string form_parameter(std::string_view form, std::string_view name)
{
    while (!form.empty()) {
        const auto pair = form.substr(0, form.find('&'));
        form.remove_prefix(std::min(form.size(), pair.size() + 1));
        if (pair.substr(0, pair.find('=')) == name)
            return decoded(pair.substr(std::min(pair.size(), name.size() + 1)));
    }
    return {};
}

} // namespace scopegate::test
