"""The sixteen-stack graph of 5-stacks.md with the scripted durations that the issue names."""

from __future__ import annotations

DEPENDENCIES: dict[str, tuple[str, ...]] = {
    "network": (),
    "dns": (),
    "security": ("network",),
    "secrets": ("security",),
    "storage": ("security",),
    "authentication": ("security",),
    "services-ecr": ("security",),
    "services-ecs": ("network", "security"),
    "services-eks": ("network", "security"),
    "database-rds": ("network", "security", "secrets"),
    "containers-images": ("services-ecr", "security"),
    "compute-ec2": ("network", "security", "storage"),
    "compute-lambda": ("network", "security", "storage", "secrets", "database-rds"),
    "containers-apps": ("services-ecs", "containers-images", "secrets", "storage", "database-rds"),
    "services-api": ("authentication", "compute-lambda", "dns"),
    "monitoring": (
        "network",
        "database-rds",
        "services-ecs",
        "services-eks",
        "services-api",
        "compute-ec2",
        "compute-lambda",
        "containers-apps",
    ),
}

SECONDS: dict[str, float] = {
    "network": 2,
    "dns": 1,
    "security": 1,
    "secrets": 0.5,
    "storage": 1,
    "authentication": 1,
    "services-ecr": 0.5,
    "services-ecs": 3,
    "services-eks": 8,
    "database-rds": 6,
    "containers-images": 2,
    "compute-ec2": 3,
    "compute-lambda": 1,
    "containers-apps": 3,
    "services-api": 1,
    "monitoring": 1,
}


def critical_path() -> list[str]:
    """The longest path, first stack first."""
    ends: dict[str, float] = {}

    def end(stack: str) -> float:
        if stack not in ends:
            ends[stack] = SECONDS[stack] + max((end(other) for other in DEPENDENCIES[stack]), default=0.0)
        return ends[stack]

    path = [max(DEPENDENCIES, key=end)]
    while DEPENDENCIES[path[0]]:
        path.insert(0, max(DEPENDENCIES[path[0]], key=end))
    return path


def manifest(deployment_id: str, scale: float) -> str:
    """The manifest, every stack scripted to its duration × ``scale``."""
    lines = [
        "version: 1",
        f"deployment: {{id: {deployment_id}, org: bench, project: bench}}",
        'environments: {dev: {enabled: true, account: "111111111111", region: us-east-1}}',
        "policy: {max_parallel: 16}",
        "stacks:",
    ]
    for stack, dependencies in DEPENDENCIES.items():
        script = f"{{seconds: {SECONDS[stack] * scale}, resources: 1}}"
        lines.append(f"  {stack}: {{dependencies: [{', '.join(dependencies)}], config: {{script: {script}}}}}")
    return "\n".join(lines) + "\n"
