"""Reasons a visitor may tick beside a level, by the national code list (first digit = level). Read by flows and pages.

Only the tags that can be true of an online and self-service copy are offered; codes and words are the platform's.
"""

from conf.terms import Satisfaction

#: What each level is called, the same everywhere.
LEVEL_NAMES: dict[Satisfaction, str] = {
    Satisfaction.VERY_GOOD: "非常满意",
    Satisfaction.GOOD: "满意",
    Satisfaction.FAIR: "基本满意",
    Satisfaction.BAD: "不满意",
    Satisfaction.VERY_BAD: "非常不满意",
}

TAGS: dict[Satisfaction, dict[str, str]] = {
    Satisfaction.VERY_GOOD: {
        "512": "不用提交证明",
        "513": "可以全程网上办理",
        "514": "可以使用手机办理",
        "515": "可以就近办理",
        "516": "无需材料直接办理",
        "517": "服务热情效率高",
    },
    Satisfaction.GOOD: {
        "406": "填写一张表单就可完成申报",
        "408": "一张清单告知全部申报材料",
        "412": "可以使用自助机办理",
        "413": "服务态度较好",
    },
    Satisfaction.FAIR: {
        "309": "在承诺的时间内办结",
        "310": "办事指南指引准确",
        "311": "按办事指南要求的材料即可办理",
        "314": "服务态度一般",
    },
    Satisfaction.BAD: {
        "209": "未在承诺时间内办结",
        "210": "同样内容的证明材料被要求多次提交",
        "211": "承诺网办但无法在线办理",
        "213": "窗口人员业务不熟练",
        "214": "服务态度生硬",
    },
    Satisfaction.VERY_BAD: {
        "108": "在办事指南之外增加新的审批条件",
        "109": "需提供办事指南之外的申报材料",
        "110": "无理由超过法定办理时间",
        "112": "承诺在线收取申报材料实际无法收取",
        "113": "多头跑窗口和部门",
        "115": "服务态度差效率低",
    },
}
