"""Chinese text made comparable: what two spellings of one company name have in common. Search and masks call it.

Every character is folded alone (NFKD, lower case, traditional to simplified), so the folded form of a part of a name
is a part of the folded name; that is what lets a query be found inside a name.
"""

import re
import unicodedata

from opencc import OpenCC

_LIMITED = "有限责任公司"
_BREAK = re.compile(r"[\s,，、;；|]+")
_UNFINISHED = re.compile(r"有限责任?(?=公?$)")  # while typing 有限责任公司
_CUT_OFF = re.compile(r"^责?任(?=公司)")

#: First parts of a name (行政区划). A district counts only with 区: 天河 alone may be the trade name itself.
_PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|"
    "云南|陕西|甘肃|青海|内蒙古|广西|西藏|宁夏|新疆"
)
_CITIES = "广州|深圳|珠海|汕头|佛山|韶关|湛江|肇庆|江门|茂名|惠州|梅州|汕尾|河源|阳江|清远|东莞|中山|潮州|揭阳|云浮"
_DISTRICTS = "天河|越秀|荔湾|海珠|白云|黄埔|番禺|花都|南沙|增城|从化"
_STREETS = "五山|员村|车陂|沙河|石牌|沙东|天河南|林和|兴华|棠下|天园|猎德|冼村|元岗|黄村|长兴|龙洞|凤凰|前进|珠吉|新塘"
_REGION = re.compile(
    rf"(?:中国)?(?:(?:{_PROVINCES})[省市]?)?(?:(?:{_CITIES})市?)?(?:(?:{_DISTRICTS})区)?(?:(?:{_STREETS})街道?)?"
)


class _Fold(dict[int, str]):
    """Code point → folded text, worked out when first met."""

    def __missing__(self, code: int) -> str:
        kept = "".join(c for c in unicodedata.normalize("NFKD", chr(code)) if unicodedata.category(c)[0] in "LN")
        self[code] = folded = _TO_SIMPLE.convert(kept.lower()) if kept else ""
        return folded


_TO_SIMPLE = OpenCC("t2s")
_FOLD = _Fold()


def plain(text: str) -> str:
    """The comparable form: no spaces, brackets, signs; half width, lower case, simplified; 有限公司 for its long form.

    Idempotent. Characters outside the Basic Multilingual Plane are kept.
    """
    return text.translate(_FOLD).replace(_LIMITED, "有限公司")


def plain_query(text: str) -> str:
    """`plain` for a part of a name: also right where 有限责任公司 was begun or cut off."""
    return _CUT_OFF.sub("", _UNFINISHED.sub("有限", plain(text)))


def words(text: str) -> tuple[str, ...]:
    """The query's words in comparable form, each once, in the order typed; breaks are spaces and commas."""
    return tuple(dict.fromkeys(word for part in _BREAK.split(text) if (word := plain_query(part))))


def places(text: str) -> tuple[str, list[int]]:
    """`plain(text)` and, for each of its characters, the index in `text` it came from; for highlighting."""
    folded = [(piece, at) for at, char in enumerate(text) for piece in _FOLD[ord(char)]]
    whole = "".join(piece for piece, _ in folded)
    start = whole.find(_LIMITED)
    while start >= 0:
        del folded[start + 2 : start + 4]
        whole = whole[: start + 2] + whole[start + 4 :]
        start = whole.find(_LIMITED, start + 4)
    return whole, [at for _, at in folded]


def trade_name_start(name: str) -> int:
    """Where the trade name (字号) begins in a plain name; 0 when no region stands in front of it."""
    match = _REGION.match(name)
    end = match.end() if match else 0
    return end if len(name) - end >= 2 else 0


def is_rare(char: str) -> bool:
    """A Han character so rare (outside GB 2312) that it alone is a sensible query: 䶮, 㛃, 𠮷."""
    if not unicodedata.name(char, "").startswith("CJK UNIFIED"):
        return False
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return True
    return False


def is_han(text: str) -> bool:
    return bool(text) and all(unicodedata.name(char, "").startswith("CJK UNIFIED") for char in text)


#: The hundred commonest surnames and a few more; only a hint that a text may be a person's name.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟"
    "姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤欧温区冼"
)


def looks_like_person(text: str) -> bool:
    """Two to four Han characters that begin with a common surname."""
    return 2 <= len(text) <= 4 and text[0] in _SURNAMES and is_han(text)
