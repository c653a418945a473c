"""kubectl is a client like any other: its commands, one by one, against a demo cluster."""

from __future__ import annotations

import base64
import contextlib
import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from demo_cluster.clock import RealClock
from demo_cluster.cluster import ClusterOptions
from demo_cluster.threaded import running_cluster

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl here")

_SECONDS = 60.0
_OBJECTS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: busybox:1.36
        command: [sh, -c, 'while true; do echo tick; sleep 1; done']
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: two, labels: {app: two}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: a
    image: busybox:1.36
    command: [sh, -c, 'echo from a; while read x; do echo got $x; done; sleep 1000']
    stdin: true
  - name: b
    image: busybox:1.36
    command: [sh, -c, 'mkdir /w; echo hello > /w/index.html; httpd -f -p 8080 -h /w']
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: "1"}
"""


_VOLUMES = """\
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk}
spec:
  capacity: {storage: 5Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: manual
  hostPath: {path: /disk}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: wanted}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: manual
  resources: {requests: {storage: 3Gi}}
"""
_PEM = "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"
_REQUEST = f"""\
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {{name: jane}}
spec:
  request: {base64.b64encode(_PEM.encode()).decode()}
  signerName: kubernetes.io/kube-apiserver-client
  usages: [client auth]
  expirationSeconds: 3600
