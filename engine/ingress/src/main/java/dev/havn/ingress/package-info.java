// SPDX-License-Identifier: Apache-2.0
/// Requests from outside the cluster to its Services: Ingresses and Gateways, on one proxy. Start
/// with [Ingresses].
///
/// May be imported by: `server` only.
@NullMarked
package dev.havn.ingress;

import org.jspecify.annotations.NullMarked;
