"""What the audit holds, in words for people: kinds of events, outcomes, ways, fields. For views/contexts/audit.py.

Keyed by the stored text, so that an event of a version before or after this one is still shown (as it is stored).
"""

from conf.access import RULES
from conf.rights import ROLES
from conf.terms import PURPOSES, AuditFault, Inquirer
from views.contexts.system import HEALTH
from views.filters import ORDER_STATUS, VERIFY_RESULT

KINDS: dict[str, str] = {
    "access:dossier:decided": "按规则判定查档权限",
    "audit:event:proved": "取得审计记录证明",
    "audit:prefix:trimmed": "清理到期审计记录",
    "audit:record:searched": "查阅审计记录",
    "audit:result:exported": "导出审计记录",
    "audit:tree:checked": "核验审计记录",
    "numbers:report:exported": "导出统计数字",
    "backup:database:restored": "恢复数据库",
    "backup:file:made": "制作备份",
    "backup:file:verified": "核验备份",
    "callback:event:received": "收到对接系统通知",
    "callback:event:refused": "拒绝对接系统通知",
    "code:entry:checked": "核对验证码",
    "code:message:sent": "发送验证码",
    "copy:file:downloaded": "下载复制件",
    "copy:file:sealed": "复制件盖章",
    "copy:file:verified": "验证复制件",
    "copy:file:withdrawn": "撤回复制件",
    "dossier:listing:viewed": "查看档案目录",
    "dossier:lookers:viewed": "企业查看查阅记录",
    "extract:page:viewed": "查看机读档案",
    "followup:phone:shown": "查看回访电话",
    "followup:record:moved": "差评跟进有进展",
    "followup:record:opened": "开始跟进差评",
    "government:batch:asked": "机关提交批量查询",
    "government:batch:decided": "审批机关批量查询",
    "government:batch:fetched": "机关下载批量查询结果",
    "government:batch:sealed": "批量查询结果盖章",
    "government:case:checked": "核查机关查档",
    "government:case:closed": "机关查档结束",
    "government:case:opened": "机关登记查档事由",
    "government:letter:shown": "查看机关公函",
    "government:password:changed": "机关用户修改口令",
    "government:record:viewed": "机关查阅档案",
    "government:search:asked": "机关查询企业",
    "government:session:closed": "机关用户退出登录",
    "government:session:opened": "机关用户登录",
    "government:session:refused": "机关用户登录未成功",
    "government:unit:kept": "变更机关单位",
    "government:user:kept": "变更机关用户",
    "inspection:report:made": "生成巡检报告",
    "intake:batch:imported": "导入档案",
    "kiosk:session:wiped": "自助机清除会话",
    "licence:lawyer:checked": "核验律师执业信息",
    "order:record:created": "提交查询申请",
    "order:record:moved": "申请状态变化",
    "page:image:viewed": "查看档案页",
    "paper:destruction:moved": "纸质档案销毁清单有进展",
    "paper:handover:moved": "移交清单有进展",
    "paper:handover:written": "填写移交清单",
    "paper:loan:extended": "延长纸质档案借阅期",
    "paper:loan:reminded": "催还纸质档案",
    "paper:location:made": "建立库房位置",
    "paper:volume:lent": "借出纸质档案",
    "paper:volume:placed": "纸质档案上架",
    "paper:volume:returned": "归还纸质档案",
    "proposal:record:answered": "答复变更审批",
    "proposal:record:made": "提出变更",
    "rating:record:defaulted": "到期默认评价",
    "rating:record:given": "作出评价",
    "rating:visitor:sent_on": "转到好差评平台",
    "register:company:compared": "与共享平台比对登记信息",
    "retention:records:removed": "清理到期记录",
    "rules:version:kept": "发布查档规则",
    "seal:register:added": "登记印章",
    "seal:register:retired": "停用印章",
    "search:person:queried": "按人名查询企业",
    "staff:account:changed": "变更人员账号",
    "staff:account:created": "建立人员账号",
    "staff:difference:settled": "处理数据差异",
    "staff:message:resent": "重发消息",
    "staff:notice:changed": "发布或撤下首页公告",
    "staff:order:decided": "审核查询申请",
    "staff:password:changed": "修改口令",
    "staff:rules:drafted": "保存规则草案",
    "staff:session:closed": "人员退出登录",
    "staff:session:opened": "人员登录",
    "staff:session:refused": "人员登录未成功",
    "staff:signatory:changed": "变更签发人",
    "terminal:record:registered": "登记自助机",
    "staff:company:handed_over": "迁出档案移交",
    "staff:company:moved_out": "登记企业迁出",
    "order:question:answered": "申请人答复补充要求",
    "staff:order:asked": "要求申请人补充",
    "staff:order:claimed": "领取申请",
    "staff:document:flagged": "标注文件",
    "staff:order:released": "放回申请",
    "staff:evidence:viewed": "审核员查看材料",
    "task:record:moved": "任务有进展",
    "task:record:opened": "新任务",
    "visitor:account:linked": "关联账号",
    "visitor:entry:refused": "入口验证未通过",
    "visitor:session:closed": "办事人退出登录",
    "visitor:session:ended": "统一认证平台通知退出",
    "visitor:session:opened": "办事人登录",
    "visitor:session:refused": "办事人登录未成功",
}

