"""What every store of secrets owes: the text to the letter, names of what is missing, words for outages."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from photos import logs
from photos.app import create_app
from photos.backends.aws import LateClient
from photos.backends.secrets import Secrets
from photos.backends.secrets.environment import EnvironmentSecrets
from photos.backends.secrets.named import NamedSecrets
from photos.backends.secrets.secretsmanager import SecretsManagerSecrets
from photos.backends.secrets.ssm import SsmSecrets
from photos.config import read_settings
from photos.errors import Conflict, NotFound, SecretsError
from photos.models import SecretVersion
from photos.wiring import open_backends
from tests.servers.moto import ACCESS_KEY, REGION, SECRET_KEY, Moto
from tests.servers.proxy import FaultProxy

ODD = string.printable.strip() + " äöü 🗝 " + '{"a": "%o&amp;%%"}'
AWS = ("ssm", "secretsmanager")


@dataclass
class Place:
    """A store under test, and how secrets come into it."""

    secrets: Secrets
    keep: Callable[[str, str], object]
    proxy: FaultProxy | None = None


@pytest.fixture
def env_place() -> Place:
    environ: dict[str, str] = {}
    return Place(EnvironmentSecrets(lambda: environ), environ.__setitem__)


@pytest.fixture
def ssm_place(moto: Moto) -> Iterator[Place]:
    client = moto.client("ssm")

    def keep(name: str, text: str) -> None:
        client.put_parameter(Name=name, Value=text, Type="SecureString")

    with FaultProxy(moto.port) as proxy:
        secrets = SsmSecrets(late("ssm", proxy))
        yield Place(secrets, keep, proxy)
        secrets.close()
    client.close()


@pytest.fixture
def secretsmanager_place(moto: Moto) -> Iterator[Place]:
    client = moto.client("secretsmanager")

    def keep(name: str, text: str) -> None:
        client.create_secret(Name=name, SecretString=text)

    with FaultProxy(moto.port) as proxy:
        secrets = SecretsManagerSecrets(late("secretsmanager", proxy))
        yield Place(secrets, keep, proxy)
        secrets.close()
    client.close()


def late(service: str, proxy: FaultProxy, **credentials: str) -> LateClient:
    return LateClient(
        service,
        region=REGION,
        endpoint_url=proxy.url,
        **{"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, **credentials},
        connect_timeout_seconds=1,
        read_timeout_seconds=1,
        attempts=2,
    )


@pytest.fixture(params=["env", *AWS])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture(params=AWS)
def aws_place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


def test_a_text_comes_back_to_the_letter(place: Place) -> None:
    place.keep("/bigimage/odd", ODD)
    assert place.secrets.get("/bigimage/odd") == ODD


def test_many_come_at_once(place: Place) -> None:
    wanted = {f"/bigimage/{number}": f"text {number}" for number in range(23)}
    for name, text in wanted.items():
        place.keep(name, text)
    assert place.secrets.get_all([*wanted, "/bigimage/7"]) == wanted


def test_versions_are_told_without_texts(aws_place: Place) -> None:
    aws_place.keep("/bigimage/turn", "canary-one")
    first = aws_place.secrets.list_versions(["/bigimage/turn", "/bigimage/none"])
    assert list(first) == ["/bigimage/turn"]
    aws_place.secrets.put("/bigimage/turn", "canary-two")
    second = aws_place.secrets.list_versions(["/bigimage/turn"])
    before, after = first["/bigimage/turn"], second["/bigimage/turn"]
    assert before.version != after.version
    assert before.changed_at and after.changed_at and before.changed_at <= after.changed_at
    assert abs(datetime.now(UTC) - after.changed_at) < timedelta(minutes=2)
    assert "canary" not in repr((first, second))


def test_an_environment_has_no_versions(env_place: Place) -> None:
    env_place.keep("TURN", "canary")
    assert env_place.secrets.list_versions(["TURN", "NONE"]) == {"TURN": SecretVersion()}


def test_all_that_are_missing_are_named(place: Place) -> None:
    place.keep("/bigimage/there", "text")
    with pytest.raises(NotFound, match=r"/bigimage/a\b.*/bigimage/b\b") as caught:
        place.secrets.get_all(["/bigimage/a", "/bigimage/there", "/bigimage/b"])
    assert "/bigimage/there" not in str(caught.value)


def test_what_is_not_there_cannot_be_replaced(place: Place) -> None:
    with pytest.raises(NotFound, match="/bigimage/none"):
        place.secrets.put("/bigimage/none", "text")


def test_a_text_is_replaced(aws_place: Place) -> None:
    aws_place.keep("/bigimage/turn", "old")
    aws_place.secrets.put("/bigimage/turn", ODD)
    assert aws_place.secrets.get("/bigimage/turn") == ODD


def test_the_environment_is_not_written(env_place: Place) -> None:
    env_place.keep("TURN", "old")
    with pytest.raises(Conflict, match="TURN"):
        env_place.secrets.put("TURN", "new")
    assert env_place.secrets.get("TURN") == "old"


def test_a_parameter_stays_encrypted_under_its_own_key(ssm_place: Place, moto: Moto) -> None:
    client = moto.client("ssm")
    client.put_parameter(Name="/own/key", Value="old", Type="SecureString", KeyId="alias/ours")
    ssm_place.secrets.put("/own/key", "new")
    (described,) = client.describe_parameters()["Parameters"]
    client.close()
    assert (described["KeyId"], described["Type"]) == ("alias/ours", "SecureString")


def test_bytes_are_no_text(secretsmanager_place: Place, moto: Moto) -> None:
    client = moto.client("secretsmanager")
    client.create_secret(Name="bytes", SecretBinary=b"\xff")
    client.close()
    with pytest.raises(SecretsError, match="bytes"):
        secretsmanager_place.secrets.get("bytes")


def test_a_secret_has_an_address(secretsmanager_place: Place, moto: Moto) -> None:
    client = moto.client("secretsmanager")
    arn = client.create_secret(Name="addressed", SecretString="text")["ARN"]
    client.close()
    assert secretsmanager_place.secrets.get(arn) == "text"


@pytest.mark.parametrize("fault", ["refuse", "cut", "black hole", "latency"])
def test_a_store_that_is_down_is_told_and_used_again(aws_place: Place, fault: str) -> None:
    proxy = aws_place.proxy
    assert proxy is not None
    aws_place.keep("/bigimage/kept", "canary-text-1")
    match fault:
        case "refuse":
            proxy.refuse()
        case "cut":
            proxy.cut_after(20)
        case "black hole":
            proxy.black_hole = True
        case _:
            proxy.latency_seconds = 2
    with pytest.raises(SecretsError, match=r"/bigimage/kept.*does not answer"):
        aws_place.secrets.get("/bigimage/kept")
    proxy.heal()
    assert aws_place.secrets.get("/bigimage/kept") == "canary-text-1"


REFUSALS = {
    "AccessDeniedException": "allow it .*:Get.*kms:Decrypt",
    "DecryptionFailure": "KMS key cannot be used",
    "InvalidKeyId": "KMS key cannot be used",
    "UnrecognizedClientException": "credentials, region and clock",
    "ExpiredTokenException": "credentials, region and clock",
    "InvalidRequestException": "marked for deletion",
    "InvalidParameterException": "AWS answers InvalidParameterException",
    "InternalServiceError": "AWS answers InternalServiceError",
    "ThrottlingException": "AWS answers ThrottlingException",
}


@pytest.mark.parametrize("service", AWS)
def test_every_refusal_names_the_secret_and_what_to_do(service: str) -> None:
    """No server gives these on demand: botocore's own stubber does."""
    from botocore.stub import Stubber

    client = LateClient(service, region=REGION, access_key=ACCESS_KEY, secret_key=SECRET_KEY, attempts=1)
    operation = {"ssm": "get_parameters", "secretsmanager": "get_secret_value"}[service]
    secrets: Secrets = SsmSecrets(client) if service == "ssm" else SecretsManagerSecrets(client)
    with Stubber(client.client) as stubber:
        for code, words in REFUSALS.items():
            stubber.add_client_error(operation, code, "User: arn:aws:sts::1:assumed-role/web/i-1 may not")
            with pytest.raises(SecretsError, match=f"could not read /bigimage/key: .*{words}.*role/web"):
                secrets.get("/bigimage/key")
    secrets.close()


