// SPDX-License-Identifier: Apache-2.0

//! Walks through a cluster with kube: walk KUBECONFIG containers|simulated
//!
//! Ends with "walked through", or with what was not as expected.

mod operator;
mod pods;
mod writes;

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub const NAMESPACE: &str = "walk-kube-rs";
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    ensure!(arguments.len() == 3, "usage: walk KUBECONFIG containers|simulated");
    let kubeconfig = Kubeconfig::read_from(&arguments[1])?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let client = Client::try_from(config)?;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    namespaces.create(&PostParams::default(), &object(json!({"metadata": {"name": NAMESPACE}}))?).await?;
    pods::roll_out(&client).await.context("a rollout")?;
    pods::speak(&client, arguments[2] == "containers").await.context("pods")?;
    writes::write(&client).await.context("writes")?;
    operator::operate(&client).await.context("an operator")?;
    namespaces.delete(NAMESPACE, &DeleteParams::default()).await?;
    until("the namespace goes", async || Ok(namespaces.get_opt(NAMESPACE).await?.is_none())).await?;
    println!("walked through");
    Ok(())
}

/// An object of a type that the library knows, from JSON.
pub fn object<T: DeserializeOwned>(from: Value) -> Result<T> {
    Ok(serde_json::from_value(from)?)
}

/// Asks again until it is so, and names what was waited for when it is not.
pub async fn until(what: &str, is_so: impl AsyncFn() -> Result<bool>) -> Result<()> {
    let end = tokio::time::Instant::now() + PATIENCE;
    while !is_so().await.with_context(|| what.to_owned())? {
        if tokio::time::Instant::now() > end {
            bail!("not within {PATIENCE:?}: {what}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// The code of the refusal that is expected.
pub fn refusal<T>(answer: kube::Result<T>) -> Result<u16> {
    match answer {
        Err(kube::Error::Api(status)) => Ok(status.code),
        Err(other) => Err(other.into()),
        Ok(_) => Ok(200),
    }
}
