"""Spellings of paths: an endless sequence that depends only on the seed. Attackers, browsers and broken
clients produce such variants of a path."""

import random

SEPARATORS = ["/", "//", "%2F", "%2f", "\\", "%5C", "/./", "/;/", ";/", "/%2e/", "/x/../", "/x/%2e%2e/", "/x/..;/", "%252F",
              "/%20/", "/.%20/", "%c0%af", "%EF%BC%8F", "%E2%81%84", "/\u00a0/", "%2F%2F", "/%2F", "%00/", "/%3B/", "///"]
SUFFIXES = ["", "/", "//", ".", "..", "...", "%20", "%20%20", ".%20", "%2e", "%2E%2E", "%00", "%00.html", "%09", "%0a", "%0d%0a",
            ";", ";x", ";x=1", "%3B", "%3bx", "?", "?x", "?x=/../y", "%3F", "%3Fx", "%3fx/y", "%23", "%23x", "#", "#x", "/.", "/..",
            "/%2e", "/%2e%2e", "/x/..", "/;", "/;x", "\\", "%5c", "~", ".html", ".json", "::$DATA", "%E2%80%8B", "%C2%A0", "+", "%2B",
            "/%20", "/%3F", "/index.html", "%", "%2", "%zz", "%u0041", "*", "|", "%7C", "%25", "%2520", "%252e", "%C3%A9", "%E9",
            ".xml", ".JSON", ".tar.gz", ".%6ason", "%2Ejson", ".json/", ".json%20", ".json%3Fx", ".json;x", "/x", "/x/y", "/x.json", ".php",
            ".php/x", "%2Fx"]
PREFIXES = ["", "", "", "", "/", "/.", "/./", "/..", "/%2e", "/%2e%2e", "/open/..", "/open/%2e%2e", "/open/..;", "/open/.%2e", "/open/%2e%2e;x",
            "/open/..%2f", "/open/..%5c", "/open/..\\", "/open%2f..", "/open/x/../..", "/files/..", "/files/%252e%252e", "/%20", "/;", "/;x",
            "/%2F", "/open/%c0%ae%c0%ae", "/open/...", "http://gate.test", "https://gate.test", "http://evil.test", "//gate.test", "/%3F",
            "/index.php", "/INDEX.PHP", "/index.%70hp", "/index.php%20", "/index.php.", "/index.php/", "/index.php%2F..", "/report.php"]
LOOKALIKES = {"k": ["%E2%84%AA", "%EF%BD%8B"], "s": ["%C5%BF", "%EF%BD%93"], "i": ["%C4%B1", "%C4%B0"], ".": ["%EF%BC%8E", "%c0%ae"],
              "e": ["e%CC%81", "%C3%A9"], "@": ["%EF%BC%A0"], "|": ["%EF%BD%9C"], "a": ["%EF%BD%81", "%C3%80"]}


def encoded(character, rng):
    """Returns all bytes of a character as triplets, in either letter case."""
    shape = rng.choice(["%{:02x}", "%{:02X}"])
    return "".join(shape.format(b) for b in character.encode("utf-8"))


def spell_character(c, rng, much):
    """Returns one character unchanged, or changed in a way that some server reads as the original."""
    if c in " %" or ord(c) > 0x7E:  # these cannot stand raw in a path that is to remain one request
        plain = encoded(c.swapcase() if rng.random() < 0.2 else c, rng)
        return plain.replace("%", "%25") if rng.random() < 0.02 else plain
    if rng.random() > much:
        return c
    way = rng.randrange(8)
    if way < 3:
        return encoded(c, rng)
    if way < 6:
        return c.swapcase()
    if way == 6:
        return encoded(c.swapcase(), rng)
    return rng.choice(LOOKALIKES.get(c, [encoded(c, rng).replace("%", "%25"), c]))


def respell(path, rng):
    """Returns one spelling of the path, as the characters of a request's target: latin-1, one per byte."""
    much = rng.choice([0, 0, 0.03, 0.06, 0.1, 0.3, 1])
    out = ""
    for segment in path[1:].split("/"):
        separator = "/" if rng.random() < 0.93 or not out else rng.choice(SEPARATORS)
        out += separator + "".join(spell_character(c, rng, much) for c in segment)
        if rng.random() < 0.05:
            out += rng.choice(SUFFIXES)
    if rng.random() < 0.2:
        out = rng.choice(PREFIXES) + out
    if rng.random() < 0.4:
        out += rng.choice(SUFFIXES)
    if rng.random() < 0.03:  # any byte at any place
        at = rng.randrange(len(out) + 1)
        out = out[:at] + rng.choice(["%{:02x}".format(rng.randrange(256)), chr(rng.randrange(0x21, 0x100))]) + out[at:]
    # Bytes that end the request line, or the line itself, belong to the tests of framing.
    out = out.encode("utf-8").decode("latin-1")
    return "".join(c for c in out if ord(c) > 0x20)


def spellings(paths, seed, count):
    """Returns `count` different spellings of the paths, each with its original path."""
    rng = random.Random(seed)
    made = {path: path for path in paths if all(0x20 < ord(c) < 0x7F for c in path) and "%" not in path}
    while len(made) < count:
        path = rng.choice(paths)
        made.setdefault(respell(path, rng), path)
    return list(made.items())[:count]
