"""The enumerations every room shares; no bare string is a status anywhere else."""

from enum import IntEnum, StrEnum


class CompanyStatus(StrEnum):
    """Registration status of a company (市场主体登记管理条例; 歇业 is Art. 30)."""

    ACTIVE = "active"  # 存续
    MOVED_OUT = "moved_out"  # 迁出
    REVOKED = "revoked"  # 吊销
    CANCELLED = "cancelled"  # 注销
    ANNULLED = "annulled"  # 撤销
    SUSPENDED = "suspended"  # 歇业


class FilingKind(StrEnum):
    """One registration event (件). Source: 实施细则 chapters 3–7."""

    ESTABLISHMENT = "establishment"  # 设立
    CHANGE = "change"  # 变更
    RECORD = "record"  # 备案
    CANCELLATION = "cancellation"  # 注销
    REVOCATION = "revocation"  # 吊销/撤销
    MOVE_IN = "move_in"  # 迁入
    MOVE_OUT = "move_out"  # 迁出
    PLEDGE = "pledge"  # 股权出质
    SUSPENSION = "suspension"  # 歇业
    ANNUAL = "annual"  # 年检/年报（历史）
    LICENCE = "licence"  # 补换照
    SUPERVISION = "supervision"  # 监督管理


class DocumentFlag(StrEnum):
    PUBLIC = "public"
    INTERNAL = "internal"
    SENSITIVE = "sensitive"


class PersonRole(StrEnum):
    """What a person is in a company, as the register says."""

    LEGAL_REPRESENTATIVE = "legal_representative"  # 法定代表人
    RESPONSIBLE_PERSON = "responsible_person"  # 负责人
    MANAGING_PARTNER = "managing_partner"  # 执行事务合伙人
    OPERATOR = "operator"  # 经营者
    INVESTOR = "investor"  # 投资人（个人独资企业）
    SHAREHOLDER = "shareholder"  # 股东
    DIRECTOR = "director"  # 董事
    SUPERVISOR = "supervisor"  # 监事
    EXECUTIVE = "executive"  # 高级管理人员


class AccountKind(StrEnum):
    NATURAL = "natural"
    LEGAL = "legal"


class OrganKind(StrEnum):
    """State organs by kind; conf/access.toml says which the rules name (实施细则 Art. 60 (1))."""

    PUBLIC_SECURITY = "public_security"  # 公安机关
    STATE_SECURITY = "state_security"  # 国家安全机关
    PROCURATORATE = "procuratorate"  # 检察机关
    COURT = "court"  # 审判机关
    SUPERVISION = "supervision"  # 纪检监察机关
    AUDIT = "audit"  # 审计机关
    OTHER = "other"  # 其他机关单位


class CaseCheck(StrEnum):
    """The after-check of what an organ saw for one case."""

    PENDING = "pending"
    IN_ORDER = "in_order"
    OBJECTION = "objection"


class BatchStatus(StrEnum):
    """How far a batch look-up of a case has come."""

    WAITING = "waiting"  # for a second person
    APPROVED = "approved"
    READY = "ready"
    DECLINED = "declined"
    FAILED = "failed"  # refused for good by the seal


class IdentityLevel(IntEnum):
    """Credibility level of a provincial account (domain facts §4)."""

    L0 = 0
    L1 = 1
    L2 = 2
    L3 = 3


class PurposeCode(StrEnum):
    """Why a visitor asks. The lawyer's purpose carries a claim of its own."""

    OWN_AFFAIRS = "own_affairs"  # 办理本企业事务
    LITIGATION = "litigation"  # 诉讼、仲裁
    FINANCING = "financing"  # 融资、贷款
    BIDDING = "bidding"  # 招标投标
    CROSS_BORDER = "cross_border"  # 涉外、公证事务
    SHAREHOLDER_RIGHTS = "shareholder_rights"  # 行使股东、董事、监事权利
    LEGAL_SERVICE = "legal_service"  # 律师承办法律事务
    OTHER = "other"


