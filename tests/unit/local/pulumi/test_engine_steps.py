"""What the engine does with a program's wishes: the steps, their order, and the state that they leave."""

from __future__ import annotations

from typing import Any

import pytest

from cloud_local.pulumi.goals import Alias
from cloud_local.pulumi.options import Options
from cloud_local.pulumi.targets import UrnTargets
from cloud_local.pulumi.values import UNKNOWN, Secret

THING = "urn:pulumi:dev::shop::test:index:Thing::"


def test_a_new_resource_is_created_and_recorded_with_its_outputs(engine: Any) -> None:
    outcome = engine.up(lambda e: e.register("a", {"size": 1}))
    assert outcome.result == "succeeded"
    assert outcome.changes == {"create": 1}
    assert engine.cloud.things == {"a-1": {"size": 1}}
    state = engine.named("a")
    assert (state.id, state.inputs, state.outputs) == ("a-1", {"size": 1}, {"size": 1, "computed": "of a-1"})
    assert state.provider.startswith("urn:pulumi:dev::shop::pulumi:providers:test::default::")


def test_an_unchanged_resource_is_left_alone(engine: Any) -> None:
    engine.up(lambda e: e.register("a", {"size": 1}))
    outcome = engine.up(lambda e: e.register("a", {"size": 1}))
    assert outcome.changes == {"same": 1}
    assert engine.cloud.calls == ["create a"]


def test_a_change_is_an_update_in_place_and_the_event_says_what_changed(engine: Any) -> None:
    engine.up(lambda e: e.register("a", {"size": 1}))
    outcome = engine.up(lambda e: e.register("a", {"size": 2}))
    assert outcome.changes == {"update": 1}
    assert engine.cloud.things == {"a-1": {"size": 2}}
    (event,) = [
        e["resourcePreEvent"]["metadata"]
        for e in engine.events
        if "resourcePreEvent" in e and e["resourcePreEvent"]["metadata"]["op"] == "update"
    ]
    assert event["diffs"] == ["size"]
    assert event["detailedDiff"] == {"size": {"diffKind": "update", "inputDiff": False}}


def test_a_replacement_is_created_before_the_old_resource_is_deleted(engine: Any) -> None:
    engine.up(lambda e: e.register("a", {"kind": "x"}))
    outcome = engine.up(lambda e: e.register("a", {"kind": "y"}))
    assert outcome.changes == {"replace": 1}
    assert engine.cloud.calls == ["create a", "create a", "delete a-1"]
    assert engine.operations() == [("create-replacement", "a"), ("replace", "a"), ("delete-replaced", "a")]
    assert engine.named("a").id == "a-2"


def test_delete_before_replace_deletes_first_and_takes_dependents_along(engine: Any) -> None:
    def program(kind: str) -> Any:
        def run(e: Any) -> None:
            a = e.register("a", {"kind": kind}, delete_before_replace=True).state
            e.register("b", {"kind": a.outputs.get("computed", UNKNOWN)}, dependencies=[a.urn])

        return run

    engine.up(program("x"))
    engine.cloud.calls.clear()
    outcome = engine.up(program("y"))
    assert outcome.result == "succeeded"
    assert engine.cloud.calls == ["delete b-2", "delete a-1", "create a", "create b"]
    assert outcome.changes == {"replace": 2}
    assert not any(state.pending_replacement for state in engine.state.resources)


def test_the_provider_may_ask_for_deletion_first(engine: Any) -> None:
    engine.cloud.delete_first = True
    engine.up(lambda e: e.register("a", {"kind": "x"}))
    engine.up(lambda e: e.register("a", {"kind": "y"}))
    assert engine.cloud.calls == ["create a", "delete a-1", "create a"]


def test_what_the_program_no_longer_wants_is_deleted_dependents_first(engine: Any) -> None:
    def program(e: Any) -> None:
        a = e.register("a").state
        b = e.register("b", dependencies=[a.urn]).state
        e.register("c", dependencies=[b.urn])

    engine.up(program)
    engine.cloud.calls.clear()
    outcome = engine.up(lambda _e: None)
    assert engine.cloud.calls == ["delete c-3", "delete b-2", "delete a-1"]
    assert outcome.changes == {"delete": 3}
    assert engine.names() == []


def test_a_failed_creation_fails_the_update_and_leaves_what_was_made(engine: Any) -> None:
    engine.cloud.fail = {"create b"}

    def program(e: Any) -> None:
        e.register("a")
        e.register("b")
        e.register("c")

    outcome = engine.up(program)
    assert outcome.result == "failed"
    assert engine.names() == ["a"]
    assert "the cloud refused" in engine.messages("error")
    assert any("resOpFailedEvent" in event for event in engine.events)
    assert engine.state.pending_operations == []
    assert engine.cloud.calls == ["create a", "create b"]


