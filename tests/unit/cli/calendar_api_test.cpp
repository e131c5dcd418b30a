#include "cli/calendar_api.hpp"

#include "base/json.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace scopegate::cli {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

calendar::request asking(const std::string& method, const std::string& target, const std::string& body = {})
{
    calendar::request r;
    r.method_string(method);
    r.target(target);
    r.version(11);
    r.body() = body;
    r.prepare_payload();
    return r;
}

struct exchange {
    const char* what;
    const char* method;
    const char* target;
    const char* body;
    unsigned status;
    const char* answer; // without `user`, which is null in all responses
};

// In this order, on one calendar.
constexpr exchange day[] = {
    {"health needs nothing", "GET", "/healthz", "", 200, R"("status":"ok"})"},
    {"a query says nothing about the path", "GET", "/healthz?x=/appointments", "", 200, R"("status":"ok"})"},
    {"health only answers", "DELETE", "/healthz", "", 405, R"("error":"this method is not supported here"})"},
    {"it begins with one", "DELETE", "/appointments/1", "", 200,
     R"("deleted":{"id":1,"title":"See how Scopegate responds","start":"2026-01-05T09:00"}})"},
    {"which then is gone", "GET", "/appointments/1", "", 404, R"("error":"there is no such appointment"})"},
    {"none is left", "GET", "/appointments", "", 200, R"("appointments":[]})"},
    {"one is made", "POST", "/appointments", R"({"title":"Dentist","start":"9:30"})", 201,
     R"("appointment":{"id":2,"title":"Dentist","start":"9:30"}})"},
    {"without a start", "POST", "/appointments", R"({"title":"Walk"})", 201,
     R"("appointment":{"id":3,"title":"Walk"}})"},
    {"one is read", "GET", "/appointments/2", "", 200,
     R"("appointment":{"id":2,"title":"Dentist","start":"9:30"}})"},
    {"one is changed", "PUT", "/appointments/2", R"({"title":"Dentist","start":"11:00"})", 200,
     R"("appointment":{"id":2,"title":"Dentist","start":"11:00"}})"},
    {"a change that is none changes nothing", "PUT", "/appointments/2", R"({"title":7})", 400,
     R"("error":"an appointment needs a title"})"},
    {"all are listed", "GET", "/appointments", "", 200,
     R"("appointments":[{"id":2,"title":"Dentist","start":"11:00"},{"id":3,"title":"Walk"}]})"},
    {"no JSON", "POST", "/appointments", "title=Dentist", 400,
     R"("error":"the body must be a JSON object"})"},
    {"no body", "POST", "/appointments", "", 400, R"("error":"the body must be a JSON object"})"},
    {"no object", "POST", "/appointments", "[]", 400, R"("error":"the body must be a JSON object"})"},
    {"two titles", "POST", "/appointments", R"({"title":"a","title":"b"})", 400,
     R"("error":"the body must be a JSON object"})"},
    {"no title", "POST", "/appointments", R"({"start":"9:30"})", 400,
     R"("error":"an appointment needs a title"})"},
    {"an empty title", "POST", "/appointments", R"({"title":""})", 400,
     R"("error":"an appointment needs a title"})"},
    {"an odd start", "POST", "/appointments", R"({"title":"a","start":9})", 400,
     R"("error":"start must be a string"})"},
    {"an id has one spelling", "GET", "/appointments/02", "", 404,
     R"("error":"there is no such appointment"})"},
    {"an id is a number", "GET", "/appointments/2x", "", 404, R"("error":"there is no such appointment"})"},
    {"an empty id", "GET", "/appointments/", "", 404, R"("error":"there is no such appointment"})"},
    {"an id beyond all numbers", "GET", "/appointments/99999999999999999999", "", 404,
     R"("error":"there is no such appointment"})"},
    {"nothing below one", "GET", "/appointments/2/notes", "", 404,
     R"("error":"there is no such appointment"})"},
    {"another path", "GET", "/", "", 404, R"("error":"the resource was not found"})"},
    {"another method", "PATCH", "/appointments/2", "", 405,
     R"("error":"this method is not supported here"})"},
    {"a method of its own", "PURGE", "/appointments", "", 405,
     R"("error":"this method is not supported here"})"},
};

TEST(calendar, keeps_appointments)
{
    calendar c;
    for (const auto& e : day) {
        const auto answer = c.answer(asking(e.method, e.target, e.body));
        EXPECT_EQ(answer.result_int(), e.status) << e.what;
        EXPECT_EQ(answer.body(), "{\"user\":null," + std::string(e.answer) + "\n") << e.what;
        EXPECT_EQ(answer[http::field::content_type], "application/json") << e.what;
    }
}

