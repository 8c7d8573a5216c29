"""Names that somebody might give to get at what is not theirs, or to make a program stumble."""

DOTS = (
    "../", "..\\", "..%2f", "..%5c", "%2e%2e/", "%2e%2e%2f", "..%252f", "..%c0%af", "%uff0e%uff0e/", "....//", "..;/",
    "..\0/", "\u2025/", "\uff0e\uff0e\uff0f", "..\u2215", "..\u2044", "..\u29f8", "..\u29f5", "\u2024\u2024/", ". ./",
    "./", "//",
)  # fmt: skip
"""Ways to write "the folder above", and what decoders have taken for it."""
TARGETS = ("", "canary/secret", "aliases/latest.json")
DEPTHS = (1, 3, 9)
ABSOLUTE = (
    "/", "/etc/passwd", "/proc/self/environ", "//etc/passwd", "\\\\host\\share", "C:\\Windows\\win.ini", "C:",
    "~/.ssh/id_rsa", "~root", "$HOME", "${HOME}", "%HOME%", "`id`", "$(id)", "file:/etc/passwd",
    "\uff0fetc\uff0fpasswd",
)  # fmt: skip
DEVICES = ("CON", "NUL", "AUX", "PRN", "COM1", "LPT1", "CON.txt", "NUL.json", "latest.json::$DATA", "V0001", "LATEST")
DASHES = ("-", "--", "-rf", "-k=1", "--version=x", "--store=/", "--help=x", "-\u2010")
MARKS = (
    "\u202etset", "a\u202eb", "\u2066x\u2069", "\u200flatest", "late\u200bst", "\ufefflatest", "late\u00adst",
    "l\u0430test", "lat\u00e9st", "late\u0301st", "\uff4c\uff41\uff54\uff45\uff53\uff54", "\u0130", "\u00df",
    "\U0001f426", "\U000e0001x", "\uffff", "\ufffd", "v\u0660\u0660\u0660\u0661",
)  # fmt: skip
"""Marks that turn the writing round, that nobody sees, that look like other letters or are folded into them."""
SURROGATES = ("\ud800", "\udfff", "v0001\udcff", "\udc80\udc80", "a\ud83d", "\udd26b")
BLANKS = (
    "", " ", "  latest", "latest ", "la test", "\t", "latest\t", "latest\n", "\nlatest", "latest\r\n", "a\r\nX-Evil: 1",
    "\u00a0", "\u2028", "\u2029", "\u3000", "\x85",
)  # fmt: skip
DOTTED = (".", "..", "...", ".hidden", ".latest", "..latest", "\u2026", "latest/.", "latest/..", "latest/", "/latest")
PATTERNS = (
    "*",
    "?",
    "v000?",
    "v*",
    "[a-z]",
    "{a,b}",
    "**/*",
    "%",
    "%n%s%x",
    "%00",
    "{0.__class__}",
    "{{7*7}}",
    "${7*7}",
)
QUERIES = (
    "' OR 1=1 --", "'; DROP TABLE events; --", '" OR ""="', "1; VACUUM INTO 'x'", "<script>alert(1)</script>",
    "a?b=c", "a#b", "a&b", "a;b", "a|b", "a>b", "a,b", "a:b", "@a", "=1+1", "\\", "\\0", "\\u0000", '"', "NULL", "{}",
)  # fmt: skip
NULS = ("\0", "latest\0", "latest\0.json", "\0latest", "v0001\0/../../canary/secret")
LONG = ("a" * 65, "a" * 255, "a" * 256, "a" * 257, "a" * 300, "a" * 4096, "../" * 1400, "\u00e9" * 150, "A" * 20_000)
CODES = (*range(1, 32), 127, 0x80, 0x9B, 0x9F)
CONTROLS = (*(f"a{chr(code)}b" for code in CODES), "\x1b[2J", "\x1b]0;x\x07", "\b")


def hostile_names() -> tuple[str, ...]:
    """Return all of them, each once; none is a name of a version, an alias or a stage."""
    climbs = (f"{dots * depth}{target}" for dots in DOTS for depth in DEPTHS for target in TARGETS)
    others = (
        *ABSOLUTE, *DEVICES, *DASHES, *MARKS, *SURROGATES, *BLANKS, *DOTTED, *PATTERNS, *QUERIES, *NULS, *LONG,
        *CONTROLS,
    )  # fmt: skip
    return tuple(dict.fromkeys((*climbs, *others)))
