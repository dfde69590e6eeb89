"""What `docker compose config --format json` says, and what is read from it."""

from pathlib import Path
from typing import Any

import pytest

from scaffold.errors import WrongInput
from scaffold.model import parse
from scaffold.project import DIRECTORIES, STAGING, Build, Port, Project, Service, lacking, sample, settings

from ..builders import local_project, project, with_environment, with_hosts, with_service

HASHES = {"app": "1f2e", "traefik": "9a8b"}


def model(**services: Any) -> dict[str, Any]:
    """Return a document as Compose prints it: every dollar sign doubled, ports as words, empty parts as null."""
    return {
        "name": "demo",
        "networks": {
            "edge": {"name": "demo_edge", "ipam": {"config": [{"subnet": "fd12::/64"}]}, "enable_ipv6": True},
            "socket": {"name": "demo_socket", "ipam": {}, "internal": True},
        },
        "volumes": {"acme": {"name": "demo_acme"}},
        "services": {
            "app": {
                "build": {"context": "/srv/demo", "dockerfile": "Dockerfile", "args": {"PRICE": "5$$"}},
                "command": ["uvicorn", "app.main:app", "--root-path=/$$x"],
                "entrypoint": None,
                "environment": {"PASSWORD": "a$$b$$$$c", "EMPTY": None, "DEBUG": "false"},
                "healthcheck": {"test": ["CMD", "python", "/opt/stack/healthcheck.py"], "interval": "2s"},
                "image": "demo-app:current",
                "labels": {
                    "traefik.enable": "true",
                    "traefik.http.routers.demo-app.rule": "Host(`demo.test`) && PathRegexp(`^/v1$$`)",
                },
                "networks": {"edge": None},
                "restart": "unless-stopped",
                "user": "10001:10001",
            },
            "traefik": {
                "command": None,
                "entrypoint": None,
                "environment": {
                    "LEGO_CA_CERTIFICATES": "/run/acme-root.pem",
                    "STACK_ACME_DIRECTORY": "https://acme.example/directory",
                    "STACK_CERTIFICATES": "custom",
                    "TRAEFIK_ENTRYPOINTS_WEBSECURE_ADDRESS": ":443",
                    "TRAEFIK_ENTRYPOINTS_WEB_ADDRESS": ":80",
                    "TRAEFIK_PROVIDERS_DOCKER_NETWORK": "demo_edge",
                },
                "image": "traefik:v3.7.15",
                "networks": {"edge": None, "socket": None},
                "ports": [
                    {"mode": "ingress", "target": 80, "published": "80", "protocol": "tcp"},
                    {
                        "mode": "ingress",
                        "host_ip": "192.0.2.1",
                        "target": 443,
                        "published": "443",
                        "protocol": "tcp",
                    },
                    {"mode": "ingress", "target": 8080, "protocol": "tcp"},
                ],
                "volumes": [
                    {"type": "bind", "source": "/srv/demo/root.pem", "target": "/run/acme-root.pem", "read_only": True},
                    {"type": "volume", "source": "acme", "target": "/tmp", "volume": {}},
                ],
            },
            **services,
        },
    }


def parsed(**services: Any) -> Project:
    return parse(model(**services), HASHES, Path("/srv/demo"))


def test_a_project_has_its_name_and_folder() -> None:
    stack = parsed()
    assert (stack.name, stack.directory) == ("demo", Path("/srv/demo"))
    assert [service.name for service in stack.services] == ["app", "traefik"]


def test_a_service_has_its_image_hash_and_build() -> None:
    app = parsed().app
    assert (app.image, app.hash) == ("demo-app:current", "1f2e")
    assert app.build == Build(Path("/srv/demo"), "Dockerfile", {"PRICE": "5$"})
    assert parsed().proxy.build is None


def test_doubled_dollar_signs_are_single_ones() -> None:
    app = parsed().app
    assert app.command == ("uvicorn", "app.main:app", "--root-path=/$x")
    assert app.environment == {"PASSWORD": "a$b$$c", "EMPTY": "", "DEBUG": "false"}
    assert app.labels["traefik.http.routers.demo-app.rule"] == "Host(`demo.test`) && PathRegexp(`^/v1$`)"


def test_published_ports_are_read_with_the_address_they_are_bound_to() -> None:
    assert parsed().proxy.ports == (Port(80, 80), Port(443, 443, "192.0.2.1"))


def test_only_files_and_folders_of_the_host_are_binds() -> None:
    assert parsed().proxy.binds == {"/run/acme-root.pem": Path("/srv/demo/root.pem")}


