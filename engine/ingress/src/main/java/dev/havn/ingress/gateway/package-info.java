// SPDX-License-Identifier: Apache-2.0
/// What Gateways and their routes mean (Gateway API, <https://gateway-api.sigs.k8s.io>), as pure
/// functions to the table of the proxy and to what statuses say. Start with [GatewayRules].
///
/// May be imported by: `dev.havn.ingress`.
@NullMarked
package dev.havn.ingress.gateway;

import org.jspecify.annotations.NullMarked;
