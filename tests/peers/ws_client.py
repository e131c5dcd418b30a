#!/usr/bin/python3
# A client that uses Python's websockets: ws_client.py PORT TOKEN BRIEF-TOKEN. Sends echo traffic in the
# manner of Autobahn's cases, and checks how tunnels begin and end. The last line is `N passed, N failed`.
import asyncio
import json
import os
import sys

import websockets

port, token, brief = sys.argv[1:4]
sizes = [0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 1 << 20, 16 << 20]
passed, failed = 0, 0


def case(sentence, holds, seen=""):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    if not holds:
        print(f"failed: {sentence} {str(seen)[:300]}")


def connect(path, bearer=token, **more):
    fields = {"Authorization": "Bearer " + bearer} if bearer else {}
    return websockets.connect(f"ws://127.0.0.1:{port}{path}", extra_headers=fields, max_size=None,
                              open_timeout=60, close_timeout=60, **more)


def text(size):
    return ("äbc€" * (size // 7 + 1)).encode()[:size].decode(errors="ignore") if size > 200 else "x" * size


async def pieces(message, size):
    for at in range(0, len(message), size):
        yield message[at:at + size]


async def echoes():
    for compression in ("deflate", None):
        async with connect("/echo", compression=compression) as socket:
            for size in sizes:
                for message in (text(size), os.urandom(size)):
                    await socket.send(message)
                    back = await socket.recv()
                    case(f"echo of {size} bytes, {type(message).__name__}, {compression}", back == message)
            for size in sizes[1:10]:
                message = os.urandom(size)
                await socket.send(pieces(message, max(1, size // 20)))
                case(f"{size} bytes in fragments", await socket.recv() == message)
    async with connect("/fragments/1000") as socket:
        message = os.urandom(100_000)
        await socket.send(message)
        case("the API's fragments", await socket.recv() == message)


async def pings():
    async with connect("/echo") as socket:
        for payload in (b"", b"x" * 125):
            await asyncio.wait_for(await socket.ping(payload), 30)
            case(f"a ping of {len(payload)} bytes", True)
    async with connect("/ping") as socket:
        case("the API's ping", await socket.recv() == "it was")


async def closes():
    for code in (1000, 1001, 1007, 1009, 1011, 3000, 4999):
        async with connect(f"/close/{code}") as socket:
            await socket.wait_closed()
            case(f"the API closes with {code}", (socket.close_code, socket.close_reason) == (code, "as asked"),
                 (socket.close_code, socket.close_reason))
        async with connect("/closed") as socket:
            await socket.close(code, "the caller's word")
        async with connect("/last-close") as socket:
            seen = json.loads(await socket.recv())
            case(f"the client closes with {code}", seen == [code, "the caller's word"], seen)


async def many():
    async with connect("/echo") as socket:
        async def send():
            for i in range(5000):
                await socket.send(str(i))
        sending = asyncio.create_task(send())
        seen = [await socket.recv() for _ in range(5000)]
        case("5000 messages in their order", seen == [str(i) for i in range(5000)])
        await sending
    async with connect("/flood/20000") as socket:
        seen = [await socket.recv() for _ in range(20000)]
        case("20000 of the API's", seen == [str(i) for i in range(20000)])
    async def one(i):
        async with connect("/echo") as socket:
            for n in range(20):
                await socket.send(f"{i} {n}")
                if await socket.recv() != f"{i} {n}":
                    return False
        return True
    case("50 at once", all(await asyncio.gather(*(one(i) for i in range(50)))))


async def decisions():
    for bearer, status in (("", 401), ("nonsense", 401)):
        try:
            async with connect("/echo", bearer):
                case(f"{bearer or 'no token'} is refused", False)
        except websockets.InvalidStatusCode as refused:
            case(f"{bearer or 'no token'} is refused", refused.status_code == status, refused)
    try:
        async with connect("/write"):
            case("a scope that it lacks", False)
    except websockets.InvalidStatusCode as refused:
        case("a scope that it lacks", refused.status_code == 403, refused)


async def places():
    async with connect("/asked?a=1", "", subprotocols=["bearer", token]) as socket:
        seen = json.loads(await socket.recv())
        case("a token among the subprotocols: the response chooses bearer", socket.subprotocol == "bearer", socket.subprotocol)
        case("the API does not get it there", "Sec-WebSocket-Protocol" not in seen["fields"], seen)
        case("the API gets it as Authorization", seen["fields"].get("Authorization") == "Bearer " + token, seen)
    async with connect("/asked", "", subprotocols=["chat", "bearer", token]) as socket:
        seen = json.loads(await socket.recv())
        case("the API chooses among the other subprotocols", socket.subprotocol == "chat", socket.subprotocol)
        case("the API gets only the other subprotocols", seen["fields"].get("Sec-WebSocket-Protocol") == "chat", seen)
    async with connect(f"/asked?a=1&access_token={token}&b=2", "") as socket:
        seen = json.loads(await socket.recv())
        case("a token is removed from the query", seen["path"] == "/asked?a=1&b=2", seen["path"])
    async with websockets.connect(f"ws://127.0.0.1:{port}/asked",
                                  extra_headers={"Cookie": f"a=1; session={token}; b=2"}) as socket:
        seen = json.loads(await socket.recv())
        case("a token is removed from the cookies", seen["fields"].get("Cookie") == "a=1; b=2", seen)


async def expiry():
    async with connect("/echo", brief) as socket:
        await socket.send("still good")
        case("before the token ends", await socket.recv() == "still good")
        await asyncio.wait_for(socket.wait_closed(), 60)
        case("at its end", socket.close_code == 1008, (socket.close_code, socket.close_reason))


async def main():
    async def take(step):
        try:
            await asyncio.wait_for(step(), 300)
        except Exception as wrong:  # the others continue
            case(step.__name__, False, repr(wrong))

    ending = asyncio.create_task(take(expiry))  # runs beside the others
    for step in (decisions, echoes, pings, closes, many, places):
        await take(step)
    await ending
    print(f"{passed} passed, {failed} failed")


asyncio.run(main())
sys.exit(1 if failed or not passed else 0)