#: Every outcome written somewhere; the first ones are what one searches for.
OUTCOMES: dict[str, str] = {
    "permit": "许可",
    "review": "转人工审核",
    "refuse": "不予提供",
    "done": "已完成",
    "refused": "被拒绝",
    "accepted": "全部接受",
    "partly": "部分完成",
    "answered": "已答复",
    "print": "在自助机打印",
    "started": "已开始",
    "whole": "完好",
    "broken": "有问题",
    **{str(status): words for status, words in ORDER_STATUS.items()},
    **{str(result): words for result, words in VERIFY_RESULT.items()},
}
OUTCOMES["refused"] = "被拒绝"

CHANNELS: dict[str, str] = {
    "pc": "电脑",
    "mobile": "手机",
    "shb": "穗好办",
    "yst": "粤商通",
    "kiosk": "自助机",
    "government": "政务网",
    "staff": "工作台",
    "command": "命令行",
    "worker": "后台",
    "counterpart": "对接系统",
}

ACTORS: dict[str, str] = {
    "visitor": "办事人",
    "staff": "工作人员",
    "system": "系统",
    "counterpart": "对接系统",
    "organ": "机关",
}

INQUIRERS: dict[str, str] = {
    Inquirer.COMPANY: "本企业",
    Inquirer.HEAD: "法定代表人、负责人等",
    Inquirer.INTERESTED: "股东、董事、监事、高级管理人员",
    Inquirer.LAWYER: "律师",
    Inquirer.ORGAN: "机关",
    Inquirer.STAFF: "登记机关工作人员",
    Inquirer.OTHER: "其他经许可的查询人",
}

FIELDS: dict[str, str] = {
    "about": "涉及",
    "accepted": "接受数量",
    "answer": "答复",
    "by": "验证方式",
    "cert_sn": "印章证书序列号",
    "condition": "归还时状况",
    "count": "数量",
    "criteria": "查找条件",
    "day": "日期",
    "due": "应归还日期",
    "first_bad": "第一处问题的位置",
    "first": "统计起始日",
    "form": "文件格式",
    "from": "原状态",
    "last": "统计截止日",
    "ground": "理由",
    "hits": "结果数",
    "inquirer": "查询人类别",
    "key": "对方编号",
    "kind": "类别",
    "level": "实名等级",
    "name": "名称",
    "number": "第几次",
    "order_no": "申请编号",
    "outcome": "结果",
    "pages": "页数",
    "purpose": "用途",
    "query": "查询内容（代号）",
    "reason": "理由",
    "refused": "未接受数量",
    "roles": "角色",
    "rows": "条数",
    "rule": "适用规则",
    "rule_version": "规则版本",
    "satisfaction": "满意度",
    "sha256": "文件摘要（SHA-256）",
    "size": "大小",
    "step": "步骤",
    "system": "对接系统",
    "terminal": "自助机",
    "to": "到（新状态或结束日期）",
    "uscc": "企业代码",
    "revision": "草案修订次数",
    "version": "版本",
    "visits": "查阅次数",
    "what": "事项",
    "volume": "纸质档案条码",
    "volumes": "卷（盒）数",
    "after": "变更后",
    "audit_size": "审计记录数",
    "before": "变更前",
    "case": "查档编号",
    "check": "核查结果",
    "companies": "企业数量",
    "differing": "不一致项数",
    "digest": "摘要",
    "documents": "文档数",
    "entry": "入口",
    "file": "文件",
    "files": "文件数",
    "fingerprint": "证书指纹",
    "health": "健康状况",
    "item": "事项",
    "letter": "公函摘要",
    "moved_on": "迁出日期",
    "notice": "消息",
    "page": "页码",
    "period": "时期",
    "question": "补充要求",
    "registry": "迁入地登记机关",
    "result": "结果",
    "root": "树根",
    "signed_size": "已签署记录数",
    "source": "来源",
    "unit": "机关单位",
}