#: How a purpose is called on pages, in watermarks and on certificates.
PURPOSES: dict[PurposeCode, str] = {
    PurposeCode.OWN_AFFAIRS: "办理本企业事务",
    PurposeCode.LITIGATION: "诉讼、仲裁",
    PurposeCode.FINANCING: "融资、贷款",
    PurposeCode.BIDDING: "招标投标",
    PurposeCode.CROSS_BORDER: "涉外、公证事务",
    PurposeCode.SHAREHOLDER_RIGHTS: "行使股东、董事、监事权利",
    PurposeCode.LEGAL_SERVICE: "律师承办法律事务",
    PurposeCode.OTHER: "其他用途",
}


class Outcome(StrEnum):
    PERMIT = "permit"
    REVIEW = "review"
    REFUSE = "refuse"


class OrderStatus(StrEnum):
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    PERMITTED = "permitted"
    SEALING = "sealing"
    READY = "ready"
    DOWNLOADED = "downloaded"
    RATED = "rated"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"


#: The only moves an order may make; `store.orders.advance` refuses any other.
ORDER_MOVES: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.SUBMITTED: frozenset({OrderStatus.UNDER_REVIEW, OrderStatus.PERMITTED, OrderStatus.REFUSED}),
    OrderStatus.UNDER_REVIEW: frozenset({OrderStatus.PERMITTED, OrderStatus.REFUSED}),
    OrderStatus.PERMITTED: frozenset({OrderStatus.SEALING, OrderStatus.FAILED}),
    OrderStatus.SEALING: frozenset({OrderStatus.READY, OrderStatus.FAILED}),
    OrderStatus.READY: frozenset({OrderStatus.DOWNLOADED, OrderStatus.EXPIRED}),
    OrderStatus.DOWNLOADED: frozenset({OrderStatus.RATED, OrderStatus.EXPIRED}),
    OrderStatus.RATED: frozenset({OrderStatus.EXPIRED}),
    OrderStatus.REFUSED: frozenset(),
    OrderStatus.FAILED: frozenset(),
    OrderStatus.EXPIRED: frozenset(),
}


class CopyStatus(StrEnum):
    VALID = "valid"
    WITHDRAWN = "withdrawn"


class VerifyResult(StrEnum):
    VALID = "valid"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    NOT_FOUND = "not_found"
    ALTERED = "altered"


class Channel(StrEnum):
    PC = "pc"
    MOBILE = "mobile"
    KIOSK = "kiosk"
    STAFF = "staff"
    COMMAND = "command"
    WORKER = "worker"
    COUNTERPART = "counterpart"  # another system calls
    SHB = "shb"  # inside 穗好办
    YST = "yst"  # inside 粤商通
    GOVERNMENT = "government"  # another department, on the government network (政务网)


#: Channels inside another app's webview: the app draws header and back button, we draw none.
APP_CHANNELS = frozenset({Channel.SHB, Channel.YST})


class EntryPoint(StrEnum):
    """Doors of other systems a visit may come through. The apps' values are those of their Channel."""

    SHB = "shb"  # 穗好办
    YST = "yst"  # 粤商通
    PORTAL = "gdzwfw"  # 广东政务服务网


class OutboxKind(StrEnum):
    SMS = "sms"
    MAIL = "mail"
    RATING = "rating"
    PROGRESS = "progress"  # how an order stands, to the portal it came from
    COMPARISON = "comparison"  # our register with the sharing platform's
    LICENCE = "licence"  # a lawyer's licence that could not be looked up at once


class LicenceKind(StrEnum):
    """Licences the sharing platform tells of."""

    BUSINESS = "business"  # 营业执照
    LAWYER = "lawyer"  # 律师执业证


class LicenceStatus(StrEnum):
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"  # 停止执业、歇业
    ENDED = "ended"  # 注销、吊销


class CheckOutcome(StrEnum):
    """What looking a lawyer's licence up came to; it decides nothing, a person does."""

    MATCHES = "matches"
    DIFFERS = "differs"
    NOT_FOUND = "not_found"
    UNCHECKED = "unchecked"  # the platform did not answer yet


