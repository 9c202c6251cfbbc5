"""Landing folders and exports in object stores: the copy follows the listing, and the loader sees files as ever."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import pytest
from conftest import customer
from pulling import WITHOUT_S3, Company
from typer.testing import CliRunner

from stayhouse.contract import contract
from stayhouse.loading import load_landing
from stayhouse.orchestration.cli import app
from stayhouse.orchestration.erasure import left_in_stores
from stayhouse.orchestration.warehouse import open_warehouse
from stayhouse.sources import SourceError, Store
from stayhouse.sources import mirror as mirroring
from stayhouse.sources.mirror import mirror_from

MONDAY = datetime(2025, 3, 3, 12, tzinfo=UTC)
TUESDAY = datetime(2025, 3, 4, 12, tzinfo=UTC)


class Memory:
    """Objects in memory, with times as object stores give them."""

    def __init__(self) -> None:
        self.system = fsspec.filesystem("memory", skip_instance_cache=True)
        self.system.store = {}
        self.system.pseudo_dirs = [""]
        self.fetched: list[str] = []
        self.listed: dict[str, datetime] = {}

    def put(self, name: str, text: str, at: datetime = MONDAY) -> None:
        self.system.pipe_file(f"/bucket/{name}", text.encode())
        self.listed[f"/bucket/{name}"] = at

    def remove(self, name: str) -> None:
        self.system.rm_file(f"/bucket/{name}")

    def find(self, path: str, detail: bool) -> dict:
        found = self.system.find(path, detail=detail)
        return {name: about | {"LastModified": self.listed[name]} for name, about in found.items()}

    def exists(self, path: str) -> bool:
        return self.system.exists(path)

    def get_file(self, path: str, place: str) -> None:
        self.fetched.append(path)
        self.system.get_file(path, place)


@pytest.fixture
def objects() -> Memory:
    return Memory()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store("s3://bucket/raw", tmp_path / "copies" / "landing")


def contents(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): file.read_text() for file in sorted(folder.rglob("*")) if file.is_file()
    }


def test_new_and_changed_objects_are_fetched_and_removed_ones_are_removed(objects: Memory, store: Store) -> None:
    objects.put("raw/customers/a.csv", "1")
    objects.put("raw/customers/dt=2025-03-03/b.csv", "2")
    objects.put("other/customers/c.csv", "3")
    first = mirror_from(objects, "/bucket/raw", store)
    assert contents(store.folder) == {"customers/a.csv": "1", "customers/dt=2025-03-03/b.csv": "2"}
    assert (len(first.fetched), first.unchanged) == (2, 0)
    objects.put("raw/customers/a.csv", "9", TUESDAY)
    objects.remove("raw/customers/dt=2025-03-03/b.csv")
    second = mirror_from(objects, "/bucket/raw", store)
    assert (second.fetched, second.removed) == (["customers/a.csv"], ["customers/dt=2025-03-03/b.csv"])
    assert contents(store.folder) == {"customers/a.csv": "9"}
    assert not (store.folder / "customers" / "dt=2025-03-03").exists()


def test_an_object_that_has_not_changed_is_not_fetched_again(objects: Memory, store: Store) -> None:
    objects.put("raw/customers/a.csv", "1")
    mirror_from(objects, "/bucket/raw", store)
    assert mirror_from(objects, "/bucket/raw", store).unchanged == 1
    assert objects.fetched == ["/bucket/raw/customers/a.csv"]


def test_a_copy_has_the_time_of_its_object(objects: Memory, store: Store) -> None:
    """Rows without ingested_at have the time of their file; that of the download would make old rows the newest."""
    objects.put("raw/customers/a.csv", "1")
    mirror_from(objects, "/bucket/raw", store)
    assert (store.folder / "customers/a.csv").stat().st_mtime == MONDAY.timestamp()


def test_files_from_elsewhere_stay(objects: Memory, store: Store) -> None:
    """Shapes and pulls of databases write into the same folder."""
    objects.put("raw/customers/a.csv", "1")
    mirror_from(objects, "/bucket/raw", store)
    (store.folder / "customers" / "shaped").mkdir()
    (store.folder / "customers" / "shaped" / "stripe.parquet").write_text("x")
    objects.remove("raw/customers/a.csv")
    objects.put("raw/events/a.csv", "1")
    mirror_from(objects, "/bucket/raw", store)
    assert set(contents(store.folder)) == {"customers/shaped/stripe.parquet", "events/a.csv"}


def test_an_interrupted_copy_goes_on(objects: Memory, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    objects.put("raw/customers/a.csv", "1")
    objects.put("raw/customers/b.csv", "2")

    def fail(path: str, place: str) -> None:
        if path.endswith("b.csv"):
            Path(place).write_text("half")
            raise KeyboardInterrupt
        Memory.get_file(objects, path, place)

    monkeypatch.setattr(objects, "get_file", fail)
    with pytest.raises(KeyboardInterrupt):
        mirror_from(objects, "/bucket/raw", store)
    assert not (store.folder / "customers" / "b.csv").exists()
    monkeypatch.undo()
    mirror_from(objects, "/bucket/raw", store)
    assert contents(store.folder) == {"customers/a.csv": "1", "customers/b.csv": "2"}


def test_a_file_and_a_folder_of_one_name_may_take_turns(objects: Memory, store: Store) -> None:
    objects.put("raw/customers/a", "1")
    mirror_from(objects, "/bucket/raw", store)
    objects.remove("raw/customers/a")
    objects.put("raw/customers/a/b.csv", "2")
    mirror_from(objects, "/bucket/raw", store)
    objects.remove("raw/customers/a/b.csv")
    objects.put("raw/customers/a", "3")
    mirror_from(objects, "/bucket/raw", store)
    assert contents(store.folder) == {"customers/a": "3"}


@pytest.mark.parametrize("name", ["raw/../../escaped.csv", "raw/customers//a.csv"])
def test_a_name_that_no_file_can_have_is_refused(store: Store, name: str) -> None:
    class Listing:
        def find(self, path: str, detail: bool) -> dict:
            return {f"/bucket/{name}": {"type": "file", "size": 1}}

    with pytest.raises(SourceError, match="name that no file can have"):
        mirror_from(Listing(), "/bucket/raw", store)


def test_an_object_of_an_erased_customer_is_named(objects: Memory, store: Store) -> None:
    """The copy is written again without the customer, but the object is another's: only a person may change it."""
    objects.put("raw/customers/a.csv", "1")
    mirror_from(objects, "/bucket/raw", store)
    (left,) = left_in_stores((store,), store.folder, ["customers/a.csv", "customers/shaped/x.parquet"])
    assert left.startswith("s3://bucket/raw/customers/a.csv: ")


