"""Who depends on whom among the resources of a snapshot (pkg/resource/graph of the engine).

The list is in dependency order: whatever a resource needs stands before it. Several states may share a URN, so the
graph is of states, found by identity.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .resource_state import ResourceState


class DependencyGraph:
    """A dependency graph of resource states."""

    def __init__(self, resources: Iterable[ResourceState]) -> None:
        self._resources = list(resources)
        self._index = {id(resource): index for index, resource in enumerate(self._resources)}
        self._children: dict[str, list[int]] = {}
        self._index_children()

    def _index_children(self) -> None:
        """For each component the positions of all that is below it, at any depth."""
        parents: dict[str, str] = {}
        for index, resource in enumerate(self._resources):
            parents[resource.urn] = resource.parent
            ancestor = resource.parent
            while ancestor:
                self._children.setdefault(ancestor, []).append(index)
                ancestor = parents.get(ancestor, "")

    def __contains__(self, resource: ResourceState) -> bool:
        return id(resource) in self._index

    def alias(self, new: ResourceState, existing: ResourceState) -> None:
        """`new` stands where `existing` does: it was refreshed."""
        self._index[id(new)] = self._index[id(existing)]

    def depending_on(
        self, resource: ResourceState, ignore: Collection[str] = (), *, include_children: bool = False
    ) -> list[ResourceState]:
        """All that needs the resource, directly or not, in dependency order."""
        urns = {resource.urn}
        found = []
        for candidate in self._resources[self._index[id(resource)] + 1 :]:
            if candidate.urn in ignore:
                continue
            needs = set(candidate.dependency_urns(parent=include_children))
            if needs & urns or candidate.provider_urn in urns:
                found.append(candidate)
                urns.add(candidate.urn)
        return found

    def dependencies_of(self, resource: ResourceState) -> list[ResourceState]:
        """What the resource needs directly: dependencies, provider, parent, and all inside a component it depends on."""
        position = self._index[id(resource)]
        urns = {*resource.dependency_urns(parent=False), resource.provider_urn} - {""}
        found: dict[int, ResourceState] = {}
        for index in range(position - 1, -1, -1):
            candidate = self._resources[index]
            if candidate.urn in urns:
                found[index] = candidate
                if not candidate.custom:
                    for child in self._children.get(candidate.urn, ()):
                        if child < position:
                            found[child] = self._resources[child]
            if candidate.urn == resource.parent:
                found[index] = candidate
        return list(found.values())

    def transitive_dependencies_of(self, resource: ResourceState) -> list[ResourceState]:
        """Everything that the resource needs, directly or not, without itself."""
        found: dict[int, ResourceState] = {}
        todo = [resource]
        while todo:
            for dependency in self.dependencies_of(todo.pop()):
                if id(dependency) not in found:
                    found[id(dependency)] = dependency
                    todo.append(dependency)
        return list(found.values())


def antichains(graph: DependencyGraph, condemned: Iterable[ResourceState]) -> list[list[ResourceState]]:
    """Split resources that are to be deleted into groups: each group may go in parallel, after the groups before it.

    Whatever needs a resource is in an earlier group than the resource.
    """
    left = {id(resource): resource for resource in condemned}
    groups = []
    while left:
        free = [r for r in left.values() if not any(id(d) in left for d in graph.dependencies_of(r))]
        for resource in free:
            del left[id(resource)]
        groups.append(free)
    groups.reverse()
    return groups