WITH_DATA = {
    **model(
        postgres={
            "image": "postgres:18",
            "environment": {"POSTGRES_PASSWORD_FILE": "/run/secrets/postgres_password"},
            "secrets": [{"source": "postgres_password", "target": "/run/secrets/postgres_password"}],
            "volumes": [
                {"type": "volume", "source": "postgres", "target": "/var/lib/postgresql", "volume": {}},
                {"type": "bind", "source": "/srv/demo/postgres/once.sql", "target": "/once.sql", "read_only": True},
                {
                    "type": "bind",
                    "source": "/srv/demo/postgres/init.sql",
                    "target": "/docker-entrypoint-initdb.d/init.sql",
                    "read_only": True,
                },
                {"type": "bind", "source": "/srv/demo/extra", "target": "/extra"},
            ],
        },
        prestart={"depends_on": {"postgres": {"condition": "service_healthy", "required": True}}},
        worker={
            "depends_on": {"prestart": {"condition": "service_completed_successfully", "required": True}},
            "secrets": [{"source": "app.env"}, {"source": "postgres_password", "target": "pw"}, {"source": "outside"}],
        },
    ),
    "volumes": {"postgres": {"name": "demo_postgres"}},
    "secrets": {
        "app.env": {"name": "demo_app.env", "file": "/srv/demo/secrets/app.env"},
        "postgres_password": {"name": "demo_postgres_password", "file": "/srv/demo/secrets/postgres_password"},
        "outside": {"name": "outside", "external": True},
    },
}


def test_a_secret_is_a_file_of_the_host_wherever_compose_puts_it() -> None:
    worker = parse(WITH_DATA, {}, Path("/srv/demo")).service("worker")
    assert worker.binds == {
        "/run/secrets/app.env": Path("/srv/demo/secrets/app.env"),
        "/run/secrets/pw": Path("/srv/demo/secrets/postgres_password"),
    }


def test_a_file_that_the_files_mount_as_a_config_is_a_bind_and_a_secret_may_lie_anywhere() -> None:
    told = {
        "configs": [{"source": "settings"}, {"source": "settings", "target": "/etc/settings"}, {"source": "written"}],
        "secrets": [{"source": "app.env", "target": "/etc/app.env"}],
    }
    configs = {"settings": {"file": "/srv/demo/settings"}, "written": {"content": "x"}}
    stack = parse({**WITH_DATA, **model(worker=told), "configs": configs}, {}, Path("/srv/demo"))
    assert stack.service("worker").binds == {
        "/settings": Path("/srv/demo/settings"),
        "/etc/settings": Path("/srv/demo/settings"),
        "/etc/app.env": Path("/srv/demo/secrets/app.env"),
    }


@pytest.mark.parametrize(
    "told",
    [
        {"mem_limit": "1048576", "pids_limit": 50},
        {"deploy": {"resources": {"limits": {"memory": "1048576", "pids": 50}}}},
    ],
    ids=["the service's", "of deploy"],
)
def test_limits_count_wherever_they_are_written(told: dict[str, Any]) -> None:
    worker = parse(model(worker=told), {}, Path("/srv/demo")).service("worker")
    assert (worker.memory, worker.pids) == (1048576, 50)


def test_what_others_wait_for_until_it_has_ended_runs_once() -> None:
    stack = parse(WITH_DATA, {}, Path("/srv/demo"))
    assert [service.name for service in stack.services if service.one_shot] == ["prestart"]
    assert (stack.service("prestart").needs, stack.service("worker").needs) == (("postgres",), ("prestart",))


def test_a_database_reads_its_password_and_its_scripts_on_the_first_day_only() -> None:
    stack = parse(WITH_DATA, {}, Path("/srv/demo"))
    assert stack.stores == (stack.database,)
    assert stack.database is not None
    assert stack.database.volumes == {"/var/lib/postgresql": "demo_postgres"}
    assert stack.database.reads == (Path("/srv/demo/postgres/once.sql"),)


def test_the_secrets_that_are_made_are_passwords_and_settings_in_the_projects_folder() -> None:
    stack = parse(WITH_DATA, {}, Path("/srv/demo"))
    assert stack.secrets == (Path("/srv/demo/secrets/app.env"), Path("/srv/demo/secrets/postgres_password"))
    assert stack.password("postgres") == Path("/srv/demo/secrets/postgres_password")
    assert parsed().secrets == ()
    with pytest.raises(WrongInput, match="has no secret app_password"):
        parsed().password("app")