def test_after_a_failure_old_resources_that_were_not_registered_again_stay(engine: Any) -> None:
    def program(e: Any) -> None:
        e.register("a", {"size": 1})
        e.register("b")

    engine.up(program)
    engine.cloud.fail = {"update a"}

    def changed(e: Any) -> None:
        e.register("a", {"size": 2})
        e.register("b")

    engine.up(changed)
    assert sorted(engine.names()) == ["a", "b"]
    assert engine.named("a").inputs == {"size": 1}


def test_with_continue_on_error_independent_resources_go_on_and_dependents_are_skipped(engine: Any) -> None:
    engine.cloud.fail = {"create a"}
    results = {}

    def program(e: Any) -> None:
        a = e.register("a")
        results["a"] = a.result
        results["b"] = e.register("b", dependencies=[a.state.urn]).result
        results["c"] = e.register("c").result

    outcome = engine.up(program, Options(continue_on_error=True))
    assert outcome.result == "failed"
    assert results == {"a": "fail", "b": "skip", "c": "success"}
    assert engine.names() == ["c"]


def test_a_program_that_fails_deletes_nothing(engine: Any) -> None:
    engine.up(lambda e: e.register("a"))

    def program(_e: Any) -> None:
        raise ValueError("an unhandled error occurred")

    outcome = engine.up(program)
    assert outcome.result == "failed"
    assert engine.names() == ["a"]
    assert "an unhandled error occurred" in engine.messages("error")


def test_a_protected_resource_is_neither_deleted_nor_replaced(engine: Any) -> None:
    engine.up(lambda e: e.register("a", {"kind": "x"}, protect=True))
    gone = engine.up(lambda _e: None)
    assert gone.result == "failed"
    assert "cannot be deleted\nbecause it is protected" in engine.messages("error")
    replaced = engine.up(lambda e: e.register("a", {"kind": "y"}, protect=True))
    assert replaced.result == "failed"
    assert "unable to replace resource" in engine.messages("error")
    assert engine.cloud.calls == ["create a"]
    assert engine.names() == ["a"]


def test_destroy_reports_every_protected_resource_and_deletes_the_others(engine: Any) -> None:
    def program(e: Any) -> None:
        e.register("a", protect=True)
        e.register("b", protect=True)
        e.register("c")

    engine.up(program)
    assert engine.destroy().result == "failed"
    assert engine.messages("error").count("is protected") == 2
    assert sorted(engine.cloud.things) == ["a-1", "b-2"]


def test_retain_on_delete_forgets_the_resource_but_keeps_it_in_the_cloud(engine: Any) -> None:
    engine.up(lambda e: e.register("a", retain_on_delete=True))
    engine.destroy()
    assert engine.cloud.things == {"a-1": {}}
    assert engine.names() == []


def test_deleted_with_leaves_the_deletion_to_the_other_resource(engine: Any) -> None:
    def program(e: Any) -> None:
        a = e.register("a").state
        e.register("b", deleted_with=a.urn)

    engine.up(program)
    engine.destroy()
    assert "delete b-2" not in engine.cloud.calls
    assert engine.names() == []


def test_ignored_changes_are_not_made(engine: Any) -> None:
    engine.up(lambda e: e.register("a", {"size": 1, "tags": {"x": "1", "y": "1"}}))
    outcome = engine.up(
        lambda e: e.register("a", {"size": 2, "tags": {"x": "2", "y": "1"}}, ignore_changes=["size", "tags.x"])
    )
    assert outcome.changes == {"same": 1}
    assert engine.named("a").inputs == {"size": 1, "tags": {"x": "1", "y": "1"}}


def test_replace_on_changes_replaces_where_the_provider_would_update(engine: Any) -> None:
    engine.up(lambda e: e.register("a", {"size": 1}, replace_on_changes=["size"]))
    outcome = engine.up(lambda e: e.register("a", {"size": 2}, replace_on_changes=["size"]))
    assert outcome.changes == {"replace": 1}


def test_an_alias_finds_the_resource_under_its_old_name(engine: Any) -> None:
    engine.up(lambda e: e.register("old", {"size": 1}))
    outcome = engine.up(lambda e: e.register("new", {"size": 1}, aliases=[Alias(name="old")]))
    assert outcome.changes == {"same": 1}
    assert engine.names() == ["new"]
    assert engine.cloud.calls == ["create old"]


