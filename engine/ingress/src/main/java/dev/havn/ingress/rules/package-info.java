// SPDX-License-Identifier: Apache-2.0
/// From what the API holds to the table of the proxy, as pure functions. Start with [IngressRules].
///
/// May be imported by: `dev.havn.ingress`; the server for what Ingresses and Secrets say.
@NullMarked
package dev.havn.ingress.rules;

import org.jspecify.annotations.NullMarked;
