"""Whether a password is one of those everybody tries first; asked by flows/staffing.py wherever one is chosen.

A list of leaked ones would be outdated and large. What is on such lists follows few rules, and they are here: common
words (also spelt with signs), runs along the keyboard, repeats, years. What is left must be long enough by itself.
"""

import re

#: What is left when all that is usual has been taken out.
LEAST_LEFT = 5
#: First choices everywhere, and what anybody would try here.
_WORDS = (
    "password", "passwort", "passwd", "pass", "administrator", "admin", "root", "superuser", "user", "guest", "login",
    "welcome", "letmein", "iloveyou", "loveyou", "monkey", "dragon", "master", "sunshine", "princess", "football",
    "baseball", "shadow", "secret", "changeme", "default", "system", "manager", "operator", "service", "test", "demo",
    "temp", "hello", "qwerty", "china", "zhongguo", "guangzhou", "guangdong", "tianhe", "eqicha", "qicha", "dangan",
    "scjg", "shichang", "jianguan", "gongshang", "woaini", "mima", "company", "office", "spring", "summer", "autumn",
    "winter", "monday", "january",
)  # fmt: skip
_ROWS = (
    "qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "!@#$%^&*()", "abcdefghijklmnopqrstuvwxyz", "qazwsxedcrfvtgb",
    "1qaz2wsx3edc4rfv5tgb", "!qaz@wsx#edc$rfv",
)  # fmt: skip
_SPELT = str.maketrans("013457@$!|", "oieastasii")
_YEAR = re.compile(r"(19|20)\d\d")
_REPEAT = re.compile(r"(.{1,3})\1{2,}")


def is_guessable(password: str, *known: str) -> bool:
    """True when too little is left of it besides common words, `known` words (login, name), runs, repeats and years."""
    plain = password.lower()
    words = sorted({*_WORDS, *(word.lower() for word in known if len(word) >= 3)}, key=len, reverse=True)
    least = len(plain)
    for text in (plain, plain.translate(_SPELT)):
        left = _without_runs(_YEAR.sub(" ", text)) if text is plain else text
        for word in words:
            left = left.replace(word, " ")
        left = _without_runs(_REPEAT.sub(" ", left))
        least = min(least, len(set(re.sub(r"[\W_]", "", left))))
    return least < LEAST_LEFT


def _without_runs(text: str) -> str:
    """Without what lies side by side on the keyboard or in the alphabet, four signs and more, either way."""
    for row in _ROWS:
        for way in (row, row[::-1]):
            for length in range(len(way), 3, -1):
                for start in range(len(way) - length + 1):
                    text = text.replace(way[start : start + length], " ")
    return text