def test_a_component_that_is_renamed_takes_its_children_along(engine: Any) -> None:
    def program(name: str, aliases: list[Alias]) -> Any:
        def run(e: Any) -> None:
            component = e.register(name, type_="my:mod:Group", custom=False, aliases=aliases).state
            e.register(f"{name}-part", parent=component.urn)

        return run

    engine.up(program("one", []))
    outcome = engine.up(program("two", [Alias(name="one")]))
    assert outcome.changes == {"same": 2}
    assert engine.names() == ["two", "two-part"]
    assert engine.named("two-part").parent == engine.named("two").urn


def test_two_resources_of_one_name_are_an_error(engine: Any) -> None:
    def program(e: Any) -> None:
        e.register("a")
        e.register("a")

    assert engine.up(program).result == "failed"
    assert "Duplicate resource URN" in engine.messages("error")


def test_inputs_that_the_provider_refuses_end_the_update_before_anything_is_made(engine: Any) -> None:
    assert engine.up(lambda e: e.register("a", {"bad": 1})).result == "failed"
    assert "test:index:Thing resource 'a': property bad value" in engine.messages("error")
    assert engine.cloud.calls == []


def test_a_preview_calls_nothing_writes_nothing_and_gives_no_id(engine: Any) -> None:
    seen = {}

    def program(e: Any) -> None:
        a = e.register("a", {"size": 1}).state
        seen["a"] = (a.id, a.outputs)
        e.register("b", {"from": UNKNOWN})

    outcome = engine.up(program, Options(dry_run=True))
    assert outcome.changes == {"create": 2}
    assert seen["a"] == ("", {"size": 1})
    assert engine.cloud.calls == []
    assert engine.saved == []


def test_an_unknown_input_in_an_update_is_an_error(engine: Any) -> None:
    assert engine.up(lambda e: e.register("a", {"size": UNKNOWN})).result == "failed"
    assert "unknown property value" in engine.messages("error")


def test_an_output_is_secret_when_its_input_is(engine: Any) -> None:
    engine.up(lambda e: e.register("a", {"password": Secret("correct horse"), "size": 1}))
    assert engine.named("a").outputs["password"] == Secret("correct horse")
    assert engine.named("a").inputs["password"] == Secret("correct horse")
    assert "correct horse" not in str(engine.events)


def test_additional_secret_outputs_are_secret(engine: Any) -> None:
    engine.up(lambda e: e.register("a", {"size": 1}, additional_secret_outputs=["computed"]))
    assert engine.named("a").outputs["computed"] == Secret("of a-1")


def test_an_import_takes_over_what_exists(engine: Any) -> None:
    engine.cloud.things["x-9"] = {"size": 7}
    outcome = engine.up(lambda e: e.register("a", {"size": 7}, import_id="x-9"))
    assert outcome.changes == {"import": 1}
    assert engine.cloud.calls == []
    assert engine.named("a").id == "x-9"
    again = engine.up(lambda e: e.register("a", {"size": 7}, import_id="x-9"))
    assert again.changes == {"same": 1}


def test_an_import_that_differs_from_the_program_is_followed_by_an_update(engine: Any) -> None:
    engine.cloud.things["x-9"] = {"size": 7}
    engine.up(lambda e: e.register("a", {"size": 8}, import_id="x-9"))
    assert engine.operations() == [("import", "a"), ("update", "a")]
    assert engine.cloud.things["x-9"] == {"size": 8}
    assert engine.names() == ["a"]


def test_an_import_of_what_does_not_exist_fails(engine: Any) -> None:
    assert engine.up(lambda e: e.register("a", import_id="nothing")).result == "failed"
    assert "resource 'nothing' does not exist" in engine.messages("error")


def test_refresh_finds_drift_and_what_is_gone(engine: Any) -> None:
    def program(e: Any) -> None:
        a = e.register("a", {"size": 1}).state
        e.register("b", dependencies=[a.urn])
        e.register("c")

    engine.up(program)
    engine.cloud.things["a-1"] = {"size": 5}
    del engine.cloud.things["c-3"]
    outcome = engine.refresh()
    assert outcome.changes == {"update": 1, "same": 1, "delete": 1}
    assert engine.named("a").outputs["size"] == 5
    assert engine.names() == ["a", "b"]
    assert engine.up(program).changes == {"update": 1, "same": 1, "create": 1}


def test_up_with_refresh_sees_the_drift_first(engine: Any) -> None:
    engine.up(lambda e: e.register("a", {"size": 1}))
    engine.cloud.things["a-1"] = {"size": 5}
    outcome = engine.up(lambda e: e.register("a", {"size": 1}), refresh=True)
    assert outcome.changes == {"update": 1}
    assert engine.cloud.things["a-1"] == {"size": 1}


