"""Examples that the help of each command on a cluster shows. Data."""

from collections.abc import Mapping

_KEPT_AS_IT_STANDS = "\b\nExamples:\n"
"""Click breaks no lines of a paragraph that begins with a backspace."""

EXAMPLES: Mapping[str, str] = {
    "up": _KEPT_AS_IT_STANDS
    + """\
  kompose up                       run it, reach it on localhost, see its logs
  kompose up -d -n shop            run it in a namespace, made if missing
  kompose up --watch               and apply what changes when a file is saved
  kompose up --build --dry-run     say what would be done
  kompose up -d --prune            and remove what the file no longer has
  kompose up -d web --scale web=3  one service with what it needs
""",
    "down": _KEPT_AS_IT_STANDS
    + """\
  kompose down                     remove the project, keep its data
  kompose down -v -y               with its data, without a question
  kompose down web                 only one service
  kompose -p shop down             a project whose files are not here
""",
    "ps": _KEPT_AS_IT_STANDS
    + """\
  kompose ps                       every service of the project
  kompose ps --status trouble      those that need a look
  kompose ps --json                for programs
  kubectl describe pod $(kompose ps -q web)
""",
    "logs": _KEPT_AS_IT_STANDS
    + """\
  kompose logs                     all that was said
  kompose logs -f --tail 20 web    the last lines of one service, and on
  kompose logs --since 10m -t      what is new, with times
""",
    "diff": _KEPT_AS_IT_STANDS
    + """\
  kompose diff                     before kompose up
  kompose diff && echo alike       in a script
""",
    "exec": _KEPT_AS_IT_STANDS
    + """\
  kompose exec web sh              a shell
  kompose exec db redis-cli ping   one command
  kompose exec -T db sh -c 'cat > /tmp/dump' < dump
""",
    "restart": _KEPT_AS_IT_STANDS
    + """\
  kompose restart                  everything
  kompose restart web              one service, and wait until it is ready
""",
    "scale": _KEPT_AS_IT_STANDS
    + """\
  kompose scale web=3
  kompose scale web=3 worker=0
""",
    "build": _KEPT_AS_IT_STANDS
    + """\
  kompose build                    all images
  kompose build --push web         one, for the cluster to pull
""",
    "cp": _KEPT_AS_IT_STANDS
    + """\
  kompose cp web:/etc/nginx/nginx.conf .
  kompose cp dump.sql db:/tmp/
""",
    "events": _KEPT_AS_IT_STANDS
    + """\
  kompose events                   what happened, and on as it happens
  kompose events --no-follow web   of one service, up to now
""",
    "images": _KEPT_AS_IT_STANDS
    + """\
  kompose images                   what each container runs
  kompose images --format json     for programs
""",
    "ls": _KEPT_AS_IT_STANDS
    + """\
  kompose ls                       in all namespaces
  kompose ls -n shop               in one
""",
    "run": _KEPT_AS_IT_STANDS
    + """\
  kompose run --rm web pytest      with the image, variables and volumes of web
  kompose run --rm web sh          a shell, also when web does not run
  kompose run --rm --no-deps -e LEVEL=debug web ./migrate
""",
    "start": _KEPT_AS_IT_STANDS
    + """\
  kompose start                    everything that was stopped
  kompose start web
""",
    "stop": _KEPT_AS_IT_STANDS
    + """\
  kompose stop                     everything; kompose start brings it back
  kompose stop worker
""",
    "top": _KEPT_AS_IT_STANDS
    + """\
  kompose top                      every container
  kompose top web
""",
    "port": _KEPT_AS_IT_STANDS
    + """\
  kompose port web                 all its ports
  kompose port web 80              where the container's port 80 is reached
  kompose port --forward web       reach them from here
""",
}
