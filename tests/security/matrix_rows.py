"""The authorisation matrix as people wrote it: for every verb of every address who may call it and what becomes of
one's own object, another's, and one that is absent. Read by tests/security/test_authorisation.py.

A line is `METHOD address guard own/other/absent [who,who=own/other/absent …]`. The guard says who is let in; the rest
says what is met by those who are (one word: there is nothing to tell apart; `-`: there is no such case, as our own
people have no objects of their own). Words: `in` (answered: a page, a redirect of ours, or the form's own refusal),
`away` (let in, and the system that is asked is not there in this test), `signin1` (the visitors' sign-in, by level),
`desk`, `gov` (the other two sign-ins), a status, or `403:<rule>` of
conf/access.toml. A new verb needs a line, a line needs its verb, and the guard written here is compared with the one
in the code, so that nobody changes a door by changing a handler only.
"""

from dataclasses import dataclass

TABLE = """
GET  /                                                             public in
GET  /companies                                                    public in
GET  /companies/{uscc}                                             public in/in/404
GET  /companies/{uscc}/lookers                                     L0 in/404/404
GET  /companies/{uscc}/dossier                                     L0 in/in/404
POST /companies/{uscc}/purpose                                     L0 in/in/404
GET  /companies/{uscc}/documents/{id}/pages/{n}                    L0 in/404/404
GET  /pages/{id}/(thumb|view|full).jpg                             L0 in/404/404
POST /companies/{uscc}/documents/{id}/pages/{n}/report             L0 in/404/404
POST /companies/{uscc}/scans                                       L1 in/404/404
GET  /companies/{uscc}/extract                                     L0 in/in/404
GET  /companies/{uscc}/order                                       L1 in/in/404
POST /companies/{uscc}/order                                       L1 in/403:dossier.other/404
GET  /orders                                                       L1 in
GET  /orders/{order}                                               L1 in/404/404
POST /orders/{order}/answer                                        L1 in/404/404
GET  /orders/{order}/copy                                          L1 in/404/404
GET  /orders/{order}/print                                         L1 404/404/404 head_at_kiosk=in/404/404
GET  /orders/{order}/print/copy                                    L1 404/404/404 head_at_kiosk=in/404/404
GET  /orders/{order}/check                                         L1 in/404/404
POST /orders/{order}/check                                         L1 in/404/404
GET  /orders/{order}/rating                                        L1 in/404/404
POST /orders/{order}/rating                                        L1 in/404/404
GET  /orders/{order}/rating/platform                               L1 in/404/404
GET  /verify                                                       public in
POST /verify/file                                                  public in
GET  /p/{token}                                                    public in
GET  /.well-known/eqicha-keys.json                                 public in
GET  /.well-known/eqicha-audit-key.json                            public in
GET  /signin                                                       public in
GET  /signin/callback                                              public 400
GET  /signin/raise                                                 public in
POST /signout                                                      public in
GET  /enter/(shb|yst)                                              public 403 kiosk,head_at_kiosk=404
GET  /enter/portal                                                 public 400
GET  /signin/licence                                               public in
POST /signin/licence/confirm                                       public 400
POST /signin/licence/cancel                                        public in
GET  /(help|privacy|accessibility|about|sitemap)                                          public in
GET  /type                                                         public in
GET  /healthz                                                      public in
GET  /readyz                                                       public in
GET  /metrics                                                      operator in
GET  /kiosk/enrol                                                  public in
POST /kiosk/enrol                                                  public in
POST /kiosk/end                                                    public 404 kiosk,head_at_kiosk=in
GET  /kiosk/idle                                                   public 404 kiosk,head_at_kiosk=in
POST /kiosk/idle                                                   public 404 kiosk,head_at_kiosk=in
GET  /kiosk/stay                                                   public in
POST /callbacks/{system}                                           counterpart 401/-/404

GET  /staff/signin                                                 public in
POST /staff/signin                                                 public in
GET  /staff/signin/code                                            public desk before_code=in
POST /staff/signin/code                                            public desk before_code=in
GET  /staff/enrol/{token}                                          public in/-/404
POST /staff/enrol/{token}                                          public in/-/404
GET  /staff/password                                               staff in
POST /staff/password                                               staff in
POST /staff/signout                                                staff desk
GET  /staff                                                        staff in
GET  /staff/rights                                                 staff in
GET  /staff/sessions                                               staff in
POST /staff/sessions                                               staff in
GET  /staff/recovery                                               staff in
POST /staff/recovery                                               staff in
POST /staff/keys                                                   staff in
GET  /staff/proposals                                              TAKING_PART in
GET  /staff/proposals/{id}                                         TAKING_PART in/-/404
POST /staff/proposals/{id}                                         TAKING_PART in/-/404
GET  /staff/orders                                                 orders:review in
GET  /staff/orders/{order}                                         orders:review in/-/404
POST /staff/orders/{order}/claim                                   orders:review in/-/404
POST /staff/orders/{order}/release                                 orders:review in/-/404
POST /staff/orders/{order}/ask                                     orders:review in/-/404
POST /staff/orders/{order}/permit                                  orders:review in/-/404
POST /staff/orders/{order}/refuse                                  orders:review in/-/404
GET  /staff/orders/{order}/documents/{id}/pages/{n}                orders:review in/-/404
GET  /staff/orders/{order}/images/{id}/(thumb|view|full).jpg       orders:review in/-/404
GET  /staff/orders/{order}/answers/{id}/{n}.jpg                    orders:review 404
GET  /staff/companies                                              companies:keep,pages:flag in
GET  /staff/companies/{uscc}                                       companies:keep,pages:flag in/-/404
POST /staff/companies/{uscc}/lock                                  companies:keep in/-/404
POST /staff/companies/{uscc}/moved-out                             companies:keep in/-/404
POST /staff/companies/{uscc}/handed-over                           companies:keep in/-/404
POST /staff/companies/{uscc}/flags                                 pages:flag in/-/404
GET  /staff/tasks                                                  tasks:work in
GET  /staff/tasks/{task}                                           tasks:work in/-/404
POST /staff/tasks/{task}/claim                                     tasks:work in/-/404
POST /staff/tasks/{task}/release                                   tasks:work in/-/404
POST /staff/tasks/{task}/finish                                    tasks:work in/-/404
GET  /staff/copies                                                 copies:keep in
POST /staff/copies/{copy}/withdraw                                 copies:keep in/-/404
GET  /staff/outbox                                                 outbox:see in
POST /staff/outbox/{id}/resend                                     outbox:resend in/-/404
GET  /staff/system                                                 system:see in
POST /staff/system                                                 system:inspect in
GET  /staff/system/{id}                                            system:see in/-/404
GET  /staff/audit                                                  audit:read in
POST /staff/audit                                                  audit:read in
POST /staff/audit/export                                           audit:read in
GET  /staff/audit/tree                                             audit:read in
POST /staff/audit/tree                                             audit:read in
GET  /staff/audit/events/{id}                                      audit:read in/-/404
GET  /staff/audit/events/{id}/proof                                audit:read in/-/404
GET  /staff/numbers                                                numbers:read in
GET  /staff/numbers/export.xlsx                                    numbers:read in
GET  /staff/numbers/export.pdf                                     numbers:read in
GET  /staff/numbers/performance.pdf                                numbers:read in
GET  /staff/investment                                             numbers:read in
GET  /staff/investment/export.xlsx                                 numbers:read in
GET  /staff/investment/export.pdf                                  numbers:read in
GET  /staff/ratings                                                ratings:follow in
GET  /staff/ratings/{order}.{turn}                                 ratings:follow in/-/404
POST /staff/ratings/{order}.{turn}/phone                           ratings:follow in/-/404
POST /staff/ratings/{order}.{turn}/(contacted|rectified|called_back|reopened) ratings:follow in/-/404
GET  /staff/differences                                            differences:settle in
GET  /staff/differences/{uscc}                                     differences:settle in/-/404
POST /staff/differences/{uscc}/settle                              differences:settle in/-/404
POST /staff/differences/{uscc}/ask                                 differences:settle away/-/404
GET  /staff/accounts                                               accounts:keep,accounts:approve in
POST /staff/accounts                                               accounts:keep in
GET  /staff/accounts/{id}                                          accounts:keep,accounts:approve in/-/404
POST /staff/accounts/{id}/(roles|reset)                            accounts:keep in/-/404
POST /staff/accounts/{id}/(unlock|force)                           accounts:keep in/-/404
POST /staff/accounts/{id}/link                                     accounts:keep in/-/404
POST /staff/accounts/{id}/sessions                                 sessions:end in/-/404
GET  /staff/settings                                               settings:keep,settings:approve in
POST /staff/settings                                               settings:keep in
GET  /staff/texts                                                  settings:keep,settings:approve in
GET  /staff/texts/{id}                                             settings:keep,settings:approve in/-/404
POST /staff/texts/{id}                                             settings:keep in/-/404
GET  /staff/holidays                                               settings:keep,settings:approve in
POST /staff/holidays                                               settings:keep in
GET  /staff/notices                                                notices:write in
POST /staff/notices                                                notices:write in
POST /staff/notices/{id}/end                                       notices:write in/-/404
GET  /staff/rules                                                  rules:draft,rules:publish in
GET  /staff/rules/versions/{id}                                    rules:draft,rules:publish in/-/404
GET  /staff/rules/draft                                            rules:draft,rules:publish in
POST /staff/rules/draft                                            rules:draft in
GET  /staff/rules/draft/try                                        rules:draft,rules:publish in
POST /staff/rules/draft/publish                                    rules:draft in
GET  /staff/seals                                                  seals:keep,settings:approve in
POST /staff/seals/(add|signatory)                                  seals:keep in
POST /staff/seals/{id}/retire                                      seals:keep in/-/404
POST /staff/seals/signatories/{id}/end                             seals:keep in/-/404
GET  /staff/paper                                                  paper:keep in
POST /staff/paper/place                                            paper:keep in
GET  /staff/paper/volumes/{id}                                     paper:keep,paper:destroy in/-/404
GET  /staff/paper/places                                           paper:keep in
POST /staff/paper/places                                           paper:keep in
GET  /staff/paper/labels                                           paper:keep in
GET  /staff/paper/handovers                                        paper:keep in
POST /staff/paper/handovers                                        paper:keep in
GET  /staff/paper/handovers/{id}                                   paper:keep in/-/404
POST /staff/paper/handovers/{id}/(volumes|drop|check|send|receive|close) paper:keep in/-/404
GET  /staff/paper/handovers/{id}/sheet                             paper:keep in/-/404
GET  /staff/paper/loans                                            paper:keep in
POST /staff/paper/loans                                            paper:keep in
GET  /staff/paper/loans/{id}                                       paper:keep in/-/404
POST /staff/paper/loans/{id}/(extend|return)                       paper:keep in/-/404
GET  /staff/paper/destructions                                     paper:destroy in
POST /staff/paper/destructions                                     paper:destroy in
GET  /staff/paper/destructions/{id}                                paper:destroy in/-/404
POST /staff/paper/destructions/{id}/(add|drop|propose|reopen|execute) paper:destroy in/-/404
GET  /staff/paper/destructions/{id}/sheet                          paper:destroy in/-/404
GET  /staff/government                                             government:keep in
POST /staff/government                                             government:keep in
GET  /staff/government/{key}                                       government:keep in/-/404
POST /staff/government/{key}                                       government:keep in/-/404
POST /staff/government/{key}/access                                government:keep in/-/404
POST /staff/government/{key}/users                                 government:keep in/-/404
GET  /staff/government/{key}/users/{key}                           government:keep in/-/404
POST /staff/government/{key}/users/{key}                           government:keep in/-/404
GET  /staff/government/checks                                      government:check in
GET  /staff/government/checks/{key}                                government:check in/-/404
POST /staff/government/checks/{key}                                government:check in/-/404
GET  /staff/government/checks/{key}/letter/{n}.jpg                 government:check in/-/404
GET  /staff/government/batches/{batch}                             government:check in/-/404
POST /staff/government/batches/{batch}                             government:check in/-/404

GET  /gov                                                          gate in
GET  /gov/signin                                                   gate in
POST /gov/signin                                                   gate in
GET  /gov/signin/code                                              gate gov unit_before_code=in
POST /gov/signin/code                                              gate gov unit_before_code=in
GET  /gov/enrol/{token}                                            gate in/-/404
POST /gov/enrol/{token}                                            gate in/-/404
GET  /gov/password                                                 unit in
POST /gov/password                                                 unit in
GET  /gov/sessions                                                 unit in
POST /gov/sessions                                                 unit in
GET  /gov/recovery                                                 unit in
POST /gov/recovery                                                 unit in
POST /gov/signout                                                  unit gov
GET  /gov/cases                                                    unit in
GET  /gov/cases/new                                                unit in
POST /gov/cases/new/file                                           unit in
GET  /gov/cases/{key}                                              unit in/404/404
POST /gov/cases/{key}/close                                        unit in/404/404
GET  /gov/cases/{key}/companies                                    unit in/404/404
GET  /gov/cases/{key}/companies/{uscc}                             unit in/404/404
GET  /gov/cases/{key}/companies/{uscc}/extract                     unit in/404/404
GET  /gov/cases/{key}/companies/{uscc}/documents/{id}/pages/{n}    unit in/404/404
GET  /gov/cases/{key}/pages/{id}/(thumb|view|full).jpg             unit in/404/404
GET  /gov/cases/{key}/batches                                      unit in/404/404
POST /gov/cases/{key}/batches/file                                 unit in/404/404
GET  /gov/cases/{key}/batches/{batch}/file                         unit 404/404/404
"""