"""


class Kubectl:
    """Runs kubectl in a folder of its own."""

    def __init__(self, folder: Path, kubeconfig: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "KUBECONFIG": str(kubeconfig),
            "TMPDIR": str(folder),
            "TZ": "UTC",
        }

    def run(self, command: str, stdin: str = "", **environment: str) -> tuple[int, str]:
        """Exit code and everything printed."""
        done = subprocess.run(
            ["kubectl", *shlex.split(command)],
            cwd=self.folder,
            env={**self.environment, **environment},
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """On a cluster with a deployment, a service, a pod of two containers and a configmap."""
    folder = tmp_path_factory.mktemp("kubectl")
    # Fast, and behind the machine's clock all the while: kubectl reckons ages by that one.
    clock = RealClock(speed=8, start=datetime.now(UTC) - timedelta(hours=1))
    with running_cluster(ClusterOptions(scenario="empty", clock=clock)) as running:
        made = Kubectl(folder, running.kubeconfig)
        (folder / "objects.yaml").write_text(_OBJECTS, encoding="utf-8")
        assert made.run("apply -f objects.yaml")[0] == 0
        for wanted in ("Available deploy/web", "Ready pod/two"):
            code, out = made.run(f"wait --for=condition={wanted} --timeout=40s")
            assert code == 0, out
        yield made


READS = (
    ("get pods", r"^NAME +READY +STATUS +RESTARTS +AGE\ntwo +2/2 +Running +0 +\w+\nweb-"),
    ("get pod two -o wide", r"IP +NODE +NOMINATED NODE +READINESS GATES\n.*10\.244\.[\d.]+ +node"),
    ("get pods -o name", r"^pod/two\npod/web-"),
    ("get pods --show-labels", r"LABELS\ntwo .* app=two\n"),
    ("get pods -L app --no-headers", r"^two .* two\n"),
    ("get pods -A", r"^NAMESPACE +NAME "),
    ("get pods --sort-by=.metadata.name", r"^NAME .*\ntwo .*\nweb-"),
    ("get pods -l app=web --field-selector=status.phase=Running", r"\nweb-.*\nweb-"),
    ("get pod two -o jsonpath={.spec.containers[*].name}", r"^a b$"),
    ("get pod two -o go-template={{.metadata.name}}", r"^two$"),
    ("get pod two -o custom-columns=N:.metadata.name,P:.status.phase", r"^N +P\ntwo +Running\n"),
    ("get cm settings -o yaml", r'^apiVersion: v1\ndata:\n  a: "1"\nkind: ConfigMap\n'),
    ("get cm settings -o json", r'"kind": "ConfigMap"'),
    ("get deploy,svc", r"deployment.apps/web +2/2 +2 +2 .*\n\nNAME(.|\n)*service/web +ClusterIP"),
    ("get pods -w --request-timeout=1s", r"^NAME .*\ntwo "),
    ("get pods nope", r'^Error from server \(NotFound\): pods "nope" not found\n'),
    ("get nonsense", r"the server doesn't have a resource type \"nonsense\""),
    ("get --raw /healthz", r"^ok$"),
    ("describe pod two", r"^Name: +two\n(.|\n)*Events:\n  Type +Reason "),
    ("describe deploy web", r"Replicas: +2 desired \| 2 updated \| 2 total \| 2 available"),
    ("describe rs -l app=web", r"Controlled By: +Deployment/web"),
    ("describe svc web", r"Endpoints: +10\.244\.[\d.]+:8080,10\.244\.[\d.]+:8080\n"),
    ("describe node node-1", r"Non-terminated Pods:(.|\n)*Allocated resources:"),
    ("describe cm settings", r"Data\n====\na:\n----\n1\n"),
    ("describe ns default", r"^Name: +default\n"),
    ("logs two -c a", r"^from a\n$"),
    ("logs two", r'^Defaulted container "a" out of: a, b\nfrom a\n'),
    ("logs two --all-containers --prefix", r"^\[pod/two/a\] from a\n"),
    ("logs two -c a --timestamps", r"^\d{4}-\d\d-\d\dT[\d:.]+Z from a\n$"),
    ("logs two -c a --limit-bytes=4", r"^from$"),
    ("logs two -c a -p", r'previous terminated container "a" in pod "two" not found'),
    ("logs deploy/web --tail=1", r"^Found 2 pods, using pod/web-.*\ntick\n$"),
    ("logs -l app=web --tail=1 --prefix", r"^\[pod/web-.*/main\] tick\n\[pod/web-"),
    ("exec two -c a -- echo hi", r"^hi\n$"),
    ("exec two -c a -- sh -c 'exit 3'", r"^command terminated with exit code 3\n$"),
    ("exec nope -- ls", r'^Error from server \(NotFound\): pods "nope" not found\n'),
    (
        "events --for pod/two",
        r"^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n(.|\n)* Scheduled +Pod/two ",
    ),
    ("top pods", r"^NAME +CPU\(cores\) +MEMORY\(bytes\) *\ntwo +\d+m +\d+Mi"),
    ("top nodes", r"^NAME +CPU\(cores\) +CPU.*\nnode-1 +\d+m +\d+% +\d+Mi +\d+%"),
    ("auth can-i list pods", r"^yes\n$"),
    ("auth can-i list pods --as nobody", r"^no\n$"),
    ("auth can-i --list", r"^Resources +Non-Resource URLs +Resource Names +Verbs\n\*\.\* "),
    ("auth whoami", r"Username +admin\n"),
    ("explain deploy.spec.replicas", r"DESCRIPTION:\n    Number of desired pods"),
    ("explain pod.spec --recursive", r"FIELDS:\n(.|\n)*containers\t<\[\]Container> -required-\n"),
    ("explain pod.spec.restartPolicy", r"<string>\nENUM:\n    Always\n    Never\n    OnFailure\n"),
    ("explain pod.spec.nodeName --output plaintext-openapiv2", r"FIELD: +nodeName <string>\n"),
    ("api-resources --api-group=apps", r"deployments +deploy +apps/v1 +true +Deployment\n"),
    ("api-versions", r"\napps/v1\n"),
    ("cluster-info", r"^Kubernetes control plane is running at https://127\.0\.0\.1:\d+\n"),
    ("version", r"\nServer Version: v1\.36\.\d+\n"),
    ("get cs", r"\nNAME +STATUS +MESSAGE +ERROR *\netcd-0 +Healthy +ok"),
    ("get svc kubernetes", r"\nkubernetes +ClusterIP +10\.96\.0\.1 +<none> +443/TCP"),
    ("get nodes.metrics.k8s.io", r"^NAME +CPU +MEMORY +WINDOW\nnode-1 +\d+n +\d+Ki +15s"),
    ("get events.events.k8s.io", r"^LAST SEEN +TYPE +REASON +OBJECT(.|\n)* Scheduled +pod/two "),
    ("get deploy web --subresource=scale", r"^NAME +DESIRED +AVAILABLE +AGE\nweb +2 +2 "),
    ("get pods --field-selector=foo=bar", r"field label not supported: foo\n"),
    ("get pods -l 'app in web'", r"unable to parse requirement: found 'web' expected: '\('\n"),
    ("describe priorityclass system-node-critical", r"PreemptionPolicy: +PreemptLowerPriority\n"),
    ("describe svc kubernetes", r"Endpoints: +192\.0\.2\.10:6443\n"),
    ("logs two --since=1h -c b", r"^$"),
    ("exec two -c a -- nosuch", r'exec: "nosuch": executable file not found in \$PATH: unknown\n'),
    ("wait --for=jsonpath={.status.phase}=Running pod/two", r"^pod/two condition met\n"),
    ("wait --for=create cm/settings", r"^configmap/settings condition met\n"),
    ("top pods --containers", r"^POD +NAME +CPU\(cores\) +MEMORY\(bytes\) *\ntwo +a +\d+m"),
    ("auth whoami --as=jane --as-group=dev", r"Username +jane\nGroups +\[dev system:authent"),
    ("certificate approve nope", r"\(NotFound\): certificatesigningrequests.* \"nope\" not found"),
)
"""Commands that only look, and what they print."""


@pytest.mark.parametrize(("command", "printed"), READS, ids=[command for command, _ in READS])
def test_a_look_prints_what_a_real_server_makes_kubectl_print(
    kubectl: Kubectl, command: str, printed: str
) -> None:
    _, out = kubectl.run(command)

    assert re.search(printed, out), out


CHANGES = (
    ("create ns own", r"^namespace/own created"),
    ("apply -n own -f objects.yaml", r"^deployment.apps/web created\nservice/web created\n"),
    ("apply -n own -f objects.yaml", r"^deployment.apps/web unchanged\n"),
    ("apply -n own -f misspelt.yaml", r'strict decoding error: unknown field "spec.replicaz"'),
    ("diff -n own -f changed.yaml", r"\n-        image: busybox:1\.36\n\+        image: "),
    ("rollout status -n own deploy/web --timeout=40s", r"successfully rolled out\n$"),
    ("apply -n own -f changed.yaml", r"^deployment.apps/web configured\n"),
    ("rollout status -n own deploy/web --timeout=40s", r"successfully rolled out\n$"),
    ("rollout history -n own deploy/web", r"\nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>\n"),
    ("rollout undo -n own deploy/web", r"^deployment.apps/web rolled back\n"),
    ("rollout restart -n own deploy/web", r"^deployment.apps/web restarted\n"),
    ("apply -n own --server-side -f unknown.yaml", r"\.spec: field not declared in schema\n"),
    ("create -n own cronjob c --image=a --schedule=bad", r"expected exactly 5 fields, found 1"),
    ("create priorityclass p --value=2000000000", r"value: Forbidden: maximum allowed value of"),
    ("create -n own service clusterip s --clusterip=1.2.3.4 --tcp=80", r"failed to allocate IP"),
    ("apply -n own -f volumes.yaml", r"/disk created\n(.|\n)*/wanted created\n"),
    ("wait -n own --for=jsonpath={.spec.volumeName}=disk pvc/wanted", r"/wanted condition met"),
    ("get pv disk", r" 5Gi +RWO +Retain +Bound +own/wanted +manual "),
    ("delete -n own pvc wanted", r'^persistentvolumeclaim "wanted" deleted'),
    ("get pv disk", r" 5Gi +RWO +Retain +Released +own/wanted +manual "),
    ("delete pv disk", r'^persistentvolume "disk" deleted'),
    ("apply -f request.yaml", r"/jane created\n"),
    ("certificate approve jane", r"/jane approved\n"),
    ("get csr jane", r" kubernetes.io/kube-apiserver-client +admin +60m +Approved"),
    ("run -n own once --image=busybox:1.36 --rm -i --restart=Never -- echo hi", r"(?m)^hi\n"),
    ("rollout pause -n own deploy/web", r"^deployment.apps/web paused\n"),
    ("rollout resume -n own deploy/web", r"^deployment.apps/web resumed\n"),
    ("scale -n own deploy/web --replicas=3", r"^deployment.apps/web scaled\n"),
    ("autoscale -n own deploy/web --min=1 --max=3 --cpu-percent=80", r"/web autoscaled\n"),
    ("expose -n own deploy/web --name=web2 --port=80", r"^service/web2 exposed\n"),
    ("set image -n own deploy/web main=busybox:1.37", r"^deployment.apps/web image updated\n"),
    ("set env -n own deploy/web A=1", r"^deployment.apps/web env updated\n"),
    ('patch -n own deploy/web -p \'{"spec":{"replicas":1}}\'', r"^deployment.apps/web patched\n"),
    ('patch -n own deploy/web -p \'{"spec":{"replicas":1}}\'', r"patched \(no change\)\n"),
    ("label -n own cm/settings x=y", r"^configmap/settings labeled\n"),
    ("label -n own cm/settings x=z", r"^error: 'x' already has a value \(y\)"),
    ("annotate -n own cm/settings note=hello", r"^configmap/settings annotated\n"),
    ("replace -n own -f settings.yaml", r"^configmap/settings replaced\n"),
    ("edit -n own cm settings", r"^configmap/settings edited\n"),
    ("get -n own cm settings -o jsonpath={.data}", r'^{"z":"9"}$'),
    ("apply -n own --server-side --force-conflicts -f settings.yaml", r"serverside-applied\n"),
    ("run -n own one --image=busybox:1.36 --restart=Never -- sleep 1000", r"^pod/one created\n"),
    ("wait -n own --for=condition=Ready pod/one --timeout=40s", r"^pod/one condition met\n"),
    ("cp objects.yaml own/one:/tmp/there.yaml", r"^$"),
    ("cp own/one:/tmp/there.yaml back.yaml", r"^(tar: .*\n)?$"),
    ("debug -n own one --image=busybox:1.36 -- true", r"Defaulting debug container name to debu"),
    ("create -n own job j --image=busybox:1.36 -- echo done", r"^job.batch/j created\n"),
    ("wait -n own --for=condition=complete job/j --timeout=40s", r"^job.batch/j condition met\n"),
    ("logs -n own job/j", r"^done\n$"),
    ("create -n own cronjob c --image=busybox --schedule='0 * * * *' -- true", r"c created\n"),
    ("create -n own configmap settings --from-literal=a=1", r'"settings" already exists\n'),
    ("create -n own secret generic s --from-literal=a=b", r"^secret/s created\n"),
    ("create -n own sa robot", r"^serviceaccount/robot created\n"),
    ("create -n own token robot", r"^\S{20,}$"),
    ("create -n own role r --verb=get --resource=pods", r"/r created\n"),
    ("create -n own rolebinding b --role=r --serviceaccount=own:robot", r"/b created\n"),
    ("auth can-i get pods -n own --as system:serviceaccount:own:robot", r"^yes\n$"),
    ("create -n own ingress i --rule=a.example.com/*=web:80", r"/i created\n"),
    ("create -n own pdb p --selector=app=web --min-available=1", r"/p created\n"),
    ("taint node node-1 a=b:NoSchedule", r"^node/node-1 tainted\n"),
    ("taint node node-1 a-", r"^node/node-1 untainted\n"),
    ("cordon node-1", r"^node/node-1 cordoned\n"),
    ("drain node-1 --pod-selector=run=one --force --timeout=40s", r"\nnode/node-1 drained\n"),
    ("uncordon node-1", r"^node/node-1 uncordoned\n"),
    ("delete -n own cm settings", r'^configmap "settings" deleted'),
    ("delete -n own svc --all", r'^service "web" deleted'),
    ("delete ns own --timeout=50s", r'^namespace "own" deleted'),
)
"""A life of a namespace: each command, and what it prints."""


def test_every_change_is_answered_as_by_a_real_server(kubectl: Kubectl) -> None:
    documents = list(yaml.safe_load_all(_OBJECTS))
    settings = {**documents[-1], "data": {"a": "2"}}
    files = {
        "misspelt.yaml": _OBJECTS.replace("replicas:", "replicaz:"),
        "changed.yaml": _OBJECTS.replace("busybox:1.36", "busybox:1.35", 1),
        "settings.yaml": yaml.safe_dump(settings),
        "unknown.yaml": yaml.safe_dump({**settings, "spec": {}}),
        "volumes.yaml": _VOLUMES,
        "request.yaml": _REQUEST,
    }
    for name, text in files.items():
        (kubectl.folder / name).write_text(text, encoding="utf-8")

    for command, printed in CHANGES:
        _, out = kubectl.run(command, KUBE_EDITOR='sed -i \'s/^  a: "2"/  z: "9"/\'')
        assert re.search(printed, out), f"kubectl {command}: {out}"

    assert (kubectl.folder / "back.yaml").read_text(encoding="utf-8") == _OBJECTS


@pytest.mark.parametrize("websockets", ["true", "false"])
def test_input_and_output_pass_whole_over_websockets_and_over_spdy(
    kubectl: Kubectl, websockets: str
) -> None:
    text = "".join(f"line {number}\n" for number in range(20_000))

    back = kubectl.run(
        "exec -i two -c a -- cat", text, KUBECTL_REMOTE_COMMAND_WEBSOCKETS=websockets
    )
    failed = kubectl.run(
        "exec two -c a -- sh -c 'exit 7'", KUBECTL_REMOTE_COMMAND_WEBSOCKETS=websockets
    )

    assert back == (0, text)
    assert failed == (7, "command terminated with exit code 7\n")


@pytest.mark.parametrize("websockets", ["true", "false"])
def test_a_forwarded_port_serves_what_listens_in_the_pod(kubectl: Kubectl, websockets: str) -> None:
    environment = {**kubectl.environment, "KUBECTL_PORT_FORWARD_WEBSOCKETS": websockets}
    process = subprocess.Popen(
        ["kubectl", "port-forward", "pod/two", ":8080", "--address=127.0.0.1"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = re.search(r"127\.0\.0\.1:(\d+) -> 8080", process.stdout.readline())
        assert port is not None
        pages = [_page(f"http://127.0.0.1:{port[1]}/") for _ in range(2)]
    finally:
        process.terminate()
        process.communicate()

    assert pages == ["hello\n", "hello\n"]


def _page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=_SECONDS) as response:
        text: str = response.read().decode()
    return text


def test_a_shell_in_a_terminal_echoes_edits_and_interrupts(kubectl: Kubectl) -> None:
    child, screen = pty.fork()
    if child == 0:
        words = ["kubectl", "exec", "-it", "two", "-c", "a", "--", "sh"]
        os.execvpe("kubectl", words, kubectl.environment)
    keys = (("/ # ", "tty\r"), ("/dev/pts/", "sleep 9999\r"), ("sleep 9999\r\n", "\x03"))
    shown = ""

    for wanted, typed in keys:
        shown = _until(screen, wanted)
        os.write(screen, typed.encode())
    _until(screen, "/ # ")
    os.write(screen, b"exit 5\r")
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 5, shown


def _until(screen: int, wanted: str) -> str:
    """What the terminal shows, up to the wanted text."""
    shown, deadline = "", time.monotonic() + _SECONDS
    while wanted not in shown and time.monotonic() < deadline:
        if select.select([screen], [], [], 0.1)[0]:
            with contextlib.suppress(OSError):
                shown += os.read(screen, 4096).decode()
    assert wanted in shown
    return shown


def test_an_approved_request_becomes_a_certificate_that_lets_its_owner_in(kubectl: Kubectl) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    names = [(NameOID.COMMON_NAME, "ann"), (NameOID.ORGANIZATION_NAME, "dev")]
    subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in names])
    asked = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, SHA256())
    pem = asked.public_bytes(Encoding.PEM)
    request = yaml.safe_load(_REQUEST)
    request["metadata"]["name"] = "ann"
    request["spec"]["request"] = base64.b64encode(pem).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (kubectl.folder / "ann.key").write_bytes(private)

    kubectl.run("apply -f -", yaml.safe_dump(request))
    kubectl.run("certificate approve ann")
    kubectl.run("wait --for=jsonpath={.status.certificate} csr/ann --timeout=20s")
    _, certificate = kubectl.run("get csr ann -o jsonpath={.status.certificate}")
    (kubectl.folder / "ann.crt").write_bytes(base64.b64decode(certificate))
    _, out = kubectl.run("auth whoami --client-certificate=ann.crt --client-key=ann.key")

    assert re.search(r"Username +ann\nGroups +\[dev system:authenticated\]\n", out), out
    assert " Approved,Issued\n" in kubectl.run("get csr ann")[1]
