"""Profiles: what the columns of an export mean, by its vendor's header or by known header words.

A profile is recognised with certainty or not at all. It maps header words to roles and settles
what its vendor fixes (the order of day and month, readers that move). The generic profile knows
header words in English, Russian, Uzbek and of the Chinese systems; what it does not know, the user
says with ``--column``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analyzer.errors import InputError, UsageError
from analyzer.ingest.times import DAY_FIRST, MONTH_FIRST
from analyzer.schema import OPTIONAL

ROLES = ("plate", "camera", "seen_at", "lat", "lon", *OPTIONAL)

Words = tuple[tuple[str, ...], ...]
"""Header words of a role in tiers: a later tier counts only when no earlier one is there."""


def _tiers(*tiers: str) -> Words:
    return tuple(tuple(tier.split()) for tier in tiers)


HEADER_WORDS: dict[str, Words] = {
    "plate": _tiers(
        "plate platenumber plateno platenum platetext platestring licenseplate licenceplate "
        "licenseplatenumber licenceplatenumber licensenumber numberplate lp lpn lpr vrm vrn "
        "registration registrationnumber registrationplate regno regnumber regplate "
        "bestplatenumber hphm cphm номер госномер грз регномер регзнак номертс номеравто "
        "номерзнака номерномерногознака регистрационныйномер регистрационныйзнак "
        "государственныйномер "
        "davlatraqami davlatraqam avtoraqam avtoraqami avtomobilraqami raqam raqami gosnomer "
        "давлатрақами давлатраками рақам рақами автомобильрақами 车牌 车牌号 车牌号码 号牌号码",
        "platehash hashedplate platepseudonym vehiclehash vehicleid pseudonym",
        "vehicle",
    ),
    "camera": _tiers(
        "camera cameraid cameracode camerano cameranumber cam camid kkbh камера idкамеры кодкамеры "
        "номеркамеры kamera kameraid kamerakodi kameraraqami камераид 卡口编号",
        "cameraname camname kkmc названиекамеры имякамеры kameranomi 卡口名称",
        "reader readerid readername readercode gantry gantryid gantrycode device deviceid "
        "devicename devicecode devicesn sbbh sensor sensorid detector detectorid "
        "observedby sourcename устройство датчик рубеж qurilma қурилма",
        "site siteid sitename sitecode location locationid checkpoint station пост место "
        "местоположение joy жой",
    ),
    "seen_at": _tiers(
        "seenat timestamp datetime dt readtime readat readdatetime captured capturedat capturetime "
        "passtime passagetime detectedat detectiontime detectiontimestamp eventtime eventdatetime "
        "recordedat observedat dateobserved observationtime scantime jgsj gcsj датаивремя "
        "датавремя времяпроезда времяфиксации времясобытия датафиксации sanavavaqt vaqti "
        "otganvaqti санававақт 经过时间 过车时间",
    ),
    "lat": _tiers("lat latitude gpslatitude gpslat latitudey широта kenglik кенглик wd 纬度"),
    "lon": _tiers(
        "lon lng long longitude gpslongitude gpslon gpslng longitudex долгота uzunlik узунлик jd "
        "经度"
    ),
    "direction": _tiers(
        "direction traveldirection drivingdirection направление yonalish yonalishi йўналиш xsfx",
        "dir heading bearing",
    ),
    "confidence": _tiers(
        "confidence confidencescore confidencelevel bestconfidence plateconfidence достоверность "
        "уверенность ishonchlilik ишончлилик",
        "conf score ocrscore",
    ),
    "make": _tiers("make vehiclemake carmake brand vehiclebrand manufacturer марка marka clpp"),
    "model": _tiers("model vehiclemodel carmodel модель modeli modelnomi"),
    "color": _tiers(
        "color colour vehiclecolor vehiclecolour carcolor carcolour цвет rang rangi ранг ранги csys"
    ),
    "body_type": _tiers(
        "bodytype body vehicletype cartype vehicleclass кузов типкузова типтс kuzov kuzovturi cllx",
    ),
    "seat_belt": _tiers(
        "seatbelt safebelt seatbelts belt ремень ременьбезопасности kamar "
        "xavfsizlikkamari хавфсизликкамари"
    ),
    "driver_appearance": _tiers(
        "driverappearance driver водитель внешностьводителя haydovchi ҳайдовчи"
    ),
}

DATE_WORDS = frozenset(["date", "дата", "sana", "сана", "utcdate", "readdate", "localdate"])
TIME_WORDS = frozenset(["time", "время", "vaqt", "вақт", "hour", "timeofday", "utctime", "t", "ts"])
KNOWN_WORDS = (
    {word for tiers in HEADER_WORDS.values() for tier in tiers for word in tier}
    | DATE_WORDS
    | TIME_WORDS
)


@dataclass(frozen=True)
class Profile:
    """What is known about one kind of export.

    Attributes
    ----------
    name, title : str
        What the user types, and what is shown.
    signature : frozenset of str
        Header words that together are its mark; empty for a profile that is only chosen by name.
    columns : mapping of str to str
        Role by header word.
    order : str or None
        `DAY_FIRST` or `MONTH_FIRST`, where the vendor fixes it.
    moving : bool
        Whether its readers move.
    facts : str
        What it settles, in words.
    """

    name: str
    title: str
    signature: frozenset[str] = frozenset()
    columns: Mapping[str, str] = field(default_factory=dict)
    order: str | None = None
    moving: bool = False
    facts: str = ""


GENERIC = Profile("generic", "known header words", facts="nothing beyond the header words")
PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        GENERIC,
        Profile(DAY_FIRST, "known header words", order=DAY_FIRST, facts="the day comes first"),
        Profile(
            MONTH_FIRST, "known header words", order=MONTH_FIRST, facts="the month comes first"
        ),
        Profile(
            "seattle",
            "Seattle Police Department reads (UWCHR)",
            signature=frozenset(
                ("zipcode", "dt", "location", "address", "device", "platehash", "lon", "lat")
            ),
            columns={
                "platehash": "plate",
                "device": "camera",
                "dt": "seen_at",
                "lat": "lat",
                "lon": "lon",
            },
            order=MONTH_FIRST,
            moving=True,
            facts="the month comes first, the readers are moving patrol cars, plates are "
            "pseudonyms already; the time zone is not in the file",
        ),
    )
}


def header_word(text: str) -> str:
    """Reduce a column name to its letters and digits, without case.

    Examples
    --------
    >>> header_word("Plate_Number "), header_word("Гос. номер")
    ('platenumber', 'госномер')
    """
    return "".join(c for c in text.casefold() if c.isalnum())


def choose_profile(header: Sequence[str], name: str = "auto") -> tuple[Profile, str]:
    """Choose the profile of an export.

    Returns
    -------
    profile : Profile
    reason : str
        What it was chosen for.

    Raises
    ------
    UsageError
        If there is no profile of that name.
    InputError
        If the named profile does not fit the header.

    Examples
    --------
    >>> choose_profile(["Plate", "Camera", "Time"])[1]
    'no vendor recognised by the header; columns found by known header words'
    """
    words = {header_word(column) for column in header}
    if name == "auto":
        for profile in PROFILES.values():
            if profile.signature and profile.signature <= words:
                return profile, f"recognised by its header: {profile.title}; {profile.facts}"
        return GENERIC, "no vendor recognised by the header; columns found by known header words"
    if name not in PROFILES:
        raise UsageError(f"there is no profile {name!r}; known are: auto, {', '.join(PROFILES)}")
    profile = PROFILES[name]
    missing = sorted(profile.signature - words)
    if missing:
        raise InputError(
            f"the profile {name!r} does not fit: the header lacks {', '.join(missing)}; "
            "leave --profile out, and the header decides"
        )
    return profile, f"chosen by the user: {profile.title}; {profile.facts}"