#: The actions of everybody who proposes or approves anything at all (handlers/staff/desk.py).
TAKING_PART = (
    "accounts:approve,accounts:keep,companies:keep,government:keep,paper:destroy,rules:draft,rules:publish,"
    "seals:keep,settings:approve,settings:keep"
)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One line: what each object (`own`, `other`, `absent`; `none` where there is nothing to tell apart) answers."""

    method: str
    address: str
    guard: str
    answers: dict[str, str]
    special: dict[str, dict[str, str]]

    def met(self, who: str, which: str) -> str:
        """What somebody the guard lets in is answered."""
        return self.special.get(who, self.answers)[which]


def rows() -> dict[tuple[str, str], Row]:
    """The lines of the table by method and address. Raises ValueError for a second line of the same verb."""
    found: dict[tuple[str, str], Row] = {}
    for line in filter(None, TABLE.splitlines()):
        method, address, guard, answers, *special = line.split()
        row = Row(method, address, TAKING_PART if guard == "TAKING_PART" else guard, _answers(answers), {})
        for exception in special:
            people, _, met = exception.partition("=")
            row.special.update(dict.fromkeys(people.split(","), _answers(met)))
        if (method, address) in found:
            raise ValueError(f"{method} {address} stands twice")
        found[method, address] = row
    return found


def _answers(text: str) -> dict[str, str]:
    words = text.split("/")
    if len(words) == 1:
        return {"none": words[0]}
    return {which: word for which, word in zip(("own", "other", "absent"), words, strict=True) if word != "-"}
