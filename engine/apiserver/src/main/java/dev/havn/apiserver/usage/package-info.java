// SPDX-License-Identifier: Apache-2.0
/// `metrics.k8s.io`: what nodes and pods use, as metrics-server shows it, from the nodes' own
/// figures. Start at `UsageApi`; `NodeUsage` is the port to the nodes. The aggregator decides
/// whether it is asked: an APIService with a Service of somebody else takes its place.
///
/// May be imported by: `dev.havn.apiserver`, `server`.
@NullMarked
package dev.havn.apiserver.usage;

import org.jspecify.annotations.NullMarked;