TEST(calendar, records_the_user_that_the_proxy_states)
{
    calendar c;
    auto asked = asking("GET", "/healthz");
    asked.set("X-Auth-Subject", "auth0|ann \"A\"");
    const auto answer = c.answer(asked);
    const auto body = json::parse(answer.body());
    ASSERT_TRUE(body) << answer.body();
    EXPECT_EQ(*body->find("user")->if_string(), "auth0|ann \"A\"");
}

TEST(calendar, returns_the_location_of_a_new_appointment_and_the_allowed_methods)
{
    calendar c;
    EXPECT_EQ(c.answer(asking("POST", "/appointments", R"({"title":"a"})"))[http::field::location],
              "/appointments/2");
    EXPECT_EQ(c.answer(asking("PUT", "/appointments"))[http::field::allow], "GET, HEAD, POST");
    EXPECT_EQ(c.answer(asking("POST", "/appointments/2"))[http::field::allow], "GET, HEAD, PUT, DELETE");
    EXPECT_EQ(c.answer(asking("POST", "/healthz"))[http::field::allow], "GET, HEAD");
}

TEST(calendar, responds_to_head_like_get_without_the_body)
{
    calendar c;
    const auto get = c.answer(asking("GET", "/appointments"));
    const auto head = c.answer(asking("HEAD", "/appointments"));
    EXPECT_EQ(head.result_int(), 200U);
    EXPECT_EQ(head.body(), "");
    EXPECT_EQ(head[http::field::content_length], get[http::field::content_length]);
}

TEST(calendar, refuses_more_appointments_than_it_can_hold)
{
    calendar c; // with one appointment in it
    for (int i = 1; i < 1000; ++i)
        ASSERT_EQ(c.answer(asking("POST", "/appointments", R"({"title":"a"})")).result_int(), 201U) << i;
    EXPECT_EQ(c.answer(asking("POST", "/appointments", R"({"title":"a"})")).result_int(), 507U);
    EXPECT_EQ(c.answer(asking("DELETE", "/appointments/7")).result_int(), 200U);
    EXPECT_EQ(c.answer(asking("POST", "/appointments", R"({"title":"a"})")).result_int(), 201U);
}

// The server, on a thread of its own, and a client for it.
class calendar_api_test : public ::testing::Test {
protected:
    calendar_api_test() : thread_([this] { io_.run(); })
    {
        client_.connect({asio::ip::address_v4::loopback(), api_.port()});
    }
    ~calendar_api_test() override
    {
        io_.stop();
        thread_.join();
    }
    calendar::response ask(const calendar::request& r)
    {
        http::write(client_, r);
        calendar::response answer;
        http::read(client_, buffer_, answer);
        return answer;
    }

    asio::io_context io_;
    calendar_api api_{io_};
    std::thread thread_;
    asio::io_context own_;
    tcp::socket client_{own_};
    boost::beast::flat_buffer buffer_;
};

TEST_F(calendar_api_test, serves_several_requests_on_one_connection)
{
    EXPECT_EQ(ask(asking("POST", "/appointments", R"({"title":"a"})")).result_int(), 201U);
    EXPECT_EQ(ask(asking("GET", "/appointments/2")).body(),
              "{\"user\":null,\"appointment\":{\"id\":2,\"title\":\"a\"}}\n");
}

TEST_F(calendar_api_test, refuses_a_large_body_and_does_not_act_on_it)
{
    const auto answer = ask(asking("DELETE", "/appointments/1", std::string(5000, 'x')));
    EXPECT_EQ(answer.result_int(), 413U);
    EXPECT_FALSE(answer.keep_alive());
    client_ = tcp::socket(own_);
    client_.connect({asio::ip::address_v4::loopback(), api_.port()});
    buffer_.clear();
    EXPECT_EQ(ask(asking("GET", "/appointments/1")).result_int(), 200U);
}

TEST_F(calendar_api_test, survives_bytes_that_are_not_http)
{
    const std::string noise = "hello\r\n\r\n";
    asio::write(client_, asio::buffer(noise));
    client_ = tcp::socket(own_);
    client_.connect({asio::ip::address_v4::loopback(), api_.port()});
    EXPECT_EQ(ask(asking("GET", "/healthz")).result_int(), 200U);
}

} // namespace
} // namespace scopegate::cli
