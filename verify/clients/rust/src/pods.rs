// SPDX-License-Identifier: Apache-2.0

//! A rollout that a reflector sees; logs, exec and port-forward.

use std::pin::pin;

use anyhow::{Context, Result, ensure};
use futures::{AsyncBufReadExt, StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, AttachParams, ListParams, LogParams, Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Client, ResourceExt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{NAMESPACE, object, until};

pub async fn roll_out(client: &Client) -> Result<()> {
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), NAMESPACE);
    let pods: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
    let (seen, writer) = reflector::store();
    // As a stream of a list that is a watch from the beginning, which needs sendInitialEvents.
    let streamed = watcher::Config::default().streaming_lists().labels("app=web");
    let watching = tokio::spawn(
        watcher(pods, streamed).reflect(writer).default_backoff().applied_objects().try_for_each(async |_| Ok(())),
    );
    let labels = json!({"app": "web"});
    let web = json!({
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "example/web:1"}]},
            },
        },
    });
    deployments.create(&PostParams::default(), &object(web)?).await?;
    until("three pods are available", async || {
        let status = deployments.get("web").await?.status.unwrap_or_default();
        Ok(status.available_replicas == Some(3) && seen.state().len() == 3)
    })
    .await?;
    let fewer = json!({"spec": {"replicas": 1}});
    deployments.patch_scale("web", &PatchParams::default(), &Patch::Merge(fewer)).await?;
    until("the reflector sees pods go", async || Ok(seen.state().len() == 1)).await?;
    watching.abort();
    Ok(())
}

pub async fn speak(client: &Client, containers: bool) -> Result<()> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
    let pod = pods.list(&ListParams::default().labels("app=web")).await?.items[0].name_any();
    let (command, expected) = if containers { ("id", "uid=0(root)") } else { ("hello", "hello") };
    let mut process = pods.exec(&pod, [command], &AttachParams::default().stderr(false)).await?;
    let mut said = String::new();
    process.stdout().context("no output")?.read_to_string(&mut said).await?;
    let status = process.take_status().context("no status")?.await.context("no end")?;
    process.join().await?;
    ensure!(said.starts_with(expected), "{command} says {said:?}");
    ensure!(status.status.as_deref() == Some("Success"), "{command} ends with {status:?}");
    if !containers {
        return Ok(());
    }
    let follow = LogParams { follow: true, ..LogParams::default() };
    let mut lines = pin!(pods.log_stream(&pod, &follow).await?.lines());
    let first = lines.next().await.context("no line")??;
    ensure!(first == "web 1 starts", "the log says {first:?}");
    let mut forward = pods.portforward(&pod, &[8080]).await?;
    let mut stream = forward.take_stream(8080).context("no stream")?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;
    ensure!(page.ends_with("web 1"), "the page is {page:?}");
    Ok(())
}
