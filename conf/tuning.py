"""Settings that may be changed while the service runs: which, within what bounds, and their value now.

Called wherever such a setting is used, as `tuned(settings).review_days`; changed through flows/tuning with two people.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conf.live import live

if TYPE_CHECKING:
    from conf.settings import Settings


@dataclass(frozen=True, slots=True)
class Tunable:
    """One of them: name, what it is called on pages, unit, least and most."""

    name: str
    label: str
    unit: str
    least: int
    most: int


TUNABLES = (
    Tunable("copy_valid_days", "复制件核验有效期", "天", 1, 3650),
    Tunable("copy_download_days", "复制件可下载时间", "天", 1, 90),
    Tunable("review_days", "人工审核承诺时限", "个工作日", 1, 30),
    Tunable("lawyer_grant_days", "律师查阅许可期限", "天", 1, 365),
    Tunable("search_per_minute", "每个地址每分钟查询次数", "次", 10, 6000),
    Tunable("order_per_hour", "每个账号每小时申请次数", "次", 1, 1000),
    Tunable("rating_default_days", "多少天未评价计为默认好评（0 为不计）", "天", 0, 365),
)
BY_NAME = {each.name: each for each in TUNABLES}


def tuned(settings: "Settings") -> "Settings":
    """The settings with what was approved since the start; the same object when nothing was."""
    changed = {name: value for name, value in live().settings.items() if name in BY_NAME}
    return settings.model_copy(update=changed) if changed else settings