def test_a_role_without_the_right_is_told_so(moto: Moto) -> None:
    """moto looks at identity policies here: a user without any may not read."""
    iam = moto.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    iam.close()
    moto.check_rights()
    with FaultProxy(moto.port) as proxy:
        client = late(
            "secretsmanager", proxy, access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"]
        )
        with pytest.raises(SecretsError, match="allow it secretsmanager:GetSecretValue"):
            SecretsManagerSecrets(client).get("bigimage/database")
        client.close()


class Clock:
    """Seconds that pass when told."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def named(env_place: Place, clock: Clock) -> NamedSecrets:
    return NamedSecrets({"env": env_place.secrets}, needed=["env:KEY"], lifetime_seconds=300, now=clock)


def test_each_name_goes_to_its_store_and_a_field_out_of_an_object(
    ssm_place: Place, secretsmanager_place: Place, env_place: Place
) -> None:
    places = {"env": env_place, "ssm": ssm_place, "secretsmanager": secretsmanager_place}
    named = NamedSecrets({name: place.secrets for name, place in places.items()})
    ssm_place.keep("/key", "from ssm")
    secretsmanager_place.keep("app", json.dumps({"secret_key": ODD, "number": 1}))
    env_place.keep("KEY", "from env")
    wanted = {"ssm:/key": "from ssm", "secretsmanager:app#secret_key": ODD, "env:KEY": "from env"}
    assert named.get_all(list(wanted)) == wanted
    for missing in ("secretsmanager:app#other", "secretsmanager:app#number", "ssm:/key#field"):
        with pytest.raises(NotFound, match=missing.partition("#")[2]):
            named.get(missing)
    versions = named.list_versions([*wanted, "ssm:/none", "secretsmanager:app"])
    assert set(versions) == {*wanted, "secretsmanager:app"}
    assert versions["secretsmanager:app"] == versions["secretsmanager:app#secret_key"]
    named.put("ssm:/key", "second")
    assert named.get("ssm:/key") == "second", "what was written is read back"
    with pytest.raises(Conflict, match="name the whole secret"):
        named.put("secretsmanager:app#secret_key", "second")


def test_an_answer_is_remembered_then_asked_for_again(
    named: NamedSecrets, env_place: Place, clock: Clock
) -> None:
    env_place.keep("KEY", "first")
    assert named.get("env:KEY") == "first"
    env_place.keep("KEY", "second")
    clock.seconds += 299
    assert named.get("env:KEY") == "first"
    clock.seconds += 2
    assert named.get("env:KEY") == "second"


def test_who_was_refused_gets_what_is_kept_now(named: NamedSecrets, env_place: Place, clock: Clock) -> None:
    env_place.keep("KEY", "first")
    named.get("env:KEY")
    env_place.keep("KEY", "second")
    assert named.get_again("env:KEY") == "first", "read in this very second: not again"
    clock.seconds += 2
    assert named.get_again("env:KEY") == "second"


def test_what_was_read_last_holds_on_while_the_store_is_down(ssm_place: Place, clock: Clock) -> None:
    named = NamedSecrets({"ssm": ssm_place.secrets}, needed=["ssm:/key"], lifetime_seconds=300, now=clock)
    ssm_place.keep("/key", "first")
    named.ping()
    assert ssm_place.proxy is not None
    ssm_place.proxy.refuse()
    clock.seconds += 1000
    assert named.get("ssm:/key") == "first"
    named.ping()
    with pytest.raises(SecretsError):
        named.get("ssm:/never-read")


def test_one_that_is_needed_and_missing_is_told_by_ping(named: NamedSecrets) -> None:
    with pytest.raises(SecretsError, match="KEY"):
        named.ping()


def test_what_was_read_is_masked_wherever_it_is_written(named: NamedSecrets, env_place: Place) -> None:
    text = json.dumps({"username": "bigimage-web", "password": 'canary"word 7'})
    env_place.keep("DATABASE", text)
    named.get("env:DATABASE")
    for written in (text, 'canary"word 7', r"canary\"word 7", "canary%22word%207"):
        assert "canary" not in logs.mask(f"<{written}>")
    assert "bigimage-web" in logs.mask("signed in as bigimage-web")
    assert "canary" not in repr(named) + repr(named.__dict__)


def test_the_command_lists_names_versions_and_dates_and_never_a_text(
    moto: Moto, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    canary = "canary-text-that-is-long-enough-for-a-key"
    settings = {
        "BIGIMAGE_DATA": str(tmp_path),
        "AWS_REGION": REGION,
        "SECRETS_ENDPOINT_URL": moto.url,
        "SECRET_KEY": "ssm:/bigimage/secret-key",
        "DATABASE_URL": "mysql+mysqlconnector://127.0.0.1:1/bigimage",
        "DATABASE_SECRET": "secretsmanager:bigimage/database",
        "DATABASE_OWNER_SECRET": f'{{"username": "owner", "password": "{canary}"}}',
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    ssm, secretsmanager = moto.client("ssm"), moto.client("secretsmanager")
    ssm.put_parameter(Name="/bigimage/secret-key", Value=canary, Type="SecureString")
    backends = open_backends(read_settings())
    runner = create_app(backends=backends).test_cli_runner()
    result = runner.invoke(args=["secrets"])
    assert result.exit_code == 1
    assert "SECRET_KEY: ssm:/bigimage/secret-key, version 1, since 2" in result.output
    assert "DATABASE_SECRET: secretsmanager:bigimage/database is not there" in result.output
    assert "aws secretsmanager create-secret --name bigimage/database" in result.output
    text = json.dumps({"username": "app", "password": canary})
    secretsmanager.create_secret(Name="bigimage/database", SecretString=text)
    result = runner.invoke(args=["secrets"])
    backends.close()
    assert result.exit_code == 0, result.output
    (version,) = [line for line in result.output.splitlines() if line.startswith("DATABASE_SECRET")]
    assert ", version " in version
    assert "DATABASE_OWNER_SECRET" not in result.output, "it holds its text itself"
    assert "canary" not in result.output
    ssm.close()
    secretsmanager.close()
