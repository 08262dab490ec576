"""The manifests of Kubernetes fit together, allow as little as Compose does, and name settings that exist.

`make kubernetes` renders them and asks Kubernetes' own schemas. Here they are read as they lie.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from earthgan import __version__
from earthgan_gateway import Settings
from places import ROOT

BASE = ROOT / "deploy" / "kubernetes" / "base"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
KUSTOMIZATION = yaml.safe_load((BASE / "kustomization.yaml").read_text())
OWN = yaml.safe_load((BASE.parent / "own-surrogate" / "kustomization.yaml").read_text())
#: The Redis of Compose, by its digest. `test_images.py` looks at the rest of this file.
REDIS = re.findall(r"^REDIS_IMAGE=(.*)$", (ROOT / "deploy" / "pinned.env").read_text(), re.MULTILINE)[0]
Object = dict[str, Any]

OBJECTS: list[Object] = [
    each for name in KUSTOMIZATION["resources"] for each in yaml.safe_load_all((BASE / name).read_text())
]


def of_kind(kind: str) -> dict[str, Object]:
    """The objects of a kind, by name."""
    return {each["metadata"]["name"]: each for each in OBJECTS if each["kind"] == kind}


DEPLOYMENTS = of_kind("Deployment")
PODS = {name: each["spec"]["template"]["spec"] for name, each in DEPLOYMENTS.items()}


def labels(name: str) -> dict[str, str]:
    """The labels of a deployment's pods."""
    found: dict[str, str] = DEPLOYMENTS[name]["spec"]["template"]["metadata"]["labels"]
    return found


def weaknesses(pod: Object) -> list[str]:
    """What a pod may do that it need not, and what it lacks."""
    context = pod.get("securityContext", {})
    found = [
        *(["runs as root"] if context.get("runAsNonRoot") is not True or not context.get("runAsUser") else []),
        *(["no seccomp"] if context.get("seccompProfile") != {"type": "RuntimeDefault"} else []),
        *(["has a token of the cluster"] if pod.get("automountServiceAccountToken") is not False else []),
        # A service of the same namespace could set a variable that begins like a setting.
        *(["gets variables of services"] if pod.get("enableServiceLinks") is not False else []),
        *(["shares the machine"] if any(pod.get(each) for each in ("hostNetwork", "hostPID", "hostIPC")) else []),
        *(["mounts the machine"] if any("hostPath" in each for each in pod.get("volumes", ())) else []),
    ]
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        own, resources = container.get("securityContext", {}), container.get("resources", {})
        checks = {
            "may write to its root": own.get("readOnlyRootFilesystem") is not True,
            "may get new privileges": own.get("allowPrivilegeEscalation") is not False or own.get("privileged"),
            "has capabilities": own.get("capabilities") != {"drop": ["ALL"]},
            "has no limit of memory": not resources.get("limits", {}).get("memory"),
            "asks for nothing": not {"cpu", "memory"} <= set(resources.get("requests", {})),
            "lacks a probe": container in pod["containers"]
            and not {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container),
        }
        found += [f"{container['name']} {name}" for name, holds in checks.items() if holds]
    return found


@pytest.mark.parametrize("name", PODS)
def test_every_container_may_do_little_and_has_probes_and_limits(name: str) -> None:
    assert weaknesses(PODS[name]) == []


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("securityContext", "runAsNonRoot"), False, "runs as root"),
        (("securityContext", "seccompProfile"), None, "no seccomp"),
        (("enableServiceLinks",), True, "gets variables of services"),
        (("containers", 0, "securityContext", "readOnlyRootFilesystem"), False, "may write to its root"),
        (("containers", 0, "securityContext", "capabilities"), {"drop": ["ALL"], "add": ["SYS_ADMIN"]}, "has capa"),
        (("initContainers", 0, "resources", "limits"), {}, "has no limit of memory"),
        (("containers", 0, "livenessProbe"), ..., "lacks a probe"),
    ],
)
def test_a_weakness_is_seen(path: tuple[Any, ...], value: Any, told: str) -> None:
    pod = json.loads(json.dumps(PODS["torchserve"]))  # without the parts that YAML shares
    place = pod
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    (weakness,) = weaknesses(pod)
    assert told in weakness


@pytest.mark.parametrize("name", PODS)
def test_every_mount_has_a_volume_and_every_volume_a_mount_and_a_size(name: str) -> None:
    containers = (*PODS[name].get("initContainers", ()), *PODS[name]["containers"])
    mounted = {each["name"] for container in containers for each in container["volumeMounts"]}
    volumes = {each["name"]: each for each in PODS[name]["volumes"]}
    assert mounted == set(volumes)
    assert all(each["emptyDir"]["sizeLimit"] for each in volumes.values())


def test_every_selector_finds_the_pods_that_it_means() -> None:
    for name, each in DEPLOYMENTS.items():
        assert each["spec"]["selector"]["matchLabels"] == labels(name)
    assert len({str(labels(name)) for name in DEPLOYMENTS}) == len(DEPLOYMENTS)
    for name, each in of_kind("Service").items():
        assert each["spec"]["selector"] == labels(name)
        ports = {port["name"] for container in PODS[name]["containers"] for port in container["ports"]}
        assert {port["targetPort"] for port in each["spec"]["ports"]} <= ports
    for name, each in of_kind("PodDisruptionBudget").items():
        assert each["spec"]["selector"]["matchLabels"] == labels(name)
    assert set(of_kind("PodDisruptionBudget")) == {"gateway", "torchserve"}


