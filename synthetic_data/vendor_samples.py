"""Write a small sample of each vendor's export, from invented values, with the traps of each.

Nothing here is copied from a vendor: the fields are those that public documentation names, the
plates, places and times are made by arithmetic. Every sample tells how many rows it holds and what
must become of them, so that the reader can be held to it.

    python synthetic_data/vendor_samples.py OUT
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

START = 1_772_334_000
"""2026-03-01 03:00:00 UTC, 08:00 in Tashkent."""
ZONE_SECONDS = 5 * 3600


@dataclass(frozen=True)
class Sample:
    """One export and the truth about it.

    Attributes
    ----------
    name : str
        File name.
    profile : str
        The profile that must be recognised.
    content : bytes
        The file.
    read, kept : int
        Rows in it, and rows that must stand in the store.
    rejected, merged : dict
        Rows by reason.
    first : int
        Time of the first sighting, in seconds since 1970.
    options : dict
        What the reader has to be told.
    beside : dict
        Files that lie beside it.
    """

    name: str
    profile: str
    content: bytes
    read: int
    kept: int
    rejected: dict[str, int] = field(default_factory=dict)
    merged: dict[str, int] = field(default_factory=dict)
    first: int = START
    options: dict[str, object] = field(default_factory=dict)
    beside: dict[str, bytes] = field(default_factory=dict)


def plate(number: int) -> str:
    """Invent a plate."""
    return f"{1 + number % 9:02d}{'ABCDEFGH'[number % 8]}{100 + 37 * number % 900:03d}QZ"


def iso(seconds: float, *, zone: str = "Z") -> str:
    """Write an instant as ISO 8601; with another zone as the clock on the wall there."""
    import datetime

    shift = ZONE_SECONDS if zone != "Z" else 0
    text = (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds + shift)).isoformat()
    return text + zone


def wall(seconds: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Write an instant as the clock on the wall in Tashkent shows it."""
    import datetime

    there = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds + ZONE_SECONDS)
    return there.strftime(form)


