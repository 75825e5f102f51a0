"""The part of each platform's published schema that the examples use. A key that is not here is a fault:
look it up in the source named and add it.

A rule is a type, a set of the values allowed, a list with the rule of each element, a mapping with the rule
of each key ("!key" must be there, "*" is any other key), or a tuple of rules of which one must hold."""

import re

TEXT = (str, int)
STRINGS = [str]
DURATION = re.compile(r"(\d+(ms|s|m|h))+")
VARIABLES = ({"*": (str, int, bool)}, STRINGS)

# https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json, and what docker-compose
# 1.29 knows of it (its compose_spec.json): no "develop", "include", "required" or "attach".
COMPOSE_HEALTHCHECK = {
    "test": STRINGS, "interval": DURATION, "timeout": DURATION, "retries": int, "start_period": DURATION,
}
COMPOSE_SERVICE = {
    "build": (str, {"!context": str, "dockerfile": str, "target": str, "args": VARIABLES}),
    "image": str, "entrypoint": (str, STRINGS), "command": (str, STRINGS), "environment": VARIABLES,
    "depends_on": (STRINGS, {"*": {"!condition": {"service_started", "service_healthy",
                                                  "service_completed_successfully"}}}),
    "ports": STRINGS, "expose": [TEXT], "volumes": STRINGS, "secrets": STRINGS, "networks": STRINGS,
    "healthcheck": COMPOSE_HEALTHCHECK,
    "restart": {"no", "always", "on-failure", "unless-stopped"},
    "stop_grace_period": DURATION, "stop_signal": str, "init": bool, "user": TEXT, "read_only": bool,
    "tmpfs": (str, STRINGS), "cap_drop": STRINGS, "security_opt": STRINGS, "working_dir": str,
    "deploy": {
        "mode": {"global", "replicated"}, "replicas": int, "placement": {"constraints": STRINGS},
        "update_config": {"order": {"start-first", "stop-first"}, "parallelism": int, "delay": DURATION,
                          "failure_action": {"continue", "pause", "rollback"}},
        "restart_policy": {"condition": {"none", "on-failure", "any"}, "delay": DURATION,
                           "max_attempts": int},
    },
}
COMPOSE = {
    "version": {"3.8"}, "x-app": dict, "!services": {"*": COMPOSE_SERVICE},
    "volumes": {"*": (type(None), {"driver": str})}, "networks": {"*": (type(None), {"driver": str})},
    "secrets": {"*": {"external": bool, "file": str}},
}

# https://render.com/schema/render.yaml.json
RENDER_RUNTIMES = {"docker", "elixir", "go", "image", "node", "python", "ruby", "rust", "static"}
RENDER_PLANS = {"free", "starter", "standard", "pro", "pro plus", "basic-256mb", "basic-1gb", "basic-4gb"}
RENDER_REGIONS = {"oregon", "ohio", "frankfurt", "singapore", "virginia"}
RENDER = {
    "databases": [{
        "!name": str, "databaseName": str, "user": str, "plan": RENDER_PLANS, "region": RENDER_REGIONS,
        "postgresMajorVersion": {"13", "14", "15", "16", "17", "18"},
    }],
    "services": [{
        "!type": {"web", "worker", "pserv"}, "!name": str, "!runtime": RENDER_RUNTIMES,
        "plan": RENDER_PLANS, "region": RENDER_REGIONS, "rootDir": str, "branch": str,
        "dockerfilePath": str, "dockerContext": str, "dockerCommand": str,
        "buildCommand": str, "startCommand": str, "preDeployCommand": str,
        "healthCheckPath": str, "numInstances": int, "maxShutdownDelaySeconds": int,
        "envVars": [(
            {"!key": str, "!value": (str, int, float)},
            {"!key": str, "!fromDatabase": {
                "!name": str, "!property": {"connectionString", "connectionPoolString", "host", "port",
                                            "user", "password", "database"}}},
        )],
    }],
}

# https://docs.railway.com/config-as-code/reference
RAILWAY = {
    "!$schema": {"https://railway.com/railway.schema.json"},
    "build": {"builder": {"RAILPACK", "DOCKERFILE"}, "dockerfilePath": str, "watchPatterns": STRINGS},
    "deploy": {
        "startCommand": str, "preDeployCommand": STRINGS, "healthcheckPath": str, "healthcheckTimeout": int,
        "restartPolicyType": {"ON_FAILURE", "ALWAYS", "NEVER"}, "restartPolicyMaxRetries": int,
        "overlapSeconds": (int, str), "drainingSeconds": (int, str),
    },
}

