// SPDX-License-Identifier: Apache-2.0

//! A controller with a kind of its own, a finalizer, an owned object and events.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::events::{Event, EventType, Recorder};
use kube::runtime::finalizer::{self, finalizer};
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::watcher;
use kube::{Client, CustomResource, CustomResourceExt, Resource, ResourceExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{NAMESPACE, object, refusal, until};

/// A note that is copied into a ConfigMap of its name.
#[derive(CustomResource, Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[kube(group = "rust.example.com", version = "v1", kind = "Note", namespaced, status = "NoteStatus")]
pub struct NoteSpec {
    #[schemars(length(max = 20))]
    text: String,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
pub struct NoteStatus {
    copied: String,
}

struct Operator {
    client: Client,
    events: Recorder,
}

type Failure = finalizer::Error<kube::Error>;

async fn reconcile(note: Arc<Note>, operator: Arc<Operator>) -> Result<Action, Failure> {
    let notes: Api<Note> = Api::namespaced(operator.client.clone(), NAMESPACE);
    finalizer(&notes, "rust.example.com/notes", note, async |event| match event {
        finalizer::Event::Apply(note) => copy(&notes, &note, &operator).await,
        finalizer::Event::Cleanup(note) => remember(&note, &operator).await,
    })
    .await
}

async fn copy(notes: &Api<Note>, note: &Note, operator: &Operator) -> kube::Result<Action> {
    let maps: Api<ConfigMap> = Api::namespaced(operator.client.clone(), NAMESPACE);
    let name = note.name_any();
    let wanted = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "ownerReferences": [note.controller_owner_ref(&())]},
        "data": {"text": note.spec.text},
    });
    let as_operator = PatchParams::apply("notes").force();
    maps.patch(&name, &as_operator, &Patch::Apply(wanted)).await?;
    let told = Event {
        type_: EventType::Normal,
        reason: "Copied".into(),
        note: Some(note.spec.text.clone()),
        action: "Copy".into(),
        secondary: None,
    };
    operator.events.publish(&told, &note.object_ref(&())).await?;
    let status = json!({"status": {"copied": note.spec.text}});
    notes.patch_status(&name, &PatchParams::default(), &Patch::Merge(status)).await?;
    Ok(Action::await_change())
}

async fn remember(note: &Note, operator: &Operator) -> kube::Result<Action> {
    let maps: Api<ConfigMap> = Api::namespaced(operator.client.clone(), NAMESPACE);
    let mut memory = ConfigMap::default();
    memory.metadata.name = Some(format!("memory-of-{}", note.name_any()));
    maps.create(&PostParams::default(), &memory).await?;
    Ok(Action::await_change())
}

pub async fn operate(client: &Client) -> Result<()> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let name = Note::crd_name();
    definitions.patch(name, &PatchParams::apply("walk"), &Patch::Apply(Note::crd())).await?;
    let established = await_condition(definitions.clone(), name, conditions::is_crd_established());
    tokio::time::timeout(crate::PATIENCE, established).await??;
    let notes: Api<Note> = Api::namespaced(client.clone(), NAMESPACE);
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    let operator = Operator { client: client.clone(), events: Recorder::new(client.clone(), "notes".into()) };
    let running = tokio::spawn(
        Controller::new(notes.clone(), watcher::Config::default())
            .owns(maps.clone(), watcher::Config::default())
            .run(reconcile, |_, failure, _| { eprintln!("{failure}"); Action::requeue(Duration::from_secs(1)) }, Arc::new(operator))
            .for_each(async |_| ()),
    );
    walk(&notes, &maps).await?;
    running.abort();
    definitions.delete(name, &DeleteParams::default()).await?;
    Ok(())
}

async fn walk(notes: &Api<Note>, maps: &Api<ConfigMap>) -> Result<()> {
    let long = Note::new("long", NoteSpec { text: "x".repeat(21) });
    let refused = refusal(notes.create(&PostParams::default(), &long).await)?;
    ensure!(refused == 422, "a note that is too long: {refused}");
    let first: Note = object(json!({
        "apiVersion": "rust.example.com/v1", "kind": "Note",
        "metadata": {"name": "first"}, "spec": {"text": "one"},
    }))?;
    notes.create(&PostParams::default(), &first).await?;
    let copied = async |text: &str| {
        until("a note is copied", async || {
            let copy = maps.get_opt("first").await?.and_then(|map| map.data).unwrap_or_default();
            let status = notes.get("first").await?.status.unwrap_or_default();
            Ok(copy.get("text").is_some_and(|now| now == text) && status.copied == text)
        })
        .await
    };
    copied("one").await?;
    notes.patch("first", &PatchParams::default(), &Patch::Merge(json!({"spec": {"text": "two"}}))).await?;
    copied("two").await?;
    maps.delete("first", &DeleteParams::default()).await?;
    copied("two").await?;
    notes.delete("first", &DeleteParams::default()).await?;
    until("note and copy go", async || {
        Ok(notes.get_opt("first").await?.is_none() && maps.get_opt("first").await?.is_none())
    })
    .await?;
    maps.get("memory-of-first").await?;
    Ok(())
}