class DifferenceState(StrEnum):
    OPEN = "open"
    SETTLED = "settled"


class ScanState(StrEnum):
    """What became of an authorisation given with an electronic business licence."""

    AUTHORISED = "authorised"
    DECLINED = "declined"
    USED = "used"


class InboxStatus(StrEnum):
    """What became of something a counterpart told us."""

    WAITING = "waiting"  # what it is about is not there yet
    APPLIED = "applied"
    UNMATCHED = "unmatched"  # waited for in vain


class OutboxStatus(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    GAVE_UP = "gave_up"


class Notice(StrEnum):
    """Message templates, by id; the texts stand in conf/texts.toml."""

    COPY_READY = "copy_ready"
    ORDER_REFUSED = "order_refused"
    ORDER_PERMITTED = "order_permitted"
    ORDER_FAILED = "order_failed"
    ORDER_QUESTION = "order_question"  # the reviewer asks for more
    TASK_DONE = "task_done"
    PAPER_OVERDUE = "paper_overdue"  # to who has papers of ours, by mail
    CODE = "code"  # sent straight to whoever waits for it, by SMS only, never through the outbox


class CodePurpose(StrEnum):
    """What a one-time code is asked for."""

    COPY = "copy"  # before a sealed copy is handed out


class SealStatus(StrEnum):
    """A version of a seal in the register: retired is for good."""

    IN_USE = "in_use"
    RETIRED = "retired"


class Satisfaction(IntEnum):
    """Canonical satisfaction: larger is better. Adapters map it; two norms reverse it (domain facts §0.1)."""

    VERY_BAD = 1
    BAD = 2
    FAIR = 3
    GOOD = 4
    VERY_GOOD = 5


class FollowUpStatus(StrEnum):
    """How far a low rating has been dealt with."""

    OPEN = "open"  # nobody has spoken with the visitor yet
    CONTACTED = "contacted"
    RECTIFIED = "rectified"
    CLOSED = "closed"  # called back


class FollowUpStep(StrEnum):
    """What was done about a low rating; the first is written by the rating itself."""

    OPENED = "opened"
    CONTACTED = "contacted"
    RECTIFIED = "rectified"
    CALLED_BACK = "called_back"
    REOPENED = "reopened"


class FollowUpResult(StrEnum):
    """What came of a step."""

    REACHED = "reached"
    UNREACHED = "unreached"
    RECTIFIED = "rectified"  # put right
    EXPLAINED = "explained"  # no legal ground to do it otherwise: said so
    UNFOUNDED = "unfounded"  # examined, and not as it was said
    CONTENT = "content"
    DISCONTENT = "discontent"


#: Step → the state it is taken in, and by its result the state that follows; there is no other move.
FOLLOW_UP_MOVES: dict[FollowUpStep, tuple[FollowUpStatus, dict[FollowUpResult | None, FollowUpStatus]]] = {
    FollowUpStep.CONTACTED: (
        FollowUpStatus.OPEN,
        {FollowUpResult.REACHED: FollowUpStatus.CONTACTED, FollowUpResult.UNREACHED: FollowUpStatus.OPEN},
    ),
    FollowUpStep.RECTIFIED: (
        FollowUpStatus.CONTACTED,
        {
            FollowUpResult.RECTIFIED: FollowUpStatus.RECTIFIED,
            FollowUpResult.EXPLAINED: FollowUpStatus.RECTIFIED,
            FollowUpResult.UNFOUNDED: FollowUpStatus.RECTIFIED,
        },
    ),
    FollowUpStep.CALLED_BACK: (
        FollowUpStatus.RECTIFIED,
        {
            FollowUpResult.CONTENT: FollowUpStatus.CLOSED,
            FollowUpResult.DISCONTENT: FollowUpStatus.CLOSED,
            FollowUpResult.UNREACHED: FollowUpStatus.RECTIFIED,
        },
    ),
    FollowUpStep.REOPENED: (FollowUpStatus.CLOSED, {None: FollowUpStatus.OPEN}),
}


class StaffRole(StrEnum):
    ARCHIVIST = "archivist"
    REVIEWER = "reviewer"
    STATISTICS = "statistics"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDITOR = "auditor"


class ProposalKind(StrEnum):
    """What needs a second person; how each takes effect stands in handlers/flows/effects.py."""

    STAFF_ROLES = "staff_roles"
    STAFF_NEW = "staff_new"
    STAFF_RESET = "staff_reset"
    SETTING = "setting"
    TEXT = "text"
    HOLIDAYS = "holidays"
    RULES = "rules"
    SEAL_ADD = "seal_add"
    SIGNATORY = "signatory"
    COMPANY_LOCK = "company_lock"
    DESTRUCTION = "destruction"  # of papers
    UNIT_ACCESS = "unit_access"
    UNIT_USER_NEW = "unit_user_new"
    UNIT_USER_RESET = "unit_user_reset"


class ProposalStatus(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Inquirer(StrEnum):
    """What somebody who looks into a dossier is to the company; the most the company itself is ever told of them."""

    COMPANY = "company"  # 本企业
    HEAD = "head"  # 法定代表人、负责人等
    INTERESTED = "interested"  # 股东、董事、监事、高级管理人员
    LAWYER = "lawyer"  # 律师
    ORGAN = "organ"  # 机关
    STAFF = "staff"  # 登记机关工作人员
    OTHER = "other"  # 其他


class AuditFault(StrEnum):
    """What can be wrong with the audit; views/contexts say it in words."""

    TRIM = "trim"
    MISSING = "missing"
    INSERTED = "inserted"
    EDITED = "edited"
    FORGED = "forged"
    CUT_OFF = "cut_off"
    REWRITTEN = "rewritten"
    OTHER_TREE = "other_tree"
    UNSIGNED = "unsigned"
    SET_BACK = "set_back"
    DROPPED = "dropped"
    UNREADABLE = "unreadable"


class CheckStatus(StrEnum):
    """How a check of the whole audit stands."""

    RUNNING = "running"
    WHOLE = "whole"
    BROKEN = "broken"


class TaskKind(StrEnum):
    """What a visitor's word is made into work for."""

    BAD_PAGE = "bad_page"  # a page of a scan cannot be read, or is not the right one
    SCAN = "scan"  # 申请补扫: a paper of the catalogue that is not scanned


class TaskState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    DONE = "done"
    DECLINED = "declined"


class PageFault(StrEnum):
    """What a visitor says is wrong with a page."""

    UNREADABLE = "unreadable"
    CUT = "cut"
    TURNED = "turned"
    MISSING = "missing"
    WRONG = "wrong"
    DAMAGED = "damaged"


class PageSize(StrEnum):
    THUMB = "thumb"
    VIEW = "view"
    FULL = "full"


class AuditTag(StrEnum):
    """`<source>:<subject>:<action>`. Each has its required fields in AUDIT_FIELDS; no other tag exists."""

    ACCESS_DECIDED = "access:dossier:decided"
    AUDIT_TRIMMED = "audit:prefix:trimmed"
    BACKUP_MADE = "backup:file:made"
    BACKUP_RESTORED = "backup:database:restored"
    BACKUP_VERIFIED = "backup:file:verified"
    AUDIT_CHECKED = "audit:tree:checked"
    AUDIT_EXPORTED = "audit:result:exported"
    AUDIT_PROVED = "audit:event:proved"
    AUDIT_SEARCHED = "audit:record:searched"
    CALLBACK_RECEIVED = "callback:event:received"
    CALLBACK_REFUSED = "callback:event:refused"
    COMPANY_COMPARED = "register:company:compared"
    CODE_CHECKED = "code:entry:checked"
    CODE_SENT = "code:message:sent"
    COPY_DOWNLOADED = "copy:file:downloaded"
    COPY_SEALED = "copy:file:sealed"
    COPY_VERIFIED = "copy:file:verified"
    COPY_WITHDRAWN = "copy:file:withdrawn"
    DIFFERENCE_SETTLED = "staff:difference:settled"
    DOSSIER_LISTED = "dossier:listing:viewed"
    DOSSIER_LOOKERS_SEEN = "dossier:lookers:viewed"
    ENTRY_REFUSED = "visitor:entry:refused"
    EXTRACT_VIEWED = "extract:page:viewed"
    GOVERNMENT_BATCH_ASKED = "government:batch:asked"
    GOVERNMENT_BATCH_DECIDED = "government:batch:decided"
    GOVERNMENT_BATCH_FETCHED = "government:batch:fetched"
    GOVERNMENT_BATCH_SEALED = "government:batch:sealed"
    GOVERNMENT_CASE_CHECKED = "government:case:checked"
    GOVERNMENT_CASE_CLOSED = "government:case:closed"
    GOVERNMENT_CASE_OPENED = "government:case:opened"
    GOVERNMENT_LETTER_SHOWN = "government:letter:shown"
    GOVERNMENT_PASSWORD_CHANGED = "government:password:changed"  # noqa: S105  the name of an event, not a password
    GOVERNMENT_SEARCHED = "government:search:asked"
    GOVERNMENT_SIGNED_IN = "government:session:opened"
    GOVERNMENT_SIGNED_OUT = "government:session:closed"
    GOVERNMENT_SIGNIN_REFUSED = "government:session:refused"
    GOVERNMENT_UNIT_KEPT = "government:unit:kept"
    GOVERNMENT_USER_KEPT = "government:user:kept"
    GOVERNMENT_VIEWED = "government:record:viewed"
    INSPECTION_MADE = "inspection:report:made"
    INTAKE_IMPORTED = "intake:batch:imported"
    FOLLOW_UP_MOVED = "followup:record:moved"
    FOLLOW_UP_OPENED = "followup:record:opened"
    FOLLOW_UP_PHONE_SHOWN = "followup:phone:shown"
    KIOSK_WIPED = "kiosk:session:wiped"
    FRONT_NOTICE_CHANGED = "staff:notice:changed"
    LINK_MADE = "visitor:account:linked"
    LICENCE_CHECKED = "licence:lawyer:checked"
    NUMBERS_EXPORTED = "numbers:report:exported"
    MOVE_OUT_HANDED_OVER = "staff:company:handed_over"
    MOVE_OUT_NOTED = "staff:company:moved_out"
    ORDER_ANSWERED = "order:question:answered"
    ORDER_CREATED = "order:record:created"
    ORDER_MOVED = "order:record:moved"
    PAGE_VIEWED = "page:image:viewed"
    PAPER_DESTRUCTION_MOVED = "paper:destruction:moved"
    PAPER_HANDOVER_MOVED = "paper:handover:moved"
    PAPER_HANDOVER_WRITTEN = "paper:handover:written"
    PAPER_LENT = "paper:volume:lent"
    PAPER_LOAN_EXTENDED = "paper:loan:extended"
    PAPER_PLACED = "paper:volume:placed"
    PAPER_PLACES_MADE = "paper:location:made"
    PAPER_REMINDED = "paper:loan:reminded"
    PAPER_RETURNED = "paper:volume:returned"
    PERSON_SEARCHED = "search:person:queried"
    PROPOSAL_MADE = "proposal:record:made"
    PROPOSAL_ANSWERED = "proposal:record:answered"
    RATING_DEFAULTED = "rating:record:defaulted"
    RATING_GIVEN = "rating:record:given"
    RETENTION_APPLIED = "retention:records:removed"
    RATING_SENT_ON = "rating:visitor:sent_on"
    RULES_DRAFTED = "staff:rules:drafted"
    RULES_KEPT = "rules:version:kept"
    SEAL_ADDED = "seal:register:added"
    SEAL_RETIRED = "seal:register:retired"
    SIGNATORY_CHANGED = "staff:signatory:changed"
    STAFF_ACCOUNT_CHANGED = "staff:account:changed"
    STAFF_ASKED = "staff:order:asked"
    STAFF_CLAIMED = "staff:order:claimed"
    STAFF_CREATED = "staff:account:created"
    STAFF_FLAGGED = "staff:document:flagged"
    STAFF_RELEASED = "staff:order:released"
    STAFF_SAW_EVIDENCE = "staff:evidence:viewed"
    STAFF_DECIDED = "staff:order:decided"
    STAFF_RESENT = "staff:message:resent"
    STAFF_PASSWORD_CHANGED = "staff:password:changed"  # noqa: S105  the name of an event, not a password
    STAFF_SIGNIN_REFUSED = "staff:session:refused"
    STAFF_SIGNED_IN = "staff:session:opened"
    STAFF_SIGNED_OUT = "staff:session:closed"
    TASK_MOVED = "task:record:moved"
    TASK_OPENED = "task:record:opened"
    TERMINAL_REGISTERED = "terminal:record:registered"
    VISITOR_SIGNED_IN = "visitor:session:opened"
    VISITOR_SIGNED_OUT = "visitor:session:closed"
    VISITOR_SIGNED_OUT_THERE = "visitor:session:ended"  # at the identity platform, which told us
    VISITOR_SIGNIN_REFUSED = "visitor:session:refused"


#: Fields an event of that tag must carry in `fields`, exactly; `store.audit.append` refuses any other set.
AUDIT_FIELDS: dict[AuditTag, frozenset[str]] = {
    AuditTag.ACCESS_DECIDED: frozenset({"rule", "rule_version"}),
    AuditTag.AUDIT_TRIMMED: frozenset({"size", "root", "before"}),
    AuditTag.BACKUP_MADE: frozenset({"digest", "documents", "audit_size"}),
    AuditTag.BACKUP_RESTORED: frozenset({"digest", "documents", "audit_size", "signed_size"}),
    AuditTag.BACKUP_VERIFIED: frozenset({"digest"}),
    AuditTag.AUDIT_CHECKED: frozenset({"size", "first_bad"}),
    AuditTag.AUDIT_EXPORTED: frozenset({"criteria", "rows"}),
    AuditTag.AUDIT_PROVED: frozenset({"size"}),
    AuditTag.AUDIT_SEARCHED: frozenset({"criteria", "rows"}),
    AuditTag.CALLBACK_RECEIVED: frozenset({"system", "key"}),
    AuditTag.CALLBACK_REFUSED: frozenset({"system", "ground"}),
    AuditTag.COMPANY_COMPARED: frozenset({"outcome", "differing"}),
    AuditTag.CODE_CHECKED: frozenset({"purpose", "ground"}),
    AuditTag.CODE_SENT: frozenset({"purpose", "ground"}),
    AuditTag.COPY_DOWNLOADED: frozenset({"order_no", "sha256"}),
    AuditTag.COPY_SEALED: frozenset({"order_no", "sha256", "pages", "cert_sn"}),
    AuditTag.COPY_VERIFIED: frozenset({"by"}),
    AuditTag.COPY_WITHDRAWN: frozenset({"order_no", "reason"}),
    AuditTag.DIFFERENCE_SETTLED: frozenset({"item"}),
    AuditTag.DOSSIER_LISTED: frozenset({"rule"}),
    AuditTag.DOSSIER_LOOKERS_SEEN: frozenset({"rule", "visits"}),
    AuditTag.ENTRY_REFUSED: frozenset({"entry", "ground"}),
    AuditTag.EXTRACT_VIEWED: frozenset({"rule"}),
    AuditTag.GOVERNMENT_BATCH_ASKED: frozenset({"unit", "case", "companies"}),
    AuditTag.GOVERNMENT_BATCH_DECIDED: frozenset({"unit", "case", "answer"}),
    AuditTag.GOVERNMENT_BATCH_FETCHED: frozenset({"unit", "case", "sha256"}),
    AuditTag.GOVERNMENT_BATCH_SEALED: frozenset({"unit", "case", "companies", "sha256", "cert_sn"}),
    AuditTag.GOVERNMENT_CASE_CHECKED: frozenset({"unit", "case", "check"}),
    AuditTag.GOVERNMENT_CASE_CLOSED: frozenset({"unit", "case"}),
    AuditTag.GOVERNMENT_CASE_OPENED: frozenset({"unit", "case", "letter"}),
    AuditTag.GOVERNMENT_LETTER_SHOWN: frozenset({"unit", "case"}),
    AuditTag.GOVERNMENT_PASSWORD_CHANGED: frozenset(),
    AuditTag.GOVERNMENT_SEARCHED: frozenset({"unit", "case", "query", "hits"}),
    AuditTag.GOVERNMENT_SIGNED_IN: frozenset(),
    AuditTag.GOVERNMENT_SIGNED_OUT: frozenset(),
    AuditTag.GOVERNMENT_SIGNIN_REFUSED: frozenset({"ground"}),
    AuditTag.GOVERNMENT_UNIT_KEPT: frozenset({"what"}),
    AuditTag.GOVERNMENT_USER_KEPT: frozenset({"what"}),
    AuditTag.GOVERNMENT_VIEWED: frozenset({"unit", "case", "what", "rule", "rule_version"}),
    AuditTag.INSPECTION_MADE: frozenset({"period", "health"}),
    AuditTag.INTAKE_IMPORTED: frozenset({"accepted", "refused", "pages"}),
    AuditTag.FOLLOW_UP_MOVED: frozenset({"step", "result", "to"}),
    AuditTag.FOLLOW_UP_OPENED: frozenset({"satisfaction", "number"}),
    AuditTag.FOLLOW_UP_PHONE_SHOWN: frozenset(),
    AuditTag.KIOSK_WIPED: frozenset({"terminal"}),
    AuditTag.FRONT_NOTICE_CHANGED: frozenset({"what"}),
    AuditTag.LINK_MADE: frozenset({"entry"}),
    AuditTag.LICENCE_CHECKED: frozenset({"outcome", "source"}),
    AuditTag.NUMBERS_EXPORTED: frozenset({"form", "first", "last"}),
    AuditTag.MOVE_OUT_HANDED_OVER: frozenset({"registry"}),
    AuditTag.MOVE_OUT_NOTED: frozenset({"registry", "moved_on"}),
    AuditTag.ORDER_ANSWERED: frozenset({"question", "files"}),
    AuditTag.ORDER_CREATED: frozenset({"rule", "pages"}),
    AuditTag.ORDER_MOVED: frozenset({"from", "to"}),
    AuditTag.PAGE_VIEWED: frozenset({"size", "rule"}),
    AuditTag.PAPER_DESTRUCTION_MOVED: frozenset({"to", "volumes"}),
    AuditTag.PAPER_HANDOVER_MOVED: frozenset({"to", "volumes"}),
    AuditTag.PAPER_HANDOVER_WRITTEN: frozenset({"volume", "step"}),
    AuditTag.PAPER_LENT: frozenset({"volume", "due"}),
    AuditTag.PAPER_LOAN_EXTENDED: frozenset({"volume", "due"}),
    AuditTag.PAPER_PLACED: frozenset({"from", "to"}),
    AuditTag.PAPER_PLACES_MADE: frozenset({"count"}),
    AuditTag.PAPER_REMINDED: frozenset({"day"}),
    AuditTag.PAPER_RETURNED: frozenset({"volume", "condition"}),
    AuditTag.PERSON_SEARCHED: frozenset({"query", "hits"}),
    AuditTag.PROPOSAL_MADE: frozenset({"kind", "about"}),
    AuditTag.PROPOSAL_ANSWERED: frozenset({"kind", "about", "answer"}),
    AuditTag.RATING_DEFAULTED: frozenset({"satisfaction", "number"}),
    AuditTag.RATING_GIVEN: frozenset({"satisfaction", "number"}),
    AuditTag.RETENTION_APPLIED: frozenset({"kind", "count", "before"}),
    AuditTag.RATING_SENT_ON: frozenset({"number"}),
    AuditTag.RULES_DRAFTED: frozenset({"version", "revision"}),
    AuditTag.RULES_KEPT: frozenset({"version"}),
    AuditTag.SEAL_ADDED: frozenset({"version", "fingerprint"}),
    AuditTag.SEAL_RETIRED: frozenset({"version", "reason"}),
    AuditTag.SIGNATORY_CHANGED: frozenset({"what"}),
    AuditTag.STAFF_ACCOUNT_CHANGED: frozenset({"what"}),
    AuditTag.STAFF_ASKED: frozenset({"question"}),
    AuditTag.STAFF_CLAIMED: frozenset(),
    AuditTag.STAFF_CREATED: frozenset({"roles"}),
    AuditTag.STAFF_FLAGGED: frozenset({"before", "after", "reason"}),
    AuditTag.STAFF_RELEASED: frozenset(),
    AuditTag.STAFF_SAW_EVIDENCE: frozenset({"file", "page"}),
    AuditTag.STAFF_DECIDED: frozenset({"outcome"}),
    AuditTag.STAFF_RESENT: frozenset({"kind"}),
    AuditTag.STAFF_PASSWORD_CHANGED: frozenset(),
    AuditTag.STAFF_SIGNIN_REFUSED: frozenset({"ground"}),
    AuditTag.STAFF_SIGNED_IN: frozenset(),
    AuditTag.STAFF_SIGNED_OUT: frozenset(),
    AuditTag.TASK_MOVED: frozenset({"kind", "to"}),
    AuditTag.TASK_OPENED: frozenset({"kind"}),
    AuditTag.TERMINAL_REGISTERED: frozenset({"name"}),
    AuditTag.VISITOR_SIGNED_IN: frozenset({"level", "kind"}),
    AuditTag.VISITOR_SIGNED_OUT: frozenset(),
    AuditTag.VISITOR_SIGNED_OUT_THERE: frozenset({"notice"}),
    AuditTag.VISITOR_SIGNIN_REFUSED: frozenset({"ground"}),
}

#: Fields an event of that tag may carry besides; events written before these were thought of lack them.
AUDIT_MORE_FIELDS: dict[AuditTag, frozenset[str]] = {
    AuditTag.COPY_DOWNLOADED: frozenset({"uscc", "inquirer", "purpose", "pages"}),
    AuditTag.DOSSIER_LISTED: frozenset({"inquirer", "purpose"}),
    AuditTag.GOVERNMENT_VIEWED: frozenset({"uscc", "inquirer"}),
    AuditTag.ORDER_CREATED: frozenset({"uscc"}),
    AuditTag.PAGE_VIEWED: frozenset({"uscc", "inquirer", "purpose"}),
}


class VolumeKind(StrEnum):
    VOLUME = "volume"  # 卷
    BOX = "box"  # 盒


class VolumeState(StrEnum):
    """Where a volume of papers is in its life. Only what is kept can be lent or put on a destruction list."""

    ANNOUNCED = "announced"  # on a handover list that is not closed
    MISSING = "missing"  # announced, and not there when the list was checked
    KEPT = "kept"
    LENT = "lent"
    LISTED = "listed"  # on a destruction list
    DESTROYED = "destroyed"


class VolumeCheck(StrEnum):
    """How a volume was found when it came."""

    PRESENT = "present"
    MISSING = "missing"
    DAMAGED = "damaged"


class HandoverStatus(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    RECEIVED = "received"
    CLOSED = "closed"


class LoanCondition(StrEnum):
    """How a volume came back."""

    GOOD = "good"
    DAMAGED = "damaged"
    INCOMPLETE = "incomplete"


class DestructionStatus(StrEnum):
    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    EXECUTED = "executed"
