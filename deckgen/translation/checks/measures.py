"""Units of measurement behind numbers, so that 20 ms is not 20 s and 1000 m is 1 km; a table of what chapters use."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A unit as a multiple, ``factor``, of the basic one of its ``kind``."""

    kind: str
    factor: float
    name: str = ""
    """As it is written."""


def measure_at(text: str, end: int, number: str) -> Measure | None:
    """The unit that stands in ``text`` behind a number, ``number`` as written, that ends at ``end``."""
    found = _UNIT.match(text, end)
    if found is None:
        return None
    name = found["name"]
    if name == "s" and found.start("name") == end and number.endswith("0"):
        return None  # the 1990s
    measure = _MEASURES.get(name) or _MEASURES.get(name.lower().rstrip("s")) or _MEASURES.get(name.lower())
    return measure and replace(measure, name=name)


_NAMES = {
    "time": {
        1e-9: "ns 纳秒 nanosecond ナノ秒",
        1e-6: "us μs µs 微秒 microsecond マイクロ秒",
        1e-3: "ms 毫秒 millisecond ミリ秒",
        1.0: "s sec 秒钟 秒 second",
        60.0: "min mins 分钟 minute 分間",
        3600.0: "h hr hrs 小时 hour 時間",
        86_400.0: "天 day 日間",
        604_800.0: "周 星期 week 週間",
    },
    "length": {
        1e-9: "nm 纳米 nanometer nanometre ナノメートル",
        1e-6: "μm µm 微米 micrometer micrometre micron マイクロメートル",
        1e-3: "mm 毫米 millimeter millimetre ミリメートル",
        1e-2: "cm 厘米 公分 centimeter centimetre センチメートル センチ",
        1.0: "m 米 meter metre メートル",
        1e3: "km 千米 公里 kilometer kilometre キロメートル",
    },
    "mass": {
        1e-3: "mg 毫克 milligram ミリグラム",
        1.0: "g 克 gram グラム",
        1e3: "kg 千克 公斤 kilogram キログラム",
        1e6: "吨 ton tonne トン",
    },
    "frequency": {
        1.0: "Hz 赫兹 hertz ヘルツ",
        1e3: "kHz 千赫 kilohertz キロヘルツ",
        1e6: "MHz 兆赫 megahertz メガヘルツ",
        1e9: "GHz 吉赫 gigahertz ギガヘルツ",
    },
    "power": {1.0: "W 瓦特 瓦 watt ワット", 1e3: "kW 千瓦 kilowatt キロワット", 1e6: "MW 兆瓦 megawatt メガワット"},
    "memory": {
        1e3: "KB kB kilobyte 千字节 キロバイト",
        1e6: "MB megabyte 兆字节 メガバイト",
        1e9: "GB gigabyte 吉字节 ギガバイト",
        1e12: "TB terabyte 太字节 テラバイト",
        2.0**10: "KiB",
        2.0**20: "MiB",
        2.0**30: "GiB",
        2.0**40: "TiB",
    },
    "rate": {1e3: "kbps Kbps", 1e6: "Mbps", 1e9: "Gbps"},
    "operations": {1e6: "MFLOPS MFLOPs", 1e9: "GFLOPS GFLOPs", 1e12: "TFLOPS TFLOPs", 1e15: "PFLOPS PFLOPs"},
}
_MEASURES = {
    name: Measure(kind=kind, factor=factor)
    for kind, factors in _NAMES.items()
    for factor, names in factors.items()
    for name in names.split()
}
_WORDS = [name for name in _MEASURES if name.isascii() and name.islower() and len(name) > 3]
_SIGNS = [name for name in _MEASURES if name not in _WORDS and (name.isascii() or name[0] in "μµ")]
_OTHERS = sorted({*_MEASURES} - {*_WORDS} - {*_SIGNS}, key=lambda name: (-len(name), name))
_UNIT = re.compile(
    rf"[\s-]{{0,2}}(?P<name>(?i:{'|'.join(_WORDS)})(?i:e?s)?(?![A-Za-z])|(?:{'|'.join(_SIGNS)})(?![A-Za-z0-9/²³])"
    rf"|(?:{'|'.join(_OTHERS)})(?!ドル|[国粒饭服隆制气然空花线年期围边末岁]))"
)
"""Signs in their own case, for M is a million and m a metre; words in any; 米国, 克服 and 周年 are other words."""


def is_unit(name: str) -> bool:
    """Whether ``name`` is the sign of a unit."""
    return name in _MEASURES
