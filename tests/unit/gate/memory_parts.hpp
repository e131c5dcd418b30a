// One part of an exchange between a client and an upstream on memory wires, without the others.
#pragma once

#include "gate/forwarded_request.hpp"
#include "gate/upload.hpp"
#include "unit/gate/memory_exchange.hpp"

#include <memory>
#include <string>

namespace scopegate::gate {

class memory_parts : public memory_exchange {
protected:
    ~memory_parts() override { ended = true; } // no exchange has begun

    // Begins an upload without sending anything. `body` came with the head; `last`: as all of it.
    void begin(const std::string& line, const std::string& body = {}, bool last = true)
    {
        request(line, body, last, "");
        context_.reset(new exchange_context(parts()));
        upstream = std::make_shared<test::memory_wire>(at().context());
        to = std::make_unique<test::memory_upstream>(upstream);
        request_.reset(
            new forwarded_request{settings().settings.front(), target_, nullptr, "id", {}, {}, {}});
        up = std::make_unique<upload>(*context_, *request_, moved);
        EXPECT_TRUE(up->prepare(*to));
    }
    [[nodiscard]] const exchange_context& context() const { return *context_; }
    [[nodiscard]] const forwarded_request& forwarded() const { return *request_; }
    [[nodiscard]] test::memory_client& side() { return *side_; }

    test::memory_peer upstream;
    std::unique_ptr<test::memory_upstream> to;
    std::uint64_t moved = 0;
    std::unique_ptr<upload> up;

private:
    const http::request_target target_{"/a", {}, {}};
    std::unique_ptr<const exchange_context> context_;
    std::unique_ptr<const forwarded_request> request_;
};

} // namespace scopegate::gate