# https://json.schemastore.org/fly.json and https://fly.io/docs/reference/configuration/
FLY = {
    "!app": str, "primary_region": str, "kill_timeout": (int, DURATION),
    "kill_signal": {"SIGINT", "SIGTERM", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGKILL", "SIGSTOP"},
    "build": {"dockerfile": str, "image": str, "build-target": str, "args": {"*": str}},
    "env": {"*": str},
    "deploy": {"release_command": str, "strategy": {"canary", "rolling", "bluegreen", "immediate"}},
    "processes": {"*": str},
    "http_service": {
        "!internal_port": int, "force_https": bool, "processes": STRINGS,
        "checks": [{"method": {"GET"}, "path": str, "interval": DURATION, "timeout": DURATION,
                    "grace_period": DURATION}],
    },
}

# https://kubernetes.io/docs/reference/kubernetes-api/ (Secret v1, Service v1, Deployment apps/v1)
PROBE = {
    "httpGet": {"!port": TEXT, "path": str}, "exec": {"!command": STRINGS},
    "periodSeconds": int, "timeoutSeconds": int, "failureThreshold": int, "initialDelaySeconds": int,
}
CONTAINER = {
    "!name": str, "!image": str, "imagePullPolicy": {"Always", "IfNotPresent", "Never"},
    "command": STRINGS, "args": STRINGS, "env": [{"!name": str, "!value": str}],
    "ports": [{"!containerPort": int, "name": str}],
    "startupProbe": PROBE, "livenessProbe": PROBE, "readinessProbe": PROBE,
    "volumeMounts": [{"!name": str, "!mountPath": str, "readOnly": bool}],
    "securityContext": {"readOnlyRootFilesystem": bool, "allowPrivilegeEscalation": bool,
                        "capabilities": {"drop": STRINGS}},
}
POD = {
    "!containers": [CONTAINER], "initContainers": [CONTAINER], "terminationGracePeriodSeconds": int,
    "securityContext": {"runAsNonRoot": bool, "runAsUser": int, "runAsGroup": int, "fsGroup": int},
    "volumes": [({"!name": str, "!secret": {"!secretName": str, "defaultMode": int}},
                 {"!name": str, "!emptyDir": {}})],
}
METADATA = {"!name": str, "labels": {"*": str}}
DEPLOYMENT = {
    "replicas": int, "!selector": {"!matchLabels": {"*": str}},
    "strategy": {"type": {"Recreate", "RollingUpdate"},
                 "rollingUpdate": {"maxSurge": TEXT, "maxUnavailable": TEXT}},
    "!template": {"!metadata": {"!labels": {"*": str}}, "!spec": POD},
}
KUBERNETES = (
    {"!apiVersion": {"v1"}, "!kind": {"Secret"}, "!metadata": METADATA, "stringData": {"*": str}},
    {"!apiVersion": {"v1"}, "!kind": {"Service"}, "!metadata": METADATA,
     "!spec": {"selector": {"*": str}, "!ports": [{"!port": int, "targetPort": TEXT, "name": str}]}},
    {"!apiVersion": {"apps/v1"}, "!kind": {"Deployment"}, "!metadata": METADATA, "!spec": DEPLOYMENT},
)

# https://devcenter.heroku.com/articles/procfile, read as {process type: command}
PROCFILE = {"web": str, "release": str, "worker": str}


def faults(value, rule, where):
    """What of value the rule does not allow, as messages that begin with where it stands."""
    if isinstance(rule, tuple):
        tried = [faults(value, one, where) for one in rule]
        return [] if [] in tried else max(tried, key=lambda messages: len(messages[0]))
    if isinstance(rule, dict):
        return faults_of_mapping(value, rule, where) if isinstance(value, dict) else [f"{where}: no mapping"]
    if isinstance(rule, list):
        elements = enumerate(value) if isinstance(value, list) else ()
        inside = [fault for at, one in elements for fault in faults(one, rule[0], f"{where}[{at}]")]
        return inside if isinstance(value, list) else [f"{where}: no list"]
    return [] if is_allowed(value, rule) else [f"{where}: {value!r} is not allowed"]


def is_allowed(value, rule):
    if isinstance(rule, (set, frozenset)):
        return value in rule
    if isinstance(rule, re.Pattern):
        return isinstance(value, str) and rule.fullmatch(value) is not None
    # True is an int for Python, but for no schema.
    return isinstance(value, rule) and (rule is bool or not isinstance(value, bool))


def faults_of_mapping(value, rule, where):
    needed = {key[1:] for key in rule if key.startswith("!")}
    found = [f'{where}: "{key}" is missing' for key in sorted(needed - value.keys())]
    for key, inner in value.items():
        inner_rule = rule.get(key, rule.get(f"!{key}", rule.get("*")))
        if inner_rule is None:
            found.append(f'{where}: unknown key "{key}"')
        else:
            found += faults(inner, inner_rule, f"{where}.{key}")
    return found