def test_what_a_service_does_not_say_has_its_usual_value() -> None:
    plain = parsed(worker={}).service("worker")
    assert (plain.image, plain.hash, plain.replicas) == ("demo-worker", "", 1)
    assert (plain.command, plain.ports, dict(plain.environment)) == ((), (), {})


@pytest.mark.parametrize(
    ("body", "replicas"),
    [({"deploy": {"replicas": 3}}, 3), ({"scale": 2}, 2), ({"deploy": {"replicas": 0}}, 0), ({"deploy": {}}, 1)],
    ids=["deploy", "scale", "none", "unsaid"],
)
def test_replicas_are_counted_as_compose_does(body: dict[str, Any], replicas: int) -> None:
    assert parsed(worker=body).service("worker").replicas == replicas


@pytest.mark.parametrize(
    ("body", "memory"),
    [
        ({"mem_limit": "67108864"}, 2**26),
        ({"deploy": {"resources": {"limits": {"memory": "1073741824"}}}}, 2**30),
        ({"deploy": {"resources": {"limits": {"cpus": 0.5}}}}, 0),
        ({"deploy": {"resources": {}}}, 0),
        ({}, 0),
    ],
    ids=["its own", "of a deployment", "of processors alone", "of nothing", "none"],
)
def test_a_limit_of_memory_is_read_from_either_place(body: dict[str, Any], memory: int) -> None:
    assert parsed(worker=body).service("worker").memory == memory


def test_the_entry_point_of_the_files_is_read_word_by_word() -> None:
    words = ["python", "/opt/stack/entrypoint.py", "$$HOME"]
    assert parsed(worker={"entrypoint": words}).service("worker").entrypoint == (*words[:2], "$HOME")
    assert parsed().app.entrypoint == ()


@pytest.mark.parametrize(
    ("volumes", "needed"),
    [
        (("/srv/data",), ("/home/me/shop/data",)),
        (("/srv/a/b", "/var/lib/data-files"), ("/home/me/shop/a/b",)),
        (("/srv/app/cache/x",), ("/elsewhere/cache/x",)),
        (("/srv", "/srvdata"), ()),
    ],
    ids=["inside", "deep inside, and elsewhere", "in the inner one", "not inside"],
)
def test_a_volume_inside_of_what_is_bound_needs_a_folder_there(
    volumes: tuple[str, ...], needed: tuple[str, ...]
) -> None:
    binds = {"/srv": Path("/home/me/shop"), "/srv/app": Path("/elsewhere"), "/opt/stack": Path("/home/me/container")}
    service = Service("app", "x", binds=binds, volumes=dict.fromkeys(volumes, "a volume"))
    assert service.mount_points == tuple(map(Path, needed))


def test_a_file_without_networks_and_volumes_is_read() -> None:
    bare = {"name": "bare", "services": {"app": {"image": "x"}}}
    assert parse(bare, {}, Path("/srv/bare")).name == "bare"


# ------------------------------------------------------------------ what the stack is, by its own words


@pytest.mark.parametrize("name", ["app", "traefik"])
def test_a_missing_service_is_named(name: str) -> None:
    services = {key: body for key, body in model()["services"].items() if key != name}
    stack = parse({**model(), "services": services}, HASHES, Path("/srv/demo"))
    with pytest.raises(WrongInput, match=f"/srv/demo have no service `{name}`") as caught:
        stack.app, stack.proxy  # noqa: B018 - looking is what raises
    assert "stack new" in caught.value.hint


@pytest.mark.parametrize(
    ("rules", "hosts"),
    [
        ({"traefik.http.routers.a.rule": "Host(`demo.test`)"}, ("demo.test",)),
        ({"traefik.http.routers.a.rule": "Host(`b.test`) || Host(`a.test`)"}, ("b.test", "a.test")),
        (
            {
                "traefik.http.routers.a.rule": "Host(`demo.test`)",
                "traefik.http.routers.b.rule": "Host(`www.demo.test`) && PathPrefix(`/v1`)",
                "traefik.http.routers.c.rule": "Host(`demo.test`)",
            },
            ("demo.test", "www.demo.test"),
        ),
        ({"traefik.http.routers.a.rule": 'Host( "Demo.Test" ) && !Host(`b.test`)'}, ("demo.test",)),
    ],
    ids=["one", "two in a rule", "several rules", "other ways to write it"],
)
def test_hosts_are_those_of_the_routers_each_once_and_in_order(rules: dict[str, str], hosts: tuple[str, ...]) -> None:
    assert with_service(project(), "app", labels=rules).hosts == hosts


