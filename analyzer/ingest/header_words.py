"""Header words: what columns are called, in English, Russian, Uzbek and in Chinese systems."""

from __future__ import annotations

import unicodedata

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


def header_word(text: str) -> str:
    """Reduce a column name to its letters and digits, without case.

    Examples
    --------
    >>> header_word("Plate_Number "), header_word("Гос. номер")
    ('platenumber', 'госномер')
    >>> header_word("Yoʻnalish") == header_word("yo'nalish")
    True
    """
    text = unicodedata.normalize("NFC", text).casefold().replace("ё", "е")
    # The marks of Uzbek letters (oʻ, gʻ, ʼ) count as letters and are typed in many ways.
    return "".join(c for c in text if c.isalnum() and c not in "ʻʼʽ`")