def test_only_targets_are_updated_and_other_creations_are_skipped(engine: Any) -> None:
    engine.up(lambda e: e.register("a", {"size": 1}))

    def program(e: Any) -> None:
        e.register("a", {"size": 2})
        e.register("b")

    outcome = engine.up(program, Options(targets=UrnTargets([f"{THING}a"])))
    assert outcome.result == "succeeded"
    assert engine.cloud.things == {"a-1": {"size": 2}}
    assert engine.names() == ["a"]


def test_an_unknown_target_is_an_error(engine: Any) -> None:
    outcome = engine.up(lambda e: e.register("a"), Options(targets=UrnTargets([f"{THING}zz"])))
    assert outcome.result == "failed"
    assert "could not be found in the stack" in engine.messages("error")


def test_a_resource_named_by_replace_is_replaced(engine: Any) -> None:
    engine.up(lambda e: e.register("a", {"size": 1}))
    outcome = engine.up(lambda e: e.register("a", {"size": 1}), Options(replace_targets=UrnTargets([f"{THING}a"])))
    assert outcome.changes == {"replace": 1}


def test_destroying_a_target_with_dependents_needs_their_consent(engine: Any) -> None:
    def program(e: Any) -> None:
        a = e.register("a").state
        e.register("b", dependencies=[a.urn])

    engine.up(program)
    target = UrnTargets([f"{THING}a"])
    assert engine.destroy(Options(targets=target)).result == "failed"
    assert "was not specified in --target list" in engine.messages("error")
    assert engine.destroy(Options(targets=target, target_dependents=True)).result == "succeeded"
    assert engine.cloud.things == {}


def test_resources_of_a_provider_that_must_be_replaced_are_replaced(engine: Any) -> None:
    def program(region: str) -> Any:
        def run(e: Any) -> None:
            provider = e.register("p", {"region": region}, type_="pulumi:providers:test").state
            e.register("a", provider=f"{provider.urn}::{provider.id}")

        return run

    engine.up(program("here"))
    outcome = engine.up(program("there"))
    assert outcome.result == "succeeded"
    assert engine.cloud.calls == ["create a", "create a", "delete a-1"]


def test_a_default_provider_gets_the_packages_configuration(engine: Any) -> None:
    from cloud_local.pulumi.configuration import ConfigValue

    engine.config = {
        "test:region": ConfigValue("here", False, False, "here"),
        "shop:x": ConfigValue("y", False, False, "y"),
    }
    engine.up(lambda e: e.register("a"))
    (provider,) = [s for s in engine.state.resources if s.type == "pulumi:providers:test"]
    assert provider.inputs == {"region": "here"}


def test_stack_outputs_of_a_failed_update_keep_the_old_ones(engine: Any) -> None:
    def program(outputs: dict[str, Any], *names: str) -> Any:
        def run(e: Any) -> None:
            stack = e.register("shop-dev", type_="pulumi:pulumi:Stack", custom=False).state
            e.deployment.register_outputs(stack.urn, outputs)
            for name in names:
                e.register(name)

        return run

    engine.up(program({"x": 1, "y": 1}))
    engine.cloud.fail = {"create a"}
    engine.up(program({"x": 2}, "a"))
    assert engine.named("shop-dev").outputs == {"x": 2, "y": 1}
    engine.up(program({"x": 3}))
    assert engine.named("shop-dev").outputs == {"x": 3}


@pytest.mark.parametrize("kind", ["create", "update", "delete"])
def test_a_pending_operation_is_on_disk_before_the_provider_is_called(engine: Any, kind: str) -> None:
    if kind != "create":
        engine.up(lambda e: e.register("a", {"size": 1}))
    engine.saved.clear()
    engine.cloud.fail = {f"{kind} a"}
    engine.up((lambda e: e.register("a", {"size": 2})) if kind != "delete" else (lambda _e: None))
    pending = [[(o.type, o.resource.urn) for o in s.pending_operations] for s in engine.saved]
    assert [(f"{kind.removesuffix('e')}ing", f"{THING}a")] in pending
    assert engine.state.pending_operations == []


def test_an_old_pending_creation_is_kept_and_warned_of(engine: Any) -> None:
    from cloud_local.pulumi.checkpoint import Operation
    from cloud_local.pulumi.resource_state import ResourceState

    lost = ResourceState(f"{THING}lost", "test:index:Thing", True)
    engine.state.pending_operations = [Operation(lost, "creating"), Operation(lost, "updating")]
    engine.up(lambda e: e.register("a"))
    assert "interrupted while creating" in engine.messages("warning")
    assert [(o.type, o.resource.urn) for o in engine.state.pending_operations] == [("creating", f"{THING}lost")]
