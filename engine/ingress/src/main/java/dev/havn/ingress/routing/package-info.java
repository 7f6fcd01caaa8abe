// SPDX-License-Identifier: Apache-2.0
/// What a request is answered with: an immutable table of doors, hosts and rules, and how a rule is
/// found. Knows neither Kubernetes nor sockets. Start with [RoutingTable].
///
/// May be imported by: `dev.havn.ingress` and what carries its traffic.
@NullMarked
package dev.havn.ingress.routing;

import org.jspecify.annotations.NullMarked;
