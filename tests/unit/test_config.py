"""Settings: typed, byte-exact, and every problem named at once."""

from __future__ import annotations

import stat
import threading
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from photos.config import Settings, ensure_secret_key, read_settings, secrets_named, with_secrets
from photos.errors import ConfigError
from photos.secret_names import find_secret_name


def test_an_empty_environment_gives_one_machine() -> None:
    settings = read_settings({})
    assert (settings.platform, settings.tier, settings.storage) == ("local", "all", "folder")
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.database_url == f"sqlite:///{settings.data}/bigimage.db"


def test_the_address_follows_the_port() -> None:
    assert read_settings({"PORT": "8123"}).base_url == "http://127.0.0.1:8123"
    assert read_settings({"HOST": "::1"}).base_url == "http://[::1]:8000"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "http", "whole number"),
        ("PORT", "70000", "between 1 and 65535"),
        ("OPEN_SIGN_UP", "maybe", "must be one of true, false"),
        ("PLATFORM", "gcp", "must be one of local, aws"),
        ("BASE_URL", "photos.example.org", "must look like https://"),
        ("BASE_URL", "https://photos.example.org/app", "without a path"),
        ("OTHER_ORIGINS", "http://ok.example, nonsense", "must look like https://"),
        ("SECRET_KEY", "dev", "too short"),
        ("STORAGE", "ftp", "must be one of"),
        ("JOBS", "celery", "must be one of"),
        ("JOBS_QUEUE", "jobs.fifo", "no FIFO queue"),
        ("JOBS_DEAD_QUEUE", "https://", "must look like"),
        ("SQS_ENDPOINT_URL", "sqs.example.org", "must look like"),
        ("JOB_SECONDS", "1", "between 5 and"),
        ("PART_BYTES", "1", "between 5242880"),
        ("TRASH_DAYS", "0", "between 1"),
        ("LOG_LEVEL", "loud", "must be one of"),
        ("DATABASE_URL", "postgres://user:pw@host/name", "must begin with sqlite:///"),
        ("DATABASE_URL", "mysql://user:pw@host/name", "must begin with sqlite:///"),
        ("DATABASE_URL", "::::", "must begin with sqlite:///"),
        ("DATABASE_URL", "mysql+mysqlconnector://user:hunter2/name", "percent-encoded"),
        ("DATABASE_URL", "mysql+mysqlconnector://user:hunter#2@host/name", "percent-encoded"),  # made up
        ("DATABASE_URL", "mysql+mysqlconnector://user:hunter2@host", "percent-encoded"),  # made up
        ("DATABASE_SECRET", "hunter2", "must name a secret, or be JSON"),
        ("DATABASE_SECRET", '["hunter2"]', "must name a secret, or be JSON"),
        ("DATABASE_SECRET", '{"username": "a", "password": 2}', "must name a secret, or be JSON"),
        ("DATABASE_OWNER_SECRET", '{"username": "hunter2"}', "must name a secret, or be JSON"),
        ("DATABASE_SECRET", '{"username": "a", "password": "hunter2"}', "is for a database server"),
        ("DATABASE_CA", "/nowhere/at/all.pem", "where there is no file"),
        ("DATABASE_CONNECTIONS", "1", "between 2 and 100"),
        ("MACHINES", "0", "between 1 and 1000"),
        ("MACHINES", "2", "search index is a file"),
        ("S3_ENDPOINT_URL", "s3.example.org", "must look like https://"),
        ("TRACES_URL", "127.0.0.1:4318", "must look like https://"),
        ("METRICS", "often", "must be one of true, false"),
        ("S3_ENCRYPTION", "aes", "must be one of AES256, aws:kms"),
        ("S3_KMS_KEY", "alias/photos", "only used with S3_ENCRYPTION=aws:kms"),
        ("MAP_TILES_URL", "http://tiles.example.org/{z}/{x}/{y}.png", "must look like https://"),
        ("MAP_TILES_URL", "https://tiles.example.org/{z}/{x}.png", "must look like https://"),
        ("MAP_TILES_URL", "https://a;script-src *.example.org/{z}/{x}/{y}", "must look like https://"),
        ("BASE_URL", "http://localhost:port", "must look like https://"),
        ("BASE_URL", "http://photos example.org", "must look like https://"),
        ("BASE_URL", "http://localhost:", "must look like https://"),
        ("BIGIMAGE_DATA", "~nobody-of-this-name/photos", "name of nobody"),
        ("BIGIMAGE_MODELS", "models\0", "NUL"),
        ("HOST", "my/machine", "a name or an address"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(name: str, value: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings({name: value})
    assert any(problem.startswith(name) and words in problem for problem in caught.value.problems)
    assert "hunter" not in str(caught.value), "a password is never shown"


def test_all_problems_are_listed_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings({"PLATFORM": "aws", "TIER": "web", "PORT": "x", "OPEN_SIGN_UP": "perhaps"})
    names = {problem.split(" ")[0] for problem in caught.value.problems}
    assert {
        "PORT",
        "OPEN_SIGN_UP",
        "SECRET_KEY",
        "DATABASE_URL",
        "BASE_URL",
        "S3_BUCKET",
        "AWS_REGION",
        "JOBS_QUEUE",
        "JOBS_DEAD_QUEUE",
    } <= names


def test_the_worker_tier_needs_a_queue() -> None:
    given = {
        "PLATFORM": "aws",
        "TIER": "worker",
        "SECRET_KEY": "k" * 32,
        "DATABASE_URL": "sqlite:////tmp/x.db",
        "BASE_URL": "https://photos.example.org",
        "STORAGE": "folder",
    }
    with pytest.raises(ConfigError) as caught:
        read_settings({**given, "JOBS": "local"})
    assert caught.value.problems == ["JOBS must be sqs with TIER=worker: its jobs come from a queue."]
    with pytest.raises(ConfigError) as caught:
        read_settings({**given, "JOBS_QUEUE": "jobs", "JOBS_DEAD_QUEUE": "dead"})
    assert [problem.split(" ")[0] for problem in caught.value.problems] == ["AWS_REGION"]
    queues = {"JOBS_QUEUE": "jobs", "JOBS_DEAD_QUEUE": "https://sqs.example.org/1/dead"}
    assert read_settings({**given, **queues, "AWS_REGION": "eu-central-1"}).jobs == "sqs"


def test_the_settings_file_is_read_byte_exact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "Aa%o&o=b$c\\d#e  f=" * 3
    (tmp_path / ".env").write_text(f"SECRET_KEY='{secret}'\nPORT=8124\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("PORT", "8125")
    settings = read_settings()
    assert settings.secret_key == secret
    assert settings.port == 8125, "the environment wins over the file"


@effort(deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=32, max_size=80))
def test_any_printable_secret_survives(secret: str) -> None:
    assert read_settings({"SECRET_KEY": secret}).secret_key == secret


@pytest.mark.parametrize(
    "name",
    [
        "ssm:/bigimage/secret-key",
        "secretsmanager:bigimage/app#secret_key",
        "arn:aws:secretsmanager:eu-central-1:1:secret:bigimage/app-AbCdEf",
        "env:OTHER",
    ],
)
def test_a_setting_may_name_a_secret_until_its_text_is_known(name: str) -> None:
    text = "s" * 40
    settings = read_settings({"SECRET_KEY": name, "AWS_REGION": "eu-central-1"})
    assert secrets_named(settings) == {"SECRET_KEY": name}
    found = with_secrets(settings, {"SECRET_KEY": text})
    assert found.secret_key == text and secrets_named(found) == {}
    with pytest.raises(ConfigError, match="SECRET_KEY is too short"):
        with_secrets(settings, {"SECRET_KEY": "short"})


@pytest.mark.parametrize("variable", ["SECRET_KEY", "DATABASE_URL"])
def test_secrets_in_aws_need_a_region(variable: str) -> None:
    with pytest.raises(ConfigError, match="AWS_REGION is missing: a setting names a secret"):
        read_settings({variable: "ssm:/bigimage/key"})


@pytest.mark.parametrize("value", ["ssm:", "ssm:/a b", "sssm:/a", "secretsmanager:", "arn:aws:s3:::x", "/a"])
def test_what_only_looks_like_a_name_is_a_value(value: str) -> None:
    assert find_secret_name(value) is None


def test_names_are_written_as_they_are_read() -> None:
    for name in ("ssm:/a/b", "secretsmanager:a#b", "env:A"):
        assert str(find_secret_name(name)) == name


def test_secrets_are_not_in_the_representation() -> None:
    url = "mysql+mysqlconnector://a:hunter22@h/d"  # made up
    settings = read_settings({"SECRET_KEY": "s" * 40, "DATABASE_URL": url})
    assert "s" * 40 not in repr(settings)
    assert "hunter22" not in repr(settings)


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    keys: list[str] = []
    threads = [threading.Thread(target=lambda: keys.append(ensure_secret_key(settings))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1
    assert len(keys) == 8
    assert len(keys[0]) >= 64
    assert stat.S_IMODE((tmp_path / "data" / "secret_key").stat().st_mode) == 0o600
    assert [each.name for each in (tmp_path / "data").iterdir()] == ["secret_key"], "no draft stays behind"


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(ConfigError, match="secret_key is damaged"):
        ensure_secret_key(Settings(data=tmp_path))


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="BIGIMAGE_DATA"):
        ensure_secret_key(Settings(data=tmp_path / "file"))


@pytest.mark.parametrize("variable", [field.metadata["env"] for field in fields(Settings)])
def test_every_setting_refuses_what_nobody_can_mean(variable: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_settings({variable: "\0"})
    assert any(problem.startswith(variable) for problem in refused.value.problems)


@pytest.mark.parametrize(
    "variable", [field.metadata["env"] for field in fields(Settings) if field.type == "int"]
)
@pytest.mark.parametrize("value", ["many", "1.5", "-1", "9" * 30])
def test_every_number_has_a_lowest_and_a_highest(variable: str, value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_settings({variable: value})
    assert any(problem.startswith(variable) for problem in refused.value.problems)
