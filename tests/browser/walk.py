"""The steps of the journey as a person takes them; each works with and without script."""

import re
import time
from pathlib import Path

from playwright.sync_api import Download, Page, expect

from tests.trial import TrialSet

COMPANY = "广州澈穹砺软件有限公司"
HEAD = "沈砚澈"  # its legal representative, a sample person


def find_company(page: Page, query: str = "澈穹砺", *, script: bool = True) -> None:
    page.goto("/")
    field = page.get_by_role("searchbox")
    if script:
        field.press_sequentially(query, delay=20)
    else:
        field.fill(query)
        page.get_by_role("button", name="查询").click()
    hits = page.locator("#results .eq-hit__name a")
    expect(hits.first).to_be_visible()
    page.get_by_role("link", name=re.compile(COMPANY[2:5])).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(COMPANY)


def sign_in(page: Page, who: str = HEAD) -> None:
    """On the platform's own page: choose the person and come back."""
    page.get_by_role("button", name=f"以{who}的身份登录").click()
    page.wait_for_url(lambda url: "/tyrz/" not in url)


def open_dossier(page: Page, who: str = HEAD) -> None:
    page.get_by_role("link", name="查看影像档案").click()
    sign_in(page, who)
    expect(page.get_by_role("heading", level=1)).to_contain_text("档案")


def image_is_there(page: Page) -> bool:
    """The page image arrived and is a real picture."""
    image = page.locator(".eq-viewer__image")
    expect(image).to_be_visible()
    for _ in range(100):
        box = image.bounding_box()
        if box and box["height"] > 200:
            return True
        time.sleep(0.05)
    return False


def touch_beside_a_box(page: Page) -> None:
    """A finger that misses the drawn box by a centimetre still ticks it: the target is 96 px, the box 48."""
    for box in (page.locator("input[name=document]").first, page.locator("input[name=filing]").first):
        for down, ticked in ((44, True), (-44, False)):
            box.evaluate("box => box.scrollIntoView({block: 'center', behavior: 'instant'})")
            place = box.bounding_box()
            assert place
            page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2 + down)
            expect(box).to_be_checked(checked=ticked)


def choose_papers(page: Page, count: int = 2) -> None:
    boxes = page.locator("input[name=document]")
    for number in range(count):
        boxes.nth(number).check()
    page.get_by_role("button", name="申请复制件").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("申请")


def place_order(page: Page) -> str:
    """Fill the form in and submit it; returns the order number."""
    page.get_by_role("radio", name=re.compile("办理本企业事务")).check()
    page.get_by_role("checkbox", name=re.compile("我已阅读并同意")).check()
    page.get_by_role("button", name="提交申请").click()
    page.wait_for_url(re.compile(r"/orders/TH\d{8}-"))
    return page.url.rsplit("/", 1)[1]


def wait_for_copy(page: Page, *, script: bool = True, seconds: float = 60, named: str = "下载复制件") -> None:
    """Until the status block shows the copy's link; with script it refreshes itself."""
    link = page.get_by_role("link", name=re.compile(named))
    if script:
        expect(link).to_be_visible(timeout=seconds * 1000)
        return
    deadline = time.monotonic() + seconds
    while not link.is_visible() and time.monotonic() < deadline:
        page.get_by_role("link", name="刷新").click()
        time.sleep(0.5)
    expect(link).to_be_visible()


def wait_for_print(page: Page, *, script: bool = True) -> None:
    """As `wait_for_copy`, at a kiosk: it prints and keeps no file."""
    wait_for_copy(page, script=script, named="打印复制件")


def printed(page: Page, number: str, folder: Path) -> Path:
    """The file that a kiosk's print page shows in its frame."""
    page.get_by_role("link", name="打印复制件").click()
    expect(page.locator("iframe")).to_be_visible()
    path = folder / "copy.pdf"
    path.write_bytes(page.request.get(f"/orders/{number}/print/copy").body())
    assert path.read_bytes().startswith(b"%PDF")
    return path


def download(page: Page, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("link", name=re.compile("下载复制件")).click()
    got: Download = waiting.value
    path = folder / "copy.pdf"
    got.save_as(path)
    assert path.read_bytes().startswith(b"%PDF")
    return path


def rate(page: Page) -> None:
    page.get_by_role("radio", name=re.compile("^非常满意")).check()
    page.get_by_role("button", name="提交评价").click()
    expect(page.get_by_text("感谢您的评价")).to_be_visible()


def verification_code(path: Path) -> str:
    """The code as it stands printed on the certificate sheet."""
    import subprocess

    text = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"验证码\s*[：:]?\s*((?:[0-9A-Z]{4}[ -]?){5})", text)
    assert found, text[:2000]
    return found.group(1)


def verify_by_code(page: Page, code: str) -> None:
    page.goto("/verify")
    page.get_by_label("验证码", exact=True).fill(code)
    page.get_by_role("button", name="核验", exact=True).click()


def verify_by_file(page: Page, path: Path) -> None:
    page.goto("/verify")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="上传核验").click()


def enrol_kiosk(page: Page, trial: TrialSet, name: str) -> None:
    """Make this browser a registered terminal."""
    said = trial.command("create-terminal", "--id", name, "--name", "一号机", "--location", "样例大厅")
    page.goto("/kiosk/enrol")
    page.get_by_label("终端密钥").fill(said.strip().splitlines()[-1])
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_text("这台机器已登记")).to_be_visible()