def test_an_autoscaler_alone_sets_the_number_of_its_pods() -> None:
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in of_kind("HorizontalPodAutoscaler").values()}
    assert scaled == {"gateway", "torchserve"}
    assert {name for name, each in DEPLOYMENTS.items() if "replicas" in each["spec"]} == set(DEPLOYMENTS) - scaled


def test_model_servers_are_scaled_by_a_metric_that_gateways_export() -> None:
    (metric,) = of_kind("HorizontalPodAutoscaler")["torchserve"]["spec"]["metrics"]
    assert metric["object"]["describedObject"]["name"] in of_kind("Service")
    name = metric["object"]["metric"]["name"]
    dashboard = (ROOT / "services" / "gateway" / "grafana" / "earthgan.json").read_text()
    assert name in dashboard  # a test of the dashboard compares it with what the gateway exports
    annotations = of_kind("Service")["gateway"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(PODS["gateway"]["containers"][0]["ports"][0]["containerPort"])


def test_the_network_lets_gateways_ask_and_nobody_else() -> None:
    policies = of_kind("NetworkPolicy")
    assert policies["nobody"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert set(policies) == {"nobody", *DEPLOYMENTS}
    asked = {}
    for rule in policies["gateway"]["spec"]["egress"]:
        for peer in rule["to"]:
            if "podSelector" in peer:
                asked[str(peer["podSelector"]["matchLabels"])] = [port["port"] for port in rule["ports"]]
            else:
                assert {port["port"] for port in rule["ports"]} == {53}
    for name in DEPLOYMENTS:
        spec = policies[name]["spec"]
        assert spec["podSelector"]["matchLabels"] == labels(name)
        assert spec["policyTypes"] == ["Ingress", "Egress"]
        (rule,) = spec["ingress"]
        own = [port["containerPort"] for container in PODS[name]["containers"] for port in container["ports"]]
        assert [port["port"] for port in rule["ports"]] == own
        if name != "gateway":
            assert rule["from"] == [{"podSelector": {"matchLabels": labels("gateway")}}]
            assert asked.pop(str(labels(name))) == own
            assert "egress" not in spec
    assert not asked


def settings(kustomization: Object) -> dict[str, str]:
    """The gateway's settings that a kustomization writes."""
    (generator,) = kustomization["configMapGenerator"]
    assert generator["name"] == "gateway"
    return dict(each.split("=", 1) for each in generator["literals"])


@pytest.mark.parametrize("kustomization", [KUSTOMIZATION, OWN], ids=["base", "own-surrogate"])
def test_every_setting_is_one_of_the_gateways(kustomization: Object) -> None:
    said = {name.removeprefix("EARTHGAN_").lower(): value for name, value in settings(kustomization).items()}
    assert set(said) <= set(Settings.model_fields)
    Settings.model_validate(said)
    assert PODS["gateway"]["containers"][0]["envFrom"] == [{"configMapRef": {"name": "gateway"}}]


def test_settings_lead_to_services() -> None:
    for name, value in settings(KUSTOMIZATION).items():
        if name.endswith("_URL"):
            address = urlsplit(value)
            service = of_kind("Service")[str(address.hostname)]
            assert address.port in [port["port"] for port in service["spec"]["ports"]]


def test_probes_ask_what_operations_says() -> None:
    (gateway,) = PODS["gateway"]["containers"]
    asked = {probe: gateway[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "readiness", "liveness")}
    assert asked == {"startup": "/readyz", "readiness": "/servez", "liveness": "/healthz"}
    (server,) = PODS["torchserve"]["containers"]
    assert server["readinessProbe"]["exec"]["command"] == ["python", "/app/health.py"]


def test_a_cluster_gives_what_compose_gives() -> None:
    units = {"g": "Gi", "m": "Mi"}
    for name in DEPLOYMENTS:
        limit = re.sub("[gm]$", lambda unit: units[unit[0]], COMPOSE[name]["mem_limit"])
        assert PODS[name]["containers"][0]["resources"]["limits"]["memory"] == limit
    assert PODS["redis"]["containers"][0]["args"] == COMPOSE["redis"]["command"]
    assert PODS["redis"]["containers"][0]["image"] == REDIS
    assert f"{PODS['gateway']['terminationGracePeriodSeconds']}s" == COMPOSE["gateway"]["stop_grace_period"]


def test_every_image_of_ours_is_of_this_version() -> None:
    ours = {each["name"]: each for each in KUSTOMIZATION["images"]}
    used = {
        container["image"]
        for pod in PODS.values()
        for container in (*pod.get("initContainers", ()), *pod["containers"])
    }
    assert used == {*ours, REDIS}
    assert {each["newTag"] for each in ours.values()} == {__version__}


def test_a_surrogate_of_yours_reaches_both_who_read_it() -> None:
    patches = {each["metadata"]["name"]: each for each in (yaml.safe_load(p["patch"]) for p in OWN["patches"])}
    gateway = patches["gateway"]["spec"]["template"]["spec"]["containers"][0]
    packer = patches["torchserve"]["spec"]["template"]["spec"]["initContainers"][0]
    assert gateway["name"] == PODS["gateway"]["containers"][0]["name"]
    assert packer["name"] == PODS["torchserve"]["initContainers"][0]["name"]
    assert gateway["volumeMounts"][0]["mountPath"] == settings(OWN)["EARTHGAN_SURROGATE"]
    assert packer["volumeMounts"][0]["mountPath"] == "/model_store/default"
