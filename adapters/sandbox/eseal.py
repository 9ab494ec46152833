"""The simulated e-seal platform: seals of its own authority put on PDFs by coordinate, keyword or across the edges."""

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any

from adapters.sandbox import eseal_press
from adapters.sandbox.eseal_press import Refused, Seal
from adapters.sandbox.faulty import FaultyHandler

FRESH_SECONDS = 300
LARGEST = 96 << 20
OTHER_CERTIFICATE, OTHER_DOCUMENT, CHANGED_PAGE, LOST_SEAL = (
    "other-certificate", "other-document", "changed-page", "lost-seal"
)  # fmt: skip


class SealHandler(FaultyHandler):
    """What every call shares: who signs it, and the answers' form."""

    system = "seal"

    async def prepare(self) -> None:
        await super().prepare()
        if self._finished or (refusal := self._sender_refused()) is None:
            return
        await self.finish(refusal)

    def _sender_refused(self) -> dict[str, Any] | None:
        head, s = self.request.headers, self.state.settings
        moment, nonce = head.get("x-tif-timestamp", ""), head.get("x-tif-nonce", "")
        right = hashlib.sha256(f"{moment}{s.seal_app_key.get_secret_value()}{nonce}{moment}".encode()).hexdigest()
        known = head.get("x-tif-paasid") == s.seal_app_id
        if not known or not hmac.compare_digest(right, head.get("x-tif-signature", "").lower()):
            return said("2001", "签名错误")
        age = abs(self.now().timestamp() - int(moment)) if moment.isdigit() else FRESH_SECONDS + 1
        if age > FRESH_SECONDS or not nonce or nonce in self.state.nonces:
            return said("2002", "时间戳或随机数无效")
        self.state.nonces.add(nonce)
        return None

    def own_seal(self) -> Seal:
        return eseal_press.own_seal(self.state.settings)


class Seals(SealHandler):
    """GET /eseal/seals"""

    async def get(self) -> None:
        seal = self.own_seal()
        certificate = base64.b64encode(seal.certificate).decode()
        offer = {"seal_id": self.state.settings.seal_id, "name": seal.name, "certificate": certificate}
        await self.answer(said("0", "成功", seals=[offer]))


class Documents(SealHandler):
    """GET and POST /eseal/documents"""

    async def get(self) -> None:
        held = self.state.documents.get(self.text("biz_no"))
        await self.answer(said("0", "成功", documents=[shown(held)] if held else []))

    async def post(self) -> None:
        try:
            order = json.loads(base64.b64decode(self.request.headers["x-seal-order"]))
            document = await self._sealed(order, self.request.body)
        except Refused as refusal:
            await self.answer(said(refusal.code, refusal.words))
            return
        except (KeyError, ValueError, TypeError):
            await self.answer(said("3001", "请求无法识别"))
            return
        if self.fault == LOST_SEAL:
            await self._drop()
            return
        await self.answer(said("0", "成功", document=shown(document)))

    async def _sealed(self, order: dict[str, Any], source: bytes) -> dict[str, Any]:
        """One seal a business number, however often and however many at once ask for it."""
        number, sha256 = order["biz_no"], hashlib.sha256(source).hexdigest()
        if sha256 != order["sha256"] or len(source) > LARGEST:
            raise Refused("3001", "文件摘要不符或过大")
        if order["seal_id"] != self.state.settings.seal_id:
            raise Refused("2003", "没有这枚印章")
        async with self.state.presses.setdefault(number, asyncio.Lock()):
            held = self.state.documents.get(number)
            if held is None:
                held = await self._pressed(order, source, sha256)
            elif held["source_sha256"] != sha256:
                raise Refused("3004", "同一业务编号已签署另一份文件")
            else:
                self.state.record("seal", number)
        return held

    async def _pressed(self, order: dict[str, Any], source: bytes, sha256: str) -> dict[str, Any]:
        seal, number = self.own_seal(), order["biz_no"]
        run = asyncio.get_running_loop().run_in_executor
        pdf = await run(None, eseal_press.press, source, seal, order["positions"], order["reason"], self.now())
        row = self.state.record(
            "seal", number, seal_id=order["seal_id"], text=order["reason"], sha256=hashlib.sha256(pdf).hexdigest()
        )
        held = {"doc_id": row["number"], "biz_no": number, "source_sha256": sha256, "pdf": pdf, "source": source}
        self.state.documents[number] = held | {"order": order, "sha256": row["sha256"]}
        return self.state.documents[number]


class DocumentFile(SealHandler):
    """GET /eseal/documents/{doc_id}/file"""

    async def get(self, doc_id: str) -> None:
        held = next((each for each in self.state.documents.values() if each["doc_id"] == doc_id), None)
        if held is None:
            await self.answer(said("3001", "没有这份文件"))
            return
        await self.answer(await self._file(held), "application/pdf")

    async def _file(self, held: dict[str, Any]) -> bytes:
        """The sealed file, or as switched one that looks like it."""
        seal, source = self.own_seal(), held["source"]
        if self.fault == OTHER_CERTIFICATE:
            seal = eseal_press.other_seal(self.state.settings)
        elif self.fault == OTHER_DOCUMENT:
            source = eseal_press.other_document()
        elif self.fault == CHANGED_PAGE:
            source = eseal_press.changed_page(source)
        else:
            return bytes(held["pdf"])
        order, run = held["order"], asyncio.get_running_loop().run_in_executor
        return await run(None, eseal_press.press, source, seal, order["positions"], order["reason"], self.now())


def said(code: str, words: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "msg": words, **more}


def shown(held: dict[str, Any]) -> dict[str, Any]:
    """A document as the platform tells of it, without the file."""
    return {name: held[name] for name in ("doc_id", "biz_no", "source_sha256", "sha256")} | {"status": "sealed"}


ROUTES = [
    (r"/eseal/seals", Seals),
    (r"/eseal/documents", Documents),
    (r"/eseal/documents/([A-Za-z0-9-]+)/file", DocumentFile),
]