def test_a_missing_package_is_said_with_the_way_to_install_it(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirroring, "find_spec", lambda name: None)
    company.states('[paths]\nlanding = "gs://bucket/raw"\n')
    done = CliRunner().invoke(app, ["pull", "acme"])
    assert done.exit_code == 2
    assert "gs://bucket/raw: is read by gcsfs, which is not installed; pip install 'stayhouse[gs]'" in done.output


# ---------------------------------------------------------------- S3


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch):
    """A client of an empty bucket in the stand-in for S3; credentials are where its libraries look for them."""
    import boto3

    for name, value in {
        "AWS_ENDPOINT_URL": s3_server, "AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "s3cr3t-word",
        "AWS_DEFAULT_REGION": "eu-central-1", "NO_PROXY": "127.0.0.1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    s3 = boto3.resource("s3")
    bucket = s3.create_bucket(Bucket="acme", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield bucket
    bucket.objects.delete()
    bucket.delete()


def as_csv(*rows: dict) -> bytes:
    return "\n".join([",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]).encode()


@WITHOUT_S3
def test_a_landing_folder_in_s3_is_loaded_like_files(company: Company, bucket) -> None:
    company.states('[paths]\nlanding = "s3://acme/raw"\nexports = "s3://acme/exports"\n')
    bucket.put_object(Key="raw/customers/2025.csv", Body=as_csv(customer(1), customer(2)))
    bucket.put_object(Key="exports/", Body=b"")
    bucket.put_object(Key="exports/shop/orders.csv", Body=b"id\n1\n")

    def loaded() -> list:
        with open_warehouse(company.settings.warehouse) as db:
            load_landing(db, company.settings.raw, contract())
            return db.execute("select customer_id from raw.customers order by 1").fetchall()

    company.pull()
    assert loaded() == [("c1",), ("c2",)]
    assert (company.settings.exports / "shop" / "orders.csv").read_text() == "id\n1\n"
    bucket.put_object(Key="raw/customers/more/2026.csv", Body=as_csv(customer(3)))
    done = CliRunner().invoke(app, ["pull", "acme"])
    assert done.exit_code == 0, done.output
    assert "s3://acme/raw: 1 objects fetched, 1 unchanged, 0 removed" in done.output
    assert loaded() == [("c1",), ("c2",), ("c3",)]
    bucket.put_object(Key="raw/customers/2025.csv", Body=as_csv(customer(1)))
    bucket.Object("raw/customers/more/2026.csv").delete()
    notices = company.pull().notices
    assert loaded() == [
        ("c1",),
        ("c3",),
    ]  # a row that a file no longer holds is withdrawn; a removed file keeps its rows
    assert notices == [
        "s3://acme/raw: 1 objects are missing there, and their copies were removed (customers/more/2026.csv); "
        "rows that were loaded from them stay"
    ]


@WITHOUT_S3
@pytest.mark.parametrize(
    ("url", "endpoint", "said"),
    [
        ("s3://nobody/raw", None, "s3://nobody/raw: there is no such bucket"),
        ("s3://acme/nothing", None, "s3://acme/nothing: there is nothing at this address"),
        ("s3://acme/raw", "http://127.0.0.1:1", "s3://acme/raw: the store cannot be reached"),
    ],
)
def test_a_store_that_cannot_be_read_is_one_line(
    company: Company, bucket, monkeypatch: pytest.MonkeyPatch, url: str, endpoint: str | None, said: str
) -> None:
    company.states(f'[paths]\nlanding = "{url}"\n')
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(SourceError) as raised:
        company.pull()
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "s3cr3t-word" not in str(raised.value)


@WITHOUT_S3
def test_without_credentials_the_variables_are_named(company: Company, bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    company.states('[paths]\nlanding = "s3://acme/raw"\n')
    for name in [name for name in os.environ if name.startswith("AWS_") and name != "AWS_ENDPOINT_URL"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SourceError, match="AWS_ACCESS_KEY_ID"):
        company.pull()