@pytest.mark.parametrize(
    "rules",
    [
        {"traefik.tcp.routers.a.rule": "HostSNI(`*`)", "traefik.http.routers.a.rule": "PathPrefix(`/`)"},
        {"traefik.http.routers.a.rule": "HostRegexp(`.+`)"},
        {"traefik.http.middlewares.a.rule": "Host(`demo.test`)"},
    ],
    ids=["no host", "any host", "no router"],
)
def test_a_stack_that_answers_to_no_name_is_refused(rules: dict[str, str]) -> None:
    with pytest.raises(WrongInput, match="names a host"):
        _ = with_service(project(), "app", labels=rules).hosts


def test_a_dollar_in_a_path_is_one_dollar() -> None:
    body = {
        "image": "a$$b",
        "build": {"context": "/srv/a$$b"},
        "volumes": [{"type": "bind", "source": "/srv/a$$b/c", "target": "/c"}],
    }
    service = parsed(worker=body).service("worker")
    assert service.image == "a$b"
    assert service.build is not None
    assert service.build.context == Path("/srv/a$b")
    assert service.binds == {"/c": Path("/srv/a$b/c")}


def test_several_hosts_are_read_from_a_document() -> None:
    assert with_hosts(parsed(), "demo.test", "www.demo.test").hosts == ("demo.test", "www.demo.test")


@pytest.mark.parametrize(("address", "port"), [(":443", 443), (":8443", 8443), ("0.0.0.0:443", 443), ("[::]:443", 443)])
def test_the_port_is_the_entry_points(address: str, port: int) -> None:
    assert with_environment(project(), TRAEFIK_ENTRYPOINTS_WEBSECURE_ADDRESS=address).https_port == port


@pytest.mark.parametrize("address", ["", ":", ":https", "443x"], ids=["none", "empty", "a word", "not a number"])
def test_an_entry_point_without_a_port_is_named_with_what_to_look_at(address: str) -> None:
    stack = with_environment(project(), TRAEFIK_ENTRYPOINTS_WEB_ADDRESS=address)
    with pytest.raises(WrongInput, match="entry point web has the address") as caught:
        stack.http_port  # noqa: B018 - looking is what raises
    assert "STACK_HTTP_PORT" in caught.value.hint


@pytest.mark.parametrize(
    ("entry_point", "path", "url"),
    [
        (":443", "/", "https://demo.test/"),
        (":443", "/docs", "https://demo.test/docs"),
        (":8443", "/docs", "https://demo.test:8443/docs"),
    ],
    ids=["the usual port", "a path", "another port"],
)
def test_an_address_names_its_port_only_when_it_is_another(entry_point: str, path: str, url: str) -> None:
    stack = with_environment(project(), TRAEFIK_ENTRYPOINTS_WEBSECURE_ADDRESS=entry_point)
    assert stack.url("demo.test", path) == url