_SIZES = {"thumb": "缩略图", "view": "浏览图", "full": "原大图"}
_VALUES: dict[str, dict[str, str]] = {
    "from": {str(status): words for status, words in ORDER_STATUS.items()},
    "to": {str(status): words for status, words in ORDER_STATUS.items()},
    "inquirer": INQUIRERS,
    "outcome": OUTCOMES,
    "purpose": {str(code): words for code, words in PURPOSES.items()},
    "roles": {str(role): known.name for role, known in ROLES.items()},
    "rule": {rule.id: f"{rule.who}（{rule.id}）" for rule in RULES.rule},
    "size": _SIZES,
    "what": {
        "link_issued": "生成开通链接",
        "enrolled": "本人开通账号",
        "password_forced": "要求修改口令",
        "unlocked": "解除锁定",
        "session_ended": "结束会话",
        "recovery_made": "生成恢复码",
        "recovery_used": "使用恢复码",
        "published": "发布",
        "added": "启用",
        "ended": "停用或撤下",
        "changed": "变更资料",
        "shut": "停用",
        "opened": "重新启用",
        "renewed": "重置登录凭证",
        "dossier": "档案目录",
        "document": "文件",
        "page": "档案页",
        "extract": "机读档案",
        "batch": "批量查询",
    },
    "check": {"in_order": "未发现问题", "objection": "有异议", "pending": "待核查"},
    "health": {str(health): words for health, (words, _) in HEALTH.items()},
    "by": {"code": "验证码", "file": "文件", "claim": "页面二维码"},
}

FAULTS: dict[AuditFault, str] = {
    AuditFault.MISSING: "这个位置的记录不见了：被删除，或被移到别处。",
    AuditFault.INSERTED: "这个位置的记录不是系统写入的：有人插入了记录。",
    AuditFault.EDITED: "这个位置的记录被改动过：内容与写入时的摘要不符。",
    AuditFault.FORGED: "这个位置的记录是伪造的，或是从别的位置移来的。",
    AuditFault.CUT_OFF: "从这个位置起，后面的记录不见了：已签署的检查点证明它们曾经存在。",
    AuditFault.REWRITTEN: "从这个位置起，历史被改写：记录得出的根与已签署的检查点不符。",
    AuditFault.OTHER_TREE: "各条记录完好，但保存的树与记录得出的不同。",
    AuditFault.UNSIGNED: "各条记录完好，但有检查点不是用本系统的密钥签署的。",
    AuditFault.SET_BACK: "各条记录完好，但检查点的时间倒退：数据库曾被恢复到较早的状态。",
    AuditFault.DROPPED: "各条记录完好，但文件里的检查点在数据库里不见了。",
    AuditFault.TRIM: "记录的起点不合规：到期清理没有有效的签名、检查点或对应的审计记录，或未满法定期限。",
    AuditFault.UNREADABLE: "各条记录完好，但检查点文件有一行不能读取：写入时断电，或被改动。",
}


def kind_words(tag: str) -> str:
    return KINDS.get(tag, tag)


def outcome_words(outcome: str) -> str:
    return OUTCOMES.get(outcome, outcome)


def channel_words(channel: str) -> str:
    return CHANNELS.get(channel, channel)


def field_words(name: str) -> str:
    return FIELDS.get(name, name)


def value_words(name: str, value: object) -> str:
    """A field's value as people read it; what has no words stays as it is stored."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if value is None or value == "":
        return "—"
    if isinstance(value, list | tuple):
        return "、".join(value_words(name, each) for each in value) or "—"
    return _VALUES.get(name, {}).get(str(value), str(value))
