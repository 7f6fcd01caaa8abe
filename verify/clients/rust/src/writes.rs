// SPDX-License-Identifier: Apache-2.0

//! Every way to write, discovery, and a watch of it all.

use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::discovery::Discovery;
use kube::{Client, ResourceExt};
use serde_json::json;

use crate::{NAMESPACE, object, refusal};

pub async fn write(client: &Client) -> Result<()> {
    let discovery = Discovery::new(client.clone()).run_aggregated().await?;
    ensure!(discovery.has_group("apps"), "no group apps");
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    let settings: ConfigMap = object(json!({"metadata": {"name": "settings"}, "data": {"a": "1"}}))?;
    let created = maps.create(&PostParams::default(), &settings).await?;
    let again = refusal(maps.create(&PostParams::default(), &settings).await)?;
    ensure!(again == 409, "created twice: {again}");
    let patch = PatchParams::default();
    maps.patch("settings", &patch, &Patch::Strategic(json!({"data": {"b": "2"}}))).await?;
    maps.patch("settings", &patch, &Patch::Merge(json!({"data": {"a": null}}))).await?;
    let applied = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"b": "mine"}});
    let conflict = refusal(maps.patch("settings", &PatchParams::apply("walk"), &Patch::Apply(&applied)).await)?;
    ensure!(conflict == 409, "a field of another manager: {conflict}");
    let now = maps.patch("settings", &PatchParams::apply("walk").force(), &Patch::Apply(&applied)).await?;
    let data = serde_json::to_value(&now.data)?;
    ensure!(data == json!({"b": "mine"}), "data is {data}");
    let stale = refusal(maps.replace("settings", &PostParams::default(), &created).await)?;
    ensure!(stale == 409, "an old revision: {stale}");
    maps.delete("settings", &DeleteParams::default()).await?;
    let from = created.resource_version().unwrap_or_default();
    let named = WatchParams::default().fields("metadata.name=settings");
    let mut events = maps.watch(&named, &from).await?.boxed();
    let mut seen = Vec::new();
    while let Some(event) = events.try_next().await? {
        match event {
            WatchEvent::Modified(_) => seen.push("modified"),
            WatchEvent::Deleted(_) => break,
            other => anyhow::bail!("{other:?}"),
        }
    }
    ensure!(seen == ["modified"; 3], "the watch saw {seen:?}");
    Ok(())
}