def _csv(rows: list[list[object]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _lines(records: list[object]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def plate_recognizer() -> Sample:
    """Cells hold Python texts, one of them hostile; the camera is in the path of the picture."""
    columns = (
        "timestamp,plate,score,dscore,file,box,model_make,color,vehicle,region,orientation,"
        "candidates,source_url,position_sec,direction"
    )
    rows: list[list[object]] = [list(columns.split(","))]
    for i in range(6):
        camera = f"gate-{i % 2}_screenshots/26-03-01/{i}.jpg" if i < 5 else "upload.jpg"
        model = "[{'make': 'Chevrolet', 'model': 'Cobalt', 'score': 0.4}]"
        if i == 3:
            model = "__import__('os').system('false')"
        rows.append([
            iso(START + 60 * i).replace("T", " ").rstrip("Z"), plate(i).lower(), 0.9, 0.8, camera,
            "{'xmin': 1, 'ymin': 2, 'xmax': 3, 'ymax': 4}", model,
            "[{'color': 'white', 'score': 0.7}]", "{'type': 'Sedan', 'score': 0.8}",
            "{'code': 'uz', 'score': 0.9}", "Front", "[{'plate': 'x', 'score': 0.1}]", "", "", "",
        ])  # fmt: skip
    return Sample("plate_recognizer.csv", "plate-recognizer", _csv(rows).encode(), 6, 5,
                  {"camera_missing": 1})  # fmt: skip


def plate_recognizer_webhook() -> Sample:
    """One record holds a list of plates, in lower case; one holds none."""
    records = []
    for i in range(4):
        found = [{"plate": plate(10 * i + j).lower(), "region": {"code": "uz"}, "score": 0.9,
                  "dscore": 0.8, "candidates": [{"plate": "x", "score": 0.1}],
                  "vehicle": {"type": "Sedan", "score": 0.7}, "direction": 90}
                 for j in range(i)]  # fmt: skip
        records.append({
            "hook": {"target": "t", "id": "h", "event": "recognition", "filename": f"{i}.jpg"},
            "data": {"camera_id": f"gate-{i % 2}", "filename": f"{i}.jpg",
                     "timestamp": iso(START + 60 * i), "timestamp_local": iso(START + 60 * i,
                     zone="+05:00"), "results": found},
        })  # fmt: skip
    return Sample("webhook.jsonl", "plate-recognizer-webhook", _lines(records), 7, 6,
                  {"event_without_sighting": 1}, first=START + 60)  # fmt: skip


def openalpr() -> Sample:
    """Epochs in milliseconds; several frames of one passing."""
    records: list[object] = []
    for i in range(5):
        # Three frames of the first vehicle, ten seconds apart, then others.
        who, at = (0, 10 * i) if i < 3 else (i, 600 * i)
        records.append({
            "data_type": "alpr_results", "epoch_time": (START + at) * 1000 + 250, "camera_id": 7,
            "site_id": "north", "processing_time_ms": 12.5,
            "results": [{"plate": plate(who), "confidence": 91.5,
                         "candidates": [{"plate": plate(who), "confidence": 91.5}]}],
        })  # fmt: skip
    records.append({"data_type": "heartbeat", "epoch_time": START * 1000})
    return Sample("openalpr.jsonl", "openalpr", _lines(records), 6, 3,
                  {"other_kind_of_event": 1}, {"repeat_frame": 2})  # fmt: skip


def rekor() -> Sample:
    """A group is one passing; its frames stand beside it; one group is sent twice."""
    records: list[object] = []
    for i in range(4):
        group = {
            "data_type": "alpr_group", "epoch_start": (START + 600 * i) * 1000,
            "epoch_end": (START + 600 * i + 45) * 1000, "agent_uid": "agent", "camera_id": 100 + i,
            "gps_latitude": 41.3 + i / 100, "gps_longitude": 69.2, "best_plate_number": plate(i),
            "best_confidence": 93.1, "best_region": "uz", "best_uuid": f"u-{i}",
            "travel_direction": 87.5, "candidates": [{"plate": plate(i), "confidence": 93.1}],
            "vehicle": {"color": [{"name": "silver", "confidence": 80}],
                        "make": [{"name": "chevrolet", "confidence": 70}]},
        }  # fmt: skip
        frame = {"data_type": "alpr_results", "epoch_time": (START + 600 * i) * 1000,
                 "camera_id": 100 + i, "results": [{"plate": plate(i), "confidence": 80}]}
        records += [frame, group] + ([group] if i == 0 else [])
    return Sample("rekor.jsonl", "rekor", _lines(records), 9, 4,
                  {"other_kind_of_event": 4}, {"exact_repeat": 1})  # fmt: skip


def frigate() -> Sample:
    """Updates repeat an id; the plate comes late; a known plate stands in sub_label."""
    records: list[object] = []

    def update(kind: str, number: int, text: object, label: object = None) -> None:
        state = {"id": f"{START + number}.5-abc{number}", "camera": f"yard{number % 2}",
                 "label": "car", "sub_label": label, "start_time": START + 600 * number + 0.25,
                 "end_time": None, "recognized_license_plate": text,
                 "recognized_license_plate_score": 0.91}  # fmt: skip
        records.append({"type": kind, "before": state, "after": state})

    for number in range(3):
        update("new", number, None)
        update("update", number, plate(number))
        update("end", number, plate(number))
    update("new", 3, None)
    update("end", 3, None, [plate(3), 0.8])
    update("new", 4, None)
    update("end", 4, None, "parcel van")
    update("new", 5, plate(5))
    return Sample("frigate.jsonl", "frigate", _lines(records), 14, 5,
                  {"plate_missing": 1}, {"repeated_update": 8})  # fmt: skip


def hikvision(namespace: str = "http://www.hikvision.com/ver20/XMLSchema") -> Sample:
    """Alerts one after the other, each with its own declaration; positions of zero."""
    alerts = []
    for i in range(4):
        gps = "0", "0", "0.000000"
        other = i == 3
        anpr = (
            f"<ANPR><country>46</country><licensePlate>{plate(i)}</licensePlate>"
            f"<confidenceLevel>{90 + i}</confidenceLevel><direction>forward</direction>"
            "<vehicelRect><X>1</X></vehicelRect><vehicleInfo><color>white</color></vehicleInfo>"
            "<pictureInfoList>"
            + "".join("<pictureInfo><absTime>20260301080000471</absTime></pictureInfo>" * 2)
            + f"</pictureInfoList><originalLicensePlate>{plate(i)}</originalLicensePlate></ANPR>"
        )
        place = "".join(
            f"<{axis}><degree>{gps[0]}</degree><minute>{gps[1]}</minute><sec>{gps[2]}</sec></{axis}>"
            for axis in ("Longitude", "Latitude")
        )
        alerts.append(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<EventNotificationAlert version="2.0" xmlns="{namespace}">\n'
            f"<ipAddress>192.0.2.{i}</ipAddress><channelID>1</channelID>\n"
            f"<dateTime>{iso(START + 60 * i, zone='+05:00')}</dateTime>\n"
            f"<eventType>{'VMD' if other else 'ANPR'}</eventType>\n"
            f"<channelName>gate {i % 2}</channelName>\n{'' if other else anpr}\n"
            f"<UUID>u{i}</UUID><deviceUUID>d</deviceUUID>\n"
            "<DeviceGPSInfo><longitudeType>E</longitudeType><latitudeType>N</latitudeType>"
            f"{place}</DeviceGPSInfo>\n</EventNotificationAlert>\n"
        )
    short = "isapi" if "std-cgi" in namespace or "isapi" in namespace else "ver20"
    return Sample(f"hikvision_{short}.xml", "hikvision", "".join(alerts).encode(), 4, 3,
                  {"other_kind_of_event": 1})  # fmt: skip


def _dahua_events(real_utc: bool) -> list[dict[str, object]]:
    events = []
    texts = [plate(0), plate(1), "--", "unlicensed", "А123ВС"]
    for i, text in enumerate(texts):
        data: dict[str, object] = {
            "LocaleTime": wall(START + 60 * i), "UTC": START + 60 * i + ZONE_SECONDS, "UTCMS": 125,
            "Lane": 1, "TrafficCar": {
                "PlateNumber": text, "VehicleColor": "White", "PlateColor": "White",
                "MachineName": f"post {i % 2}", "DrivingDirection": ["Approach", "", ""]},
            "CommInfo": {"GPSInfo": {"Latitude": 0.0, "Longitude": 0.0},
                         "Seat": [{"Type": "Main", "SafeBelt": "Unknow" if i else "WithSafeBelt"}]},
        }  # fmt: skip
        if real_utc:
            data["RealUTC"] = START + 60 * i
        events.append(data)
    return events


def dahua_json() -> Sample:
    """The field UTC is five hours off, and RealUTC tells; no time zone is needed."""
    records: list[object] = [{"Code": "TrafficJunction", "Action": "Pulse", "Data": data}
                             for data in _dahua_events(True)]  # fmt: skip
    records.append({"Code": "VideoMotion", "Action": "Start"})
    return Sample("dahua.jsonl", "dahua", _lines(records), 6, 3,
                  {"plate_missing": 2, "other_kind_of_event": 1})  # fmt: skip


def dahua_text() -> Sample:
    """The same events as a log of the device, without RealUTC: the wall clock needs a zone."""
    parts = [
        "--myboundary\r\nContent-Type: text/plain\r\n\r\n"
        f"Code=TrafficJunction;action=Pulse;index=0;data={json.dumps(data, indent=3)}\r\n\r\n"
        for data in _dahua_events(False)
    ]
    return Sample("dahua.txt", "dahua", "".join(parts).encode(), 5, 3, {"plate_missing": 2},
                  options={"timezone": "Asia/Tashkent"})  # fmt: skip


def dahua_keys() -> Sample:
    """The same events as one key and value a line, as the event manager's stream has them."""
    def lines(value: object, path: str) -> list[str]:
        if isinstance(value, dict):
            return [line for key, below in value.items() for line in lines(below, f"{path}.{key}")]
        if isinstance(value, list):
            return [line for i, below in enumerate(value) for line in lines(below, f"{path}[{i}]")]
        return [f"{path}={value}"]

    parts = [
        "--myboundary\r\nContent-Type: text/plain\r\nContent-Length: 99\r\n\r\n"
        + "\r\n".join([
            "Events[0].EventBaseInfo.Code=TrafficJunction", "Events[0].EventBaseInfo.Action=Pulse",
            *lines(data, "Events[0]"), "", "",
        ])
        for data in _dahua_events(True)
    ]  # fmt: skip
    other = "--myboundary\r\n\r\nEvents[0].EventBaseInfo.Code=VideoMotion\r\n\r\nHeartbeat\r\n"
    return Sample("dahua_keys.txt", "dahua", ("".join(parts) + other).encode(), 6, 3,
                  {"plate_missing": 2, "other_kind_of_event": 1})  # fmt: skip


def genetec() -> Sample:
    """Dates with colons, the time in a second field."""
    reads = "".join(
        f"<Read><Plate>{plate(i)}</Plate><State>UZ</State>"
        f"<UTCDate>{iso(START + 60 * i)[:10].replace('-', ':')}</UTCDate>"
        f"<UTCTime>{iso(START + 60 * i)[11:19]}</UTCTime><CameraName>north {i % 2}</CameraName>"
        f"<SourceName>car 1</SourceName><LongitudeX>{69.2 + i % 2 / 100}</LongitudeX>"
        f"<LatitudeY>41.3</LatitudeY><Guid>g{i}</Guid><ConfidenceScore>88</ConfidenceScore></Read>"
        for i in range(4)
    )
    text = f'<?xml version="1.0" encoding="utf-8"?><Reads>{reads}</Reads>'
    return Sample("genetec.xml", "genetec", text.encode(), 4, 4)


def lilin() -> Sample:
    """Epochs in microseconds; the reader does not name itself."""
    rows: list[list[object]] = [["INDEX", "TS", "MOD_TS", "CAR_ID", "LPR", "ACTION", "THRESHOLD",
                                 "COUNTRY"]]  # fmt: skip
    for i in range(4):
        micros = (START + 60 * i) * 1_000_000 + 123_456
        rows.append([i, micros, micros, i, plate(i), "pass", 80, "UZ"])
    return Sample("lilin.csv", "lilin", _csv(rows).encode(), 4, 4,
                  options={"columns": {'"Gate 1"': "camera"}})  # fmt: skip


def seattle() -> Sample:
    """Moving cars, pipes, the month first, no zone; a quarter of the rows without a place."""
    rows: list[list[object]] = [["zipcode", "dt", "location", "address", "device", "plate_hash",
                                 "lon", "lat"]]  # fmt: skip
    for i in range(8):
        place = ["", ""] if i % 4 == 3 else [-122.3 - i / 100, 47.6]
        rows.append([98101, f"10/{7 + i:02d}/2021 - 16:30:51", "x", "1 Street", "CAR1",
                     f"{i:040x}", *place])  # fmt: skip
    return Sample(
        "seattle.csv", "seattle", _csv(rows, "|").encode(), 8, 6, {"position_missing": 2},
        first=1_633_649_451,
        options={"timezone": "America/Los_Angeles", "place_grid": "250m",
                 "plates": "pseudonymous"},
    )  # fmt: skip


def fiware() -> Sample:
    """The plate nested, in the forms that brokers give."""
    seen = {"direction": "towards", "brand": "Audi", "model": "A3", "color": "black"}
    records: list[object] = []
    for i in range(4):
        at, who = iso(START + 60 * i), plate(i)
        records.append([
            {"id": f"a{i}", "type": "AnprFlowObserved", "dateObserved": at, "observedBy": "cam",
             "dateReceived": iso(START + 4000),
             "observedVehicle": {**seen, "licensePlate": {"identifier": who, "confidence": 0.9}},
             "location": {"type": "Point", "coordinates": [69.2, 41.3]}},
            {"id": f"a{i}", "type": "AnprFlowObserved",
             "dateObserved": {"type": "DateTime", "value": at},
             "observedBy": {"type": "Relationship", "value": "cam"},
             "observedVehicle": {"type": "StructuredValue", "value": {**seen, "licensePlate": who}},
             "location": {"type": "geo:json", "value": {"type": "Point",
                                                       "coordinates": [69.2, 41.3]}}},
            {"id": f"a{i}", "type": "AnprFlowObserved",
             "dateObserved": {"type": "Property", "value": {"@type": "DateTime", "@value": at}},
             "observedBy": {"type": "Relationship", "object": "cam"},
             "observedVehicle": {"type": "Property", "value": {**seen, "licensePlate": who}}},
            {"id": f"d{i}", "type": "Device", "name": "cam"},
        ][i])  # fmt: skip
    return Sample("fiware.json", "fiware", json.dumps(records, indent=1).encode(), 4, 3,
                  {"other_kind_of_event": 1})  # fmt: skip


def bath() -> Sample:
    """Sightings with numbers for vehicles and sites, which other files describe."""
    rows = [["id", "t", "site_id", "vehicle_id"]]
    rows += [[str(i), wall(START + 60 * i), str(1 + i % 3), str(500 + i % 4)] for i in range(8)]
    sites = "id,longitude,latitude\n1,69.20,41.30\n2,69.21,41.31\n3,69.22,41.32\n"
    vehicles = "id,make,type,fuel\n500,Audi,car,petrol\n501,Kia,car,gas\n502,MAN,truck,diesel\n"
    return Sample(
        "observations.csv", "bath", _csv(rows).encode(), 8, 8,
        options={"timezone": "Asia/Tashkent", "plates": "pseudonymous"},
        beside={"sites.csv": sites.encode(), "vehicles.csv": vehicles.encode()},
    )  # fmt: skip


def flock_audit() -> Sample:
    """A list of searches, which is no list of sightings."""
    columns = ("ID,Name,Org Name,Total Networks Searched,Time Frame,License Plate,Reason,Case #,"
              "Filters,Search Time,Search Type,Text Prompt,Moderation")  # fmt: skip
    row: list[object] = ["1", "***", "Some PD", 83, "03/01/2026, 00:00 AM\n03/02/2026, 00:00 AM",
                         plate(1), "inv", "***", "", "03/02/2026, 10:00:00 AM UTC", "lookup", "",
                         ""]  # fmt: skip
    text = _csv([list(columns.split(",")), row])
    return Sample("audit.csv", "flock-audit", b"\xef\xbb\xbf" + text.encode(), 1, 0)


SAMPLES: tuple[Callable[[], Sample], ...] = (
    plate_recognizer, plate_recognizer_webhook, openalpr, rekor, frigate, hikvision,
    lambda: hikvision("http://www.isapi.org/ver20/XMLSchema"), dahua_json, dahua_text, dahua_keys,
    genetec, lilin, seattle, fiware, bath, flock_audit,
)  # fmt: skip


def samples() -> list[Sample]:
    """Make all samples."""
    return [make() for make in SAMPLES]


def write(sample: Sample, folder: Path) -> Path:
    """Write a sample, and what lies beside it, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**sample.beside, sample.name: sample.content}.items():
        (folder / name).write_bytes(content)
    return folder / sample.name


def main(arguments: list[str]) -> None:
    """Write all samples, each into a folder of its own."""
    if len(arguments) != 1:
        sys.exit("say where: python synthetic_data/vendor_samples.py OUT")
    for sample in samples():
        print(write(sample, Path(arguments[0]) / sample.profile))


if __name__ == "__main__":
    main(sys.argv[1:])