@pytest.mark.parametrize(
    ("host_ip", "address"),
    [("", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("192.0.2.1", "192.0.2.1"), ("::1", "::1")],
)
def test_the_site_is_looked_at_where_it_is_published(host_ip: str, address: str) -> None:
    assert with_service(project(), "traefik", ports=(Port(80, 80), Port(443, 443, host_ip))).address == address


def test_an_acme_authority_is_known_by_directory_and_roots() -> None:
    stack = parsed()
    assert stack.ordered
    assert stack.acme_directory == "https://acme.example/directory"
    assert stack.roots == Path("/srv/demo/root.pem")


def test_a_public_authority_has_no_roots_of_its_own() -> None:
    assert project().roots is None


def test_roots_that_are_not_mounted_are_none() -> None:
    assert with_environment(parsed(), LEGO_CA_CERTIFICATES="/elsewhere.pem").roots is None


def test_the_local_authority_is_no_acme_authority() -> None:
    stack = with_environment(local_project(), LEGO_CA_CERTIFICATES="/run/acme-root.pem")
    assert (stack.ordered, stack.acme_directory, stack.roots) == (False, "", None)


@pytest.mark.parametrize(
    ("certificates", "directory", "rehearsal"),
    [
        ("acme", "https://acme-v02.api.letsencrypt.org/directory", DIRECTORIES[STAGING]),
        ("staging", "https://acme-staging-v02.api.letsencrypt.org/directory", ""),
        ("custom", "https://ca.example/dir", ""),
        ("files", "", ""),
    ],
)
def test_only_production_has_an_authority_to_try_an_order_with(
    certificates: str, directory: str, rehearsal: str
) -> None:
    stack = with_environment(project(), STACK_CERTIFICATES=certificates, STACK_ACME_DIRECTORY="https://ca.example/dir")
    assert (stack.acme_directory, stack.rehearsal_directory) == (directory, rehearsal)


@pytest.mark.parametrize(
    ("certificates", "storage"),
    [
        ("acme", "/tmp/acme.json"),
        ("staging", "/tmp/staging.json"),
        ("custom", "/tmp/custom-https-ca-example-14000-dir.json"),
    ],
)
def test_the_storage_is_where_the_entry_point_puts_it(certificates: str, storage: str) -> None:
    """As in test_proxy_entrypoint.py."""
    stack = with_environment(
        project(), STACK_CERTIFICATES=certificates, STACK_ACME_DIRECTORY="https://ca.example:14000/dir"
    )
    assert stack.acme_storage == storage


def test_forwarded_headers_are_believed_of_those_that_the_entry_point_names() -> None:
    stack = with_environment(project(), TRAEFIK_ENTRYPOINTS_WEBSECURE_FORWARDEDHEADERS_TRUSTEDIPS="192.0.2.0/24")
    assert (stack.trusted_proxies, stack.https_port, stack.external) == ("192.0.2.0/24", 443, False)


def test_where_https_ends_in_front_the_published_port_is_that_of_plain_http() -> None:
    environment = {
        "STACK_CERTIFICATES": "external",
        "TRAEFIK_ENTRYPOINTS_WEB_ADDRESS": ":8080",
        "TRAEFIK_ENTRYPOINTS_WEB_FORWARDEDHEADERS_TRUSTEDIPS": "10.0.0.0/8",
    }
    stack = with_service(project(), "traefik", environment=environment, ports=(Port(8080, 8080, "192.0.2.7"),))
    assert (stack.http_port, stack.https_port, stack.address) == (8080, 443, "192.0.2.7")
    assert (stack.url("demo.test"), stack.trusted_proxies) == ("https://demo.test/", "10.0.0.0/8")


def test_below_a_wildcard_one_name_is_asked_for() -> None:
    assert (sample("*.demo.test"), sample("demo.test")) == ("stack-check.demo.test", "demo.test")


def test_what_only_stack_reads_comes_from_an_extension() -> None:
    stack = project(
        extra={"resolvers": "192.0.2.1, 192.0.2.2:5353", "addresses": "", "acme_rehearsal": "https://x/dir"}
    )
    assert stack.name_servers == ("192.0.2.1", "192.0.2.2:5353")
    assert stack.addresses == ()
    assert stack.rehearsal_directory == "https://x/dir"


def test_the_edge_network_is_the_one_traefik_uses() -> None:
    assert parsed().edge == "demo_edge"
    assert with_service(parsed(), "traefik", environment={}).edge == "demo_edge"
    assert with_environment(parsed(), TRAEFIK_PROVIDERS_DOCKER_NETWORK="shared").edge == "shared"


@pytest.mark.parametrize(
    ("compose", "env", "expected"),
    [
        (["x: ${STACK_A:?set it}"], "", ("STACK_A",)),
        (["x: ${STACK_A?set it}"], "", ("STACK_A",)),
        (["x: ${STACK_A:?set it}"], "STACK_A=1\n", ()),
        (["x: ${STACK_A:?set it}"], "# STACK_A=1\n", ("STACK_A",)),
        (["x: ${STACK_A:?set it}"], "export STACK_A = 1\n", ()),
        (["x: ${STACK_A:?set it}"], "STACK_AB=1\n", ("STACK_A",)),
        (["x: ${STACK_A:-1} ${STACK_B-} ${STACK_C:+x} $STACK_D"], "", ()),
        (["x: $${STACK_A:?set it}"], "", ()),
        (["x: ${HOME:?set it}"], "", ()),
        (["x: ${STACK_B:?b} ${STACK_A:?a}", "y: ${STACK_B:?b}"], "", ("STACK_B", "STACK_A")),
    ],
    ids=[
        "lacking",
        "may be empty",
        "there",
        "commented out",
        "exported",
        "a longer name",
        "not demanded",
        "a literal dollar sign",
        "not ours",
        "each once, in order",
    ],
)
def test_settings_that_the_files_demand_and_env_lacks_are_found(
    compose: list[str], env: str, expected: tuple[str, ...]
) -> None:
    assert lacking(compose, env) == expected


def test_a_setting_is_its_whole_line() -> None:
    assert settings("# one\nSTACK_A='1 = 2'\n\n  STACK_B=\n") == {"STACK_A": "STACK_A='1 = 2'", "STACK_B": "STACK_B="}
