#!/usr/bin/python3
# The API behind the gate, made with Python's websockets: it serves the paths of ws_client.*. Prints its port.
import asyncio
import json

import websockets


async def pieces(message, size):
    for at in range(0, len(message), size):
        yield message[at:at + size]


async def speak(socket, path):
    where = path.split("?")[0].split("/")
    if where[1] == "echo":
        async for message in socket:
            await socket.send(message)
    elif where[1] == "fragments":  # echoes in pieces of so many bytes
        async for message in socket:
            await socket.send(pieces(message, int(where[2])))
    elif where[1] == "close":
        await socket.close(int(where[2]), "as asked")
    elif where[1] == "closed":  # how the client closed, reported on another connection
        await socket.wait_closed()
        last_close.append([socket.close_code, socket.close_reason])
    elif where[1] == "last-close":
        while not last_close:
            await asyncio.sleep(0.01)
        await socket.send(json.dumps(last_close.pop()))
    elif where[1] == "flood":
        for i in range(int(where[2])):
            await socket.send(str(i))
    elif where[1] == "ping":
        await asyncio.wait_for(await socket.ping(b"are you there"), 10)
        await socket.send("it was")
    elif where[1] == "asked":
        await socket.send(json.dumps({"path": path, "fields": dict(socket.request_headers.raw_items())}))


last_close = []


async def main():
    async with websockets.serve(speak, "127.0.0.1", 0, max_size=None, subprotocols=["chat"]) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
