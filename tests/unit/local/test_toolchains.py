"""Package managers of programs find the user's registries, and caches that outlive a run."""

from __future__ import annotations

from pathlib import Path

from cloud_local.toolchains import toolchain_environment


def test_caches_lie_in_the_folder_that_is_kept(tmp_path: Path) -> None:
    found = toolchain_environment({}, tmp_path)
    assert found["NPM_CONFIG_CACHE"] == str(tmp_path / "npm")
    assert found["GOMODCACHE"] == str(tmp_path / "go" / "modules")
    assert set(found) == {"NPM_CONFIG_CACHE", "GOMODCACHE", "GOCACHE", "PIP_CACHE_DIR", "UV_CACHE_DIR"}


def test_the_users_registries_are_passed_on_and_nothing_else_is(tmp_path: Path) -> None:
    host = {
        "NPM_CONFIG_REGISTRY": "https://npm.example.com",
        "npm_config_cafile": "/ca.pem",
        "PIP_INDEX_URL": "https://pip.example.com",
        "GOPROXY": "https://go.example.com",
        "GOPATH": "/home/ann/go",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "PIP_CERT": "",
    }
    found = toolchain_environment(host, tmp_path)
    given = {name: value for name, value in found.items() if not value.startswith(str(tmp_path))}
    assert given == {
        name: host[name] for name in ("NPM_CONFIG_REGISTRY", "npm_config_cafile", "PIP_INDEX_URL", "GOPROXY")
    }


def test_a_cache_that_the_user_chose_is_the_users(tmp_path: Path) -> None:
    found = toolchain_environment({"npm_config_cache": "/var/cache/npm"}, tmp_path)
    assert found["npm_config_cache"] == "/var/cache/npm"
    assert "NPM_CONFIG_CACHE" not in found


def test_settings_files_of_the_users_home_are_named(tmp_path: Path) -> None:
    (tmp_path / ".npmrc").touch()
    found = toolchain_environment({"HOME": str(tmp_path)}, tmp_path / "caches")
    assert found["NPM_CONFIG_USERCONFIG"] == str(tmp_path / ".npmrc")
    assert "PIP_CONFIG_FILE" not in found
